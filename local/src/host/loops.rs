//! What goes on in the background: intake, parsing, analytics, sweeps.

use std::collections::{BTreeMap, HashSet};
use std::pin::pin;
use std::time::Duration;

use logbook_backends::{Created, Message, Receive};
use logbook_model::{ProductId, Timestamp};
use logbook_pipeline::{Requeue, archived_products, steps, sweep_archive, sweep_inbox};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::{Analyzer, DataFolder, Host, drop_folder::DropFolder, events, now};
use crate::output;

/// How long a received message stays hidden from others, counted anew while it is worked on.
const VISIBILITY: Duration = Duration::from_mins(1);
/// How soon a failed message comes again.
const RETRY_AFTER: Duration = Duration::from_secs(2);
const PARSERS: usize = 2;

/// How often things are done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) analyze: Duration,
    pub(crate) sweep: Duration,
    pub(crate) drop_folder: Duration,
    /// What came in within this time may not be parsed yet: reports do not vouch for it.
    pub(crate) settling: Duration,
    /// How old an object must be for a sweep to take it up again.
    pub(crate) sweep_age: Duration,
    /// Whether news are told on the terminal.
    pub(crate) tells: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            analyze: Duration::from_secs(15),
            sweep: Duration::from_mins(1),
            drop_folder: Duration::from_secs(1),
            settling: Duration::from_secs(10),
            sweep_age: Duration::from_mins(2),
            tells: false,
        }
    }
}

/// The background tasks; they end with it.
pub(crate) struct Loops {
    _tasks: JoinSet<()>,
}

impl Loops {
    /// Starts all of them. What an earlier process left half-done is taken up first.
    pub(crate) fn start(host: &mut Host, pace: Pace) -> Self {
        let mut tasks = JoinSet::new();
        if let Some(created) = host.dropped.take() {
            tasks.spawn(intake("inbox", host.intake(), created));
        }
        if let Some(created) = host.archived.take() {
            tasks.spawn(intake("archive", host.intake(), created));
        }
        for _ in 0..PARSERS {
            tasks.spawn(parse(host.parse(), host.queue.clone()));
        }
        tasks.spawn(analyze(host.analyzer(), pace));
        tasks.spawn(sweep(host.sweeper(), pace));
        tasks.spawn(dropped(host.data.clone(), host.intake(), pace.drop_folder));
        Self { _tasks: tasks }
    }
}

async fn intake(
    bucket: &'static str,
    context: logbook_intake::Context,
    mut created: UnboundedReceiver<Created>,
) {
    let mut retries = JoinSet::new();
    while let Some(created) = created.recv().await {
        while retries.try_join_next().is_some() {}
        let event = events::object_created(bucket, &created, &now().to_string());
        if let Err(error) = logbook_intake::handle(&context, event.clone()).await {
            tracing::error!(error = %error, "intake failed");
            // Beside the others: what fails for one product's sake holds up no other's.
            retries.spawn(intake_again(context.clone(), event));
        }
    }
}

/// S3 tries twice more before it gives up; after that a sweep takes the object up.
async fn intake_again(context: logbook_intake::Context, event: serde_json::Value) {
    for wait in [1, 2] {
        sleep(Duration::from_secs(wait)).await;
        match logbook_intake::handle(&context, event.clone()).await {
            Ok(()) => break,
            Err(error) => tracing::error!(error = %error, "intake failed"),
        }
    }
}

async fn parse(context: logbook_parse::Context, queue: logbook_backends::Queue) {
    loop {
        let receive = Receive {
            max: logbook_backends::Queue::MAX_BATCH,
            wait: Duration::from_secs(20),
            visibility: VISIBILITY,
        };
        match queue.receive(receive).await {
            Ok(batch) if batch.is_empty() => {}
            Ok(batch) => parse_batch(&context, &queue, &batch).await,
            Err(error) => {
                tracing::error!(error = %error, "the queue cannot be read");
                sleep(RETRY_AFTER).await;
            }
        }
    }
}

async fn parse_batch(
    context: &logbook_parse::Context,
    queue: &logbook_backends::Queue,
    batch: &[Message],
) {
    let event = match events::messages(batch) {
        Ok(event) => event,
        Err(error) => {
            tracing::error!(error = %error, "a batch makes no event");
            return;
        }
    };
    let work = Box::pin(logbook_parse::handle(context, event));
    let response = while_hidden(queue, batch, VISIBILITY, work).await;
    let failed: HashSet<String> = response
        .batch_item_failures
        .into_iter()
        .map(|failure| failure.item_identifier)
        .collect();
    steps::reach("queue.before_delete");
    let done: Vec<&str> = batch
        .iter()
        .filter(|message| !failed.contains(&message.id))
        .map(|message| message.receipt_handle.as_str())
        .collect();
    if let Err(error) = queue.delete_batch(&done).await {
        tracing::error!(error = %error, "messages not deleted; they come again");
    }
    steps::reach("queue.after_delete");
    for message in batch.iter().filter(|message| failed.contains(&message.id)) {
        if let Err(error) = queue
            .change_visibility(&message.receipt_handle, RETRY_AFTER)
            .await
        {
            tracing::error!(error = %error, "a failed message comes again late");
        }
    }
}

/// Waits for work on a batch, and keeps its messages hidden as long as that lasts: they neither
/// come again nor become dead letters because logs are large.
async fn while_hidden<T>(
    queue: &logbook_backends::Queue,
    batch: &[Message],
    visibility: Duration,
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = sleep(visibility / 3) => {}
        }
        for message in batch {
            let receipt = &message.receipt_handle;
            if let Err(error) = queue.change_visibility(receipt, visibility).await {
                tracing::warn!(error = %error, "a message may come again before it is done");
            }
        }
    }
}

async fn analyze(analyzer: Analyzer, pace: Pace) {
    let mut ticks = interval(pace.analyze);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match analyzer.run(pace.settling).await {
            Ok(summary) => {
                for notice in summary.notices.iter().filter(|_| pace.tells) {
                    // Whoever closed the terminal wants no news.
                    let _ = output::text(&format!("\n{}", notice.to_text()));
                }
            }
            Err(error) => {
                tracing::error!(error = %format!("{error:#}"), "analytics not brought up to date");
            }
        }
    }
}

async fn sweep(sweeper: Sweeper, pace: Pace) {
    // What is there at the start was left by an earlier process: no age is asked of it. Later an
    // object may have its time and not yet its name; the ledger waits until that is past.
    let (mut at_start, mut settling) = (true, Duration::ZERO);
    let mut ticks = interval(pace.sweep);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match sweeper.run(pace.sweep_age, settling, at_start).await {
            Ok(()) => (at_start, settling) = (false, pace.settling),
            Err(error) => tracing::error!(error = %format!("{error:#}"), "sweep not finished"),
        }
    }
}

/// What a sweep needs.
pub(crate) struct Sweeper {
    pub(super) intake: logbook_intake::Context,
    pub(super) database: logbook_backends::Database,
}

impl Sweeper {
    /// One sweep; objects younger than `age` are left to the ordinary way, and the ledger speaks
    /// of what is older than `settling`.
    async fn run(&self, age: Duration, settling: Duration, at_start: bool) -> anyhow::Result<()> {
        let at = now();
        let inbox_age = if at_start { Duration::ZERO } else { age };
        for key in sweep_inbox(&self.intake.inbox, earlier(at, inbox_age)).await? {
            // One that cannot be taken in holds up no other.
            if let Err(error) = logbook_intake::take_in(&self.intake, &key).await {
                tracing::error!(error = %error, "an inbox object is not taken in");
            }
        }
        let requeue = Requeue {
            queue: &self.intake.queue,
            first: age,
            at_start,
            registered: false,
            now: at,
        };
        self.list_at(earlier(at, settling), Some(requeue)).await
    }

    /// Lists the archive into the ledger, while nobody puts anything into it.
    pub(crate) async fn list(&self) -> anyhow::Result<()> {
        self.list_at(now(), None).await
    }

    async fn list_at(&self, as_of: Timestamp, requeue: Option<Requeue<'_>>) -> anyhow::Result<()> {
        for (product, registered) in self.products().await? {
            let vault = &self.intake.vault;
            let requeue = requeue.map(|requeue| Requeue {
                registered,
                ..requeue
            });
            sweep_archive(&vault.archive, &self.database, &product, as_of, requeue).await?;
        }
        Ok(())
    }

    /// The products that are registered, and those for which logs came all the same; whether each
    /// is registered.
    async fn products(&self) -> anyhow::Result<BTreeMap<ProductId, bool>> {
        let archived = archived_products(&self.intake.vault.archive).await?;
        let mut products: BTreeMap<_, _> = archived.into_iter().map(|id| (id, false)).collect();
        let registered = self.intake.registry.snapshot().await?;
        products.extend(
            registered
                .products()
                .map(|product| (product.id.clone(), true)),
        );
        Ok(products)
    }
}

fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp(at.0 - by.as_micros() as i64)
}

async fn dropped(data: DataFolder, intake: logbook_intake::Context, every: Duration) {
    let mut folder = DropFolder::default();
    loop {
        sleep(every).await;
        if let Err(error) = folder.round(&data.drop_folder(), &intake).await {
            tracing::error!(error = %format!("{error:#}"), "the inbox folder cannot be read");
        }
    }
}

#[cfg(test)]
mod tests {
    use logbook_backends::{Attributes, Queue, QueuePolicy};

    use super::*;

    #[tokio::test]
    async fn a_message_stays_hidden_as_long_as_it_is_worked_on() {
        let folder = tempfile::tempdir().unwrap();
        let policy = QueuePolicy::default();
        let queue = Queue::open_file(&folder.path().join("queue.db"), policy)
            .await
            .unwrap();
        queue.send("a log", &Attributes::new()).await.unwrap();
        let visibility = Duration::from_millis(600);
        let receive = Receive {
            max: 10,
            wait: Duration::ZERO,
            visibility,
        };
        let batch = queue.receive(receive).await.unwrap();
        let work = async {
            sleep(visibility * 3).await;
            queue.receive(receive).await.unwrap()
        };
        let others = while_hidden(&queue, &batch, visibility, work).await;
        assert!(others.is_empty(), "{others:?}");
        let receipts: Vec<_> = batch.iter().map(|one| &*one.receipt_handle).collect();
        assert_eq!(queue.delete_batch(&receipts).await.unwrap(), [true]);
    }
}
