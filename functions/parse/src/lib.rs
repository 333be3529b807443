//! Messages of the parse queue → rows of the sessions schema.
//!
//! At least once, with the effect of exactly once: a log's rows are written in one transaction,
//! under its id. A message goes only when its log's outcome is committed.

use std::sync::Arc;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use logbook_backends::Database;
use logbook_model::Timestamp;
use logbook_pipeline::{Job, JobOutcome, Registry, Vault, process};

/// What the function needs, built once.
#[derive(Debug, Clone)]
pub struct Context {
    /// The archive and its keys.
    pub vault: Arc<Vault>,
    /// The products and their profiles.
    pub registry: Arc<Registry>,
    /// The sessions schema.
    pub database: Database,
    /// The clock.
    pub now: fn() -> Timestamp,
}

/// Handles a batch; the failures it names come again, alone.
pub async fn handle(context: &Context, event: SqsEvent) -> SqsBatchResponse {
    let mut failed: Vec<String> = Vec::new();
    let mut ids = Vec::new();
    let mut jobs = Vec::new();
    for record in event.records {
        let id = record.message_id.unwrap_or_default();
        if let Some(job) = record.body.as_deref().and_then(Job::from_body) {
            ids.push(id);
            jobs.push(job);
        } else {
            tracing::error!(message_id = %id, "a message is no job");
            failed.push(id);
        }
    }
    match context.registry.snapshot().await {
        Ok(products) => {
            let now = (context.now)();
            let outcomes = process(&context.vault, &products, &context.database, &jobs, now).await;
            for ((id, job), outcome) in ids.into_iter().zip(&jobs).zip(outcomes) {
                if !settled(job, outcome) {
                    failed.push(id);
                }
            }
        }
        Err(error) => {
            tracing::error!(error = %error, "the registry cannot be read");
            failed.extend(ids);
        }
    }
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

/// Whether a job's message may go. Each outcome is logged here, once.
fn settled(job: &Job, outcome: JobOutcome) -> bool {
    let (product, log_id) = (&job.product, &job.log_id);
    match outcome {
        JobOutcome::Parsed => tracing::debug!(%product, %log_id, "log parsed"),
        JobOutcome::Duplicate => tracing::info!(%product, %log_id, "log is a duplicate"),
        JobOutcome::Erased => tracing::info!(%product, %log_id, "log was erased"),
        JobOutcome::Rejected(reason) => {
            tracing::warn!(%product, %log_id, reason = reason.name(), "log rejected");
        }
        JobOutcome::Retry(error) => {
            let transient = error.is_transient();
            tracing::error!(%product, %log_id, error = %error, transient, "log not parsed");
            return false;
        }
    }
    true
}
