//! schedule → analytics schema
//!
//! Each run brings every product's reports up to date, as far as its time goes; the rest is
//! done by the next. A product that another run is at work on is passed over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use logbook_backends::Database;
use logbook_model::{ProductId, Timestamp};
use logbook_pipeline::{Registry, Snapshot};
use logbook_reports::{Error, Progress, Settings, analyze};
use serde::Serialize;

/// What the function needs, built once.
#[derive(Debug, Clone)]
pub struct Context {
    /// The analytics schema, migrated, with the sessions schema attached.
    pub analytics: Database,
    /// The products whose reports are kept.
    pub registry: Arc<Registry>,
    /// How long a run may take. A step that has begun is finished: leave it some seconds.
    pub budget: Duration,
    /// For how long before the scheduled instant nothing is vouched for: what was received in
    /// that time may not be parsed yet.
    pub settling: Duration,
    /// The clock, for events that bear no time.
    pub now: fn() -> Timestamp,
}

/// What a run did.
#[derive(Debug, Default, Serialize)]
pub struct AnalyzeSummary {
    /// How far it came, by product.
    pub products: BTreeMap<ProductId, Progress>,
    /// Products that another run is at work on.
    pub busy: Vec<ProductId>,
    /// Products that were not come to, for lack of time.
    pub waiting: Vec<ProductId>,
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
    /// The registry cannot be read.
    #[error("the registry cannot be read: {0}")]
    Registry(#[from] logbook_pipeline::Error),
    /// A product's reports could not be brought up to date.
    #[error(transparent)]
    Reports(#[from] Error),
}

/// Handles a scheduled event: its time, less the settling, is what reports are complete to.
///
/// The products share the budget in turns: each minute another comes first, so that a large
/// one starves none. If a product fails, the others are done all the same, and then the run
/// fails with the first failure.
pub async fn handle(
    context: &Context,
    event: EventBridgeEvent,
) -> Result<AnalyzeSummary, AnalyzeError> {
    let scheduled = match event.time {
        Some(time) => time.timestamp_micros(),
        None => (context.now)().0,
    };
    let as_of = Timestamp(scheduled.saturating_sub(context.settling.as_micros() as i64));
    let started = Instant::now();
    let mut summary = AnalyzeSummary::default();
    let mut failure = None;
    let products = products_of(&*context.registry.snapshot().await?);
    for (product, settings) in in_turn(&products, scheduled) {
        let left = context.budget.saturating_sub(started.elapsed());
        if left.is_zero() {
            summary.waiting.push(product.clone());
            continue;
        }
        match analyze(&context.analytics, product, settings, left, as_of).await {
            Ok(progress) => {
                tracing::info!(%product, ?progress, "analyzed");
                summary.products.insert(product.clone(), progress);
            }
            Err(Error::Busy { until }) => {
                tracing::info!(%product, %until, "another run is at work");
                summary.busy.push(product.clone());
            }
            Err(error) => {
                tracing::error!(%product, %error, "could not analyze");
                failure.get_or_insert(error);
            }
        }
    }
    failure.map_or(Ok(summary), |error| Err(error.into()))
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
