//! Messages of the parse queue → rows of the sessions schema.
//!
//! At least once, with the effect of exactly once: a log's rows are written in one transaction,
//! under its id. A message goes only when its log's outcome is committed, and it is marked outside
//! of the database that there is something to analyze.

mod report;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use logbook_backends::Database;
use logbook_model::{ProductId, Timestamp};
use logbook_pipeline::{Job, JobOutcome, Marks, Registry, Snapshot, Stage, Vault, process};

use report::Tally;

/// What the function needs, built once.
#[derive(Debug, Clone)]
pub struct Context {
    /// The archive and its keys.
    pub vault: Arc<Vault>,
    /// The products and their profiles.
    pub registry: Arc<Registry>,
    /// The sessions schema.
    pub database: Database,
    /// Where it is told that there is something to analyze; without, nobody needs telling.
    pub marks: Option<Arc<Marks>>,
    /// For how long from the beginning of a batch a database that is away is waited for: a message
    /// that goes back because of it is a receipt nearer to the dead letters.
    pub patience: Duration,
    /// For how long from the beginning of a batch logs are read: what is not read by then comes
    /// again, and what is goes into the database. `None`: as long as it takes.
    pub reading: Option<Duration>,
    /// The clock.
    pub now: fn() -> Timestamp,
}

/// Between two attempts at what the database was away for.
const PAUSE: Duration = Duration::from_millis(500);

/// A message that is a job.
struct Work {
    message_id: String,
    job: Job,
}

/// Handles a batch; the failures it names come again, alone.
pub async fn handle(context: &Context, event: SqsEvent) -> SqsBatchResponse {
    let meter = &context.vault.meter;
    // What it holds while it waits is too much to be moved about.
    let work = Box::pin(handled(context, event));
    meter.measure(Stage::Parse, work).await
}

async fn handled(context: &Context, event: SqsEvent) -> SqsBatchResponse {
    let began = Instant::now();
    let until = began + context.patience;
    let read_until = context.reading.map(|reading| began + reading);
    let (mut work, mut failed) = read(event);
    let mut settled = BTreeSet::new();
    let mut tally = Tally::default();
    while !work.is_empty() {
        if stays_away(context, until).await {
            failed.extend(work.into_iter().map(|one| one.message_id));
            break;
        }
        let asked: Vec<_> = work.iter().map(|one| &one.job.product).collect();
        let products = match context.registry.covering(&asked).await {
            Ok(products) => products,
            Err(error) => {
                tracing::error!(error = %error, "the registry cannot be read");
                failed.extend(work.into_iter().map(|one| one.message_id));
                break;
            }
        };
        let outcomes = attempt(context, &products, &work, read_until).await;
        let mut away = Vec::new();
        for (one, outcome) in work.into_iter().zip(outcomes) {
            if is_away(&outcome) && Instant::now() < until {
                away.push(one);
            } else if tally.settles(&one.job, outcome) {
                settled.insert((one.job.product, one.message_id));
            } else {
                failed.push(one.message_id);
            }
        }
        work = away;
        if !work.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
    }
    tally.tell();
    failed.extend(unmarked(context, settled).await);
    response(failed)
}

/// The jobs of a batch, and the messages that are none.
fn read(event: SqsEvent) -> (Vec<Work>, Vec<String>) {
    let (mut work, mut failed) = (Vec::new(), Vec::new());
    for record in event.records {
        let message_id = record.message_id.unwrap_or_default();
        if let Some(job) = record.body.as_deref().and_then(Job::from_body) {
            work.push(Work { message_id, job });
        } else {
            tracing::error!(%message_id, "a message is no job");
            failed.push(message_id);
        }
    }
    (work, failed)
}

/// Waits while the database is away; whether it is so still when the time is over. What else is the
/// matter with it shows when it is used.
async fn stays_away(context: &Context, until: Instant) -> bool {
    let patience = until.saturating_duration_since(Instant::now());
    if context.patience.is_zero() {
        return false;
    }
    match context.database.wait(patience).await {
        Err(error) if error.is_resuming() => {
            tracing::error!(error = %error, "the database does not answer: the batch comes again");
            true
        }
        _ => false,
    }
}

async fn attempt(
    context: &Context,
    products: &Snapshot,
    work: &[Work],
    until: Option<Instant>,
) -> Vec<JobOutcome> {
    let jobs: Vec<Job> = work.iter().map(|one| one.job.clone()).collect();
    let now = (context.now)();
    process(
        &context.vault,
        products,
        &context.database,
        &jobs,
        now,
        until,
    )
    .await
}

/// Whether a job came to nothing because the database is away.
fn is_away(outcome: &JobOutcome) -> bool {
    matches!(outcome, JobOutcome::Retry(error) if error.is_resuming())
}

/// Marks the products of which something was committed; gives the messages of those that could not
/// be marked. They come again, find their logs stored, and mark them then.
async fn unmarked(context: &Context, settled: BTreeSet<(ProductId, String)>) -> Vec<String> {
    let Some(marks) = &context.marks else {
        return Vec::new();
    };
    let products: BTreeSet<&ProductId> = settled.iter().map(|(product, _)| product).collect();
    let mut unmarked = BTreeSet::new();
    for product in products {
        if let Err(error) = marks.put_dirty(product, (context.now)()).await {
            tracing::error!(%product, error = %error, "not marked for analysis");
            unmarked.insert(product.clone());
        }
    }
    let left = settled
        .into_iter()
        .filter(|(product, _)| unmarked.contains(product));
    left.map(|(_, message_id)| message_id).collect()
}

fn response(failed: Vec<String>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failed
        .into_iter()
        .map(|id| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failure
        })
        .collect();
    response
}
