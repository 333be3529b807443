//! The schedule of the analytics: what `EventBridge` does elsewhere.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use logbook_analyze::AnalyzeSummary;
use logbook_backends::{Database, Queue};
use logbook_pipeline::{Meter, Registry};

use super::now;

/// How long a run may take: less than Lambda's 15 minutes.
const BUDGET: Duration = Duration::from_mins(10);
/// Runs after which unfinished analytics are called a failure.
const MAX_RUNS: usize = 1000;

/// Brings the reports up to date.
pub(crate) struct Analyzer {
    pub(super) analytics: Database,
    pub(super) registry: Arc<Registry>,
    pub(super) queue: Queue,
    pub(super) meter: Arc<Meter>,
}

impl Analyzer {
    /// One run, as the schedule asks for it. Reports are complete to `settling` before now.
    pub(crate) async fn run(&self, settling: Duration) -> anyhow::Result<AnalyzeSummary> {
        let context = logbook_analyze::Context {
            analytics: self.analytics.clone(),
            registry: Arc::clone(&self.registry),
            marks: None,
            notices: None,
            queue: Some(self.queue.clone()),
            meter: Arc::clone(&self.meter),
            patience: Duration::ZERO,
            budget: BUDGET,
            settling,
            now,
        };
        let event = super::events::scheduled(&now().to_string())?;
        Ok(logbook_analyze::handle(&context, event).await?)
    }

    /// Runs until there is nothing left to do.
    pub(crate) async fn run_all(&self) -> anyhow::Result<()> {
        for _ in 0..MAX_RUNS {
            let summary = self.run(Duration::ZERO).await?;
            if !summary.is_unfinished() && summary.busy.is_empty() {
                return Ok(());
            }
            if !summary.busy.is_empty() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
        bail!("the analytics do not come to an end; see the log of `logbook run --log info`")
    }
}
