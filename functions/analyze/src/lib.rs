//! schedule → analytics schema
//!
//! Each run brings every product's reports up to date, as far as its time goes; the rest is
//! done by the next. A product that another run is at work on is passed over.

mod backlog;
mod behind;
mod called;
mod contracts;
mod told;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use logbook_backends::{Database, ObjectStore, Queue};
use logbook_bootstrap::metrics::{self, Unit};
use logbook_model::{Notice, ProductId, Timestamp};
use logbook_pipeline::{Marks, Meter, Registry, Snapshot, Stage};
use logbook_reports::{Error, Progress, Settings, analyze};
use serde::Serialize;
use serde_json::Value;

use called::Called;

pub use told::NOTICES_PREFIX;

/// What the function needs, built once.
#[derive(Debug, Clone)]
pub struct Context {
    /// The analytics schema, migrated, with the sessions schema attached.
    pub analytics: Database,
    /// The products whose reports are kept.
    pub registry: Arc<Registry>,
    /// Where it is told which products there is something to do of; without, each run looks at all.
    pub marks: Option<Arc<Marks>>,
    /// Where notices are put, to be told by others; without, they are only in the summary.
    pub notices: Option<ObjectStore>,
    /// The parse queue: what waits there is in no report; without, nothing is taken to wait.
    pub queue: Option<Queue>,
    /// How long the analytics work.
    pub meter: Arc<Meter>,
    /// How long a run waits for a database that is away.
    pub patience: Duration,
    /// How long a run may take. A step that has begun is finished: leave it some seconds.
    pub budget: Duration,
    /// For how long before the scheduled instant nothing is vouched for: what was received in
    /// that time may not be parsed yet.
    pub settling: Duration,
    /// The clock.
    pub now: fn() -> Timestamp,
}

/// What a run did.
#[derive(Debug, Default, Serialize)]
pub struct AnalyzeSummary {
    /// How far it came, by product.
    pub products: BTreeMap<ProductId, Progress>,
    /// Products that another run is at work on.
    pub busy: Vec<ProductId>,
    /// Products that were not come to, for lack of time or of a database.
    pub waiting: Vec<ProductId>,
    /// Products that could not be brought up to date.
    pub failed: Vec<ProductId>,
    /// What people are told of.
    pub notices: Vec<Notice>,
}

impl AnalyzeSummary {
    /// Whether another run has something to do at once.
    pub fn is_unfinished(&self) -> bool {
        let left = self.products.values().any(|done| done.days_left > 0);
        left || !self.waiting.is_empty()
    }
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum AnalyzeError {
    /// The registry or the marks cannot be read, or a mark not be put.
    #[error("the registry or the marks: {0}")]
    Registry(#[from] logbook_pipeline::Error),
    /// The database does not answer.
    #[error(transparent)]
    Database(#[from] logbook_backends::Error),
    /// A product's reports could not be brought up to date.
    #[error(transparent)]
    Reports(#[from] Error),
}

/// Handles a scheduled event: an analysis, or the digest of a week, as its task says.
pub async fn handle(
    context: &Context,
    event: EventBridgeEvent,
) -> Result<AnalyzeSummary, AnalyzeError> {
    match event.detail.get("task").and_then(Value::as_str) {
        Some("digest") => weeks(context, scheduled(context, &event)).await,
        _ => Box::pin(run(context, event)).await,
    }
}

/// How far the clocks of whoever schedules may be ahead.
const AHEAD: Duration = Duration::from_mins(15);

/// For when the run was scheduled; never for later than now, but for what clocks differ: sessions
/// would be judged by a silence that nobody waited for, and reports do not go back.
fn scheduled(context: &Context, event: &EventBridgeEvent) -> Timestamp {
    let now = (context.now)();
    let latest = Timestamp(now.0.saturating_add(AHEAD.as_micros() as i64));
    let time = event.time.map(|time| Timestamp(time.timestamp_micros()));
    time.map_or(now, |time| time.min(latest))
}

/// Tells of the week of each product. If one fails, the others are told of all the same, and then
/// the run fails with the first failure.
async fn weeks(context: &Context, scheduled: Timestamp) -> Result<AnalyzeSummary, AnalyzeError> {
    context.analytics.wait(context.patience).await?;
    let snapshot = context.registry.snapshot().await?;
    let mut summary = AnalyzeSummary::default();
    let mut failure = None;
    for (product, settings) in products_of(&snapshot) {
        match told::week(context, &product, &settings, scheduled.day()).await {
            Ok(notice) => summary.notices.push(notice),
            Err(error) => {
                tracing::error!(%product, %error, "could not tell of the week");
                failure.get_or_insert(error);
            }
        }
    }
    failure.map_or(Ok(summary), Err)
}

/// Runs the analytics: the event's time, less the settling, is what reports are complete to, or else
/// what the oldest log in the queue leaves of it.
///
/// Where there are marks, a product that none calls for is passed over, and where none calls for
/// any, the database is not opened. The products share the budget in turns: each minute another
/// comes first, so that a large one starves none. If a product fails, the others are done all the
/// same, and then the run fails with the first failure.
async fn run(context: &Context, event: EventBridgeEvent) -> Result<AnalyzeSummary, AnalyzeError> {
    let scheduled = scheduled(context, &event).0;
    let as_of = Timestamp(scheduled.saturating_sub(context.settling.as_micros() as i64));
    let snapshot = context.registry.snapshot().await?;
    let called = Called::read(context, &snapshot, as_of).await?;
    let mut run = Run {
        context,
        called,
        as_of,
        vouched: backlog::vouched(context, as_of).await,
        until: Instant::now() + context.budget,
        is_awake: None,
        summary: AnalyzeSummary::default(),
    };
    let mut failure = None;
    let products = products_of(&snapshot);
    for (product, settings) in in_turn(&products, scheduled) {
        if let Err(error) = run.product(product, settings).await {
            tracing::error!(%product, %error, "could not analyze");
            failure.get_or_insert(error);
            run.summary.failed.push(product.clone());
        }
    }
    behind::tell(&run, &products).await;
    metrics::put("Heartbeat", Unit::Count, 1.0);
    failure.map_or(Ok(run.summary), Err)
}

/// A run over the products.
struct Run<'a> {
    context: &'a Context,
    called: Called,
    as_of: Timestamp,
    /// Until when all that was received is parsed; `None` where that is not known.
    vouched: Option<Timestamp>,
    until: Instant,
    /// Whether the database answers, once it was asked.
    is_awake: Option<bool>,
    summary: AnalyzeSummary,
}

impl Run<'_> {
    async fn product(
        &mut self,
        product: &ProductId,
        settings: &Settings,
    ) -> Result<(), AnalyzeError> {
        let context = self.context;
        if !self.called.calls(product) {
            return Ok(());
        }
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() || self.is_awake == Some(false) {
            self.summary.waiting.push(product.clone());
            return Ok(());
        }
        if self.is_awake.is_none() {
            let awake = context.analytics.wait(context.patience).await;
            self.is_awake = Some(awake.is_ok());
            awake?;
        }
        contracts::bring(context, product).await?;
        let analysis = analyze(&context.analytics, product, settings, left, self.vouched);
        let analyzed = context.meter.measure(Stage::Analyze, analysis).await;
        let work = context.meter.take(Stage::Analyze);
        let work = work.map(|done| (product.clone(), done));
        let (database, now) = (&context.analytics, (context.now)());
        context.meter.note(database, now, work).await;
        match analyzed {
            Ok(progress) => {
                tracing::info!(%product, ?progress, "analyzed");
                self.summary.products.insert(product.clone(), progress);
                // Where nothing can be vouched for, another run has to look again.
                if let (0, Some(as_of)) = (progress.days_left, self.vouched) {
                    // Before the marks go: news that are not handed on call for another run.
                    let news = told::news(context, product, as_of.day()).await?;
                    self.summary.notices.extend(news);
                    self.called.settle(context, product, as_of).await?;
                }
            }
            Err(Error::Busy { until }) => {
                tracing::info!(%product, %until, "another run is at work");
                self.summary.busy.push(product.clone());
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

fn products_of(snapshot: &Snapshot) -> Vec<(ProductId, Settings)> {
    let settings = |product: &logbook_pipeline::Product| Settings {
        session_timeout_secs: product.session_timeout_secs,
        min_users: product.min_users,
    };
    let products = snapshot.products();
    products
        .map(|product| (product.id.clone(), settings(product)))
        .collect()
}

/// The products, beginning with another each minute.
fn in_turn<T>(products: &[T], scheduled_us: i64) -> impl Iterator<Item = &T> {
    let minute = scheduled_us.div_euclid(60_000_000);
    let first = minute.rem_euclid(products.len().max(1) as i64) as usize;
    products[first..].iter().chain(&products[..first])
}
