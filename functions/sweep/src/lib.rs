//! schedule → messages for logs that fell through, and the ledger's own side
//!
//! What was received is read off the archive's listing, which parsing cannot write; so the ledger
//! shows what parsing lost. The inbox is swept by intake, which takes its objects in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use logbook_backends::sql::{dirty_days, has_logs_since, ledger, next_silence};
use logbook_backends::{Database, ObjectStore, Queue};
use logbook_bootstrap::metrics::{self, Unit};
use logbook_model::{Day, ProductId, Timestamp};
use logbook_pipeline::{Marks, Registry, Requeue, archived_products, sweep_archive};
use serde::Serialize;

/// Days back whose balance is looked at.
const LEDGER_DAYS: i32 = 28;
/// Days back that the state of an account looks, twice 28, and some more: as long as there are logs
/// so young, accounts may fall silent though nothing comes.
const JUDGED_DAYS: i32 = 60;

/// What the function needs, built once.
#[derive(Debug, Clone)]
pub struct Context {
    /// The archive's objects: listed, not read.
    pub archive: ObjectStore,
    /// The products.
    pub registry: Arc<Registry>,
    /// The parse queue.
    pub queue: Queue,
    /// The sessions schema.
    pub database: Database,
    /// Where it is told that there is something to analyze: a mark that was lost is made up for,
    /// and what changes as time goes by is looked at.
    pub marks: Arc<Marks>,
    /// How long a database that is away is waited for.
    pub patience: Duration,
    /// How old a log must be to be queued again; younger ones are left to the ordinary way.
    pub age: Duration,
    /// For how long before now the ledger says nothing: an object may have its time and not yet
    /// its name.
    pub settling: Duration,
    /// The clock.
    pub now: fn() -> Timestamp,
}

/// What a sweep found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SweepSummary {
    /// Objects in the archive.
    pub archived: u64,
    /// Logs without a row that were queued again.
    pub queued: usize,
    /// Product-days of which the ledger does not balance.
    pub unbalanced_days: usize,
}

/// Why a sweep failed.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A store failed.
    #[error("the archive or the registry: {0}")]
    Pipeline(#[from] logbook_pipeline::Error),
    /// A store failed.
    #[error("the ledger: {0}")]
    Store(#[from] logbook_backends::Error),
}

/// Sweeps every product that is registered, or of which the archive holds logs. A product that
/// fails holds up no other; then the sweep fails with the first failure.
pub async fn handle(
    context: &Context,
    _event: EventBridgeEvent,
) -> Result<SweepSummary, SweepError> {
    let mut summary = SweepSummary::default();
    let mut failure = None;
    context.database.wait(context.patience).await?;
    for (product, registered) in products(context).await? {
        if let Err(error) = one(context, &product, registered, &mut summary).await {
            tracing::error!(%product, %error, "not swept");
            failure.get_or_insert(error);
        }
    }
    metrics::count("LogsQueuedAgain", summary.queued);
    // Given where there are none as well: an alarm must see them go.
    metrics::put(
        "LedgerImbalance",
        Unit::Count,
        summary.unbalanced_days as f64,
    );
    tracing::info!(?summary, "swept");
    failure.map_or(Ok(summary), Err)
}

/// The products, and whether each is registered.
async fn products(context: &Context) -> Result<BTreeMap<ProductId, bool>, SweepError> {
    let archived = archived_products(&context.archive).await?;
    let mut products: BTreeMap<_, _> = archived.into_iter().map(|id| (id, false)).collect();
    let registered = context.registry.snapshot().await?;
    products.extend(
        registered
            .products()
            .map(|product| (product.id.clone(), true)),
    );
    Ok(products)
}

async fn one(
    context: &Context,
    product: &ProductId,
    registered: bool,
    summary: &mut SweepSummary,
) -> Result<(), SweepError> {
    let now = (context.now)();
    let as_of = Timestamp(now.0 - context.settling.as_micros() as i64);
    let requeue = Requeue {
        queue: &context.queue,
        first: context.age,
        at_start: false,
        registered,
        now,
    };
    let archive = &context.archive;
    let swept = sweep_archive(archive, &context.database, product, as_of, Some(requeue)).await?;
    summary.archived += swept.archived;
    summary.queued += swept.queued.len();
    let today = as_of.day();
    let days = ledger(
        &context.database,
        product,
        Day(today.0 - LEDGER_DAYS)..=today,
    )
    .await?;
    let unbalanced = days.days.iter().filter(|day| day.balanced == Some(false));
    summary.unbalanced_days += unbalanced.count();
    let judged = Day(today.0 - JUDGED_DAYS);
    let may_fall_silent = has_logs_since(&context.database, product, judged).await?;
    if may_fall_silent || is_behind(context, product, as_of).await? {
        context.marks.put_dirty(product, now).await?;
    }
    Ok(())
}

/// Whether reports do not show all that is parsed, or silence was not judged.
async fn is_behind(
    context: &Context,
    product: &ProductId,
    as_of: Timestamp,
) -> Result<bool, SweepError> {
    if !dirty_days(&context.database, Some(product), 1)
        .await?
        .is_empty()
    {
        return Ok(true);
    }
    let silence = next_silence(&context.database, product, Timestamp(i64::MIN)).await?;
    Ok(silence.is_some_and(|at| at < as_of))
}
