//! What became of jobs: each is told once in the logs, all together in metrics.

use std::collections::BTreeMap;

use logbook_bootstrap::metrics;
use logbook_pipeline::{Job, JobOutcome};

/// Counts outcomes, by the names of metrics.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<&'static str, usize>);

impl Tally {
    /// Whether a job's message may go. Its outcome is logged here, once.
    pub(crate) fn settles(&mut self, job: &Job, outcome: JobOutcome) -> bool {
        let (product, log_id) = (&job.product, &job.log_id);
        let metric = match outcome {
            JobOutcome::Parsed => {
                tracing::debug!(%product, %log_id, "log parsed");
                "LogsParsed"
            }
            JobOutcome::Duplicate => {
                tracing::info!(%product, %log_id, "log is a duplicate");
                "LogsDuplicate"
            }
            JobOutcome::Erased => {
                tracing::info!(%product, %log_id, "log was erased");
                "LogsErased"
            }
            JobOutcome::Rejected(reason) => {
                tracing::warn!(%product, %log_id, reason = reason.name(), "log rejected");
                "LogsRejected"
            }
            JobOutcome::Retry(error) if error.is_resuming() => {
                tracing::warn!(%product, %log_id, error = %error, "log waits for the database");
                "LogsWaiting"
            }
            JobOutcome::Retry(error) => {
                let transient = error.is_transient();
                tracing::error!(%product, %log_id, error = %error, transient, "log not parsed");
                "LogsFailed"
            }
        };
        *self.0.entry(metric).or_default() += 1;
        !matches!(metric, "LogsFailed" | "LogsWaiting")
    }

    /// Gives the metrics.
    pub(crate) fn tell(self) {
        for (metric, n) in self.0 {
            metrics::count(metric, n);
        }
    }
}
