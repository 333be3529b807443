//! S3 event → sealed log in the archive (out of the inbox), message on the queue (out of the
//! archive); schedule → what was not told of, and runs of the bulk path.
//!
//! No database is touched. S3 tells of an object at least once, in any order, and sometimes
//! never: taking the same object in twice changes nothing, and a sweep makes up for silence.

mod bulk;
mod enqueue;
mod inbox_sweep;
mod take_in;

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::s3::S3Event;
use logbook_backends::{ObjectStore, Queue};
use logbook_model::Timestamp;
use logbook_pipeline::{ARCHIVE_PREFIX, INBOX_PREFIX, Registry, Stage, Vault, is_folder};

pub use bulk::{Bulk, BulkError, Drained, GlueJob, Run, RunState, Start};
pub use enqueue::enqueue;
pub use take_in::{MAX_OBJECT_BYTES, TakenIn, refuse_too_large, take_in};

/// What the function needs, built once.
#[derive(Debug, Clone)]
pub struct Context {
    /// The archive and its keys.
    pub vault: Arc<Vault>,
    /// The inbox's objects.
    pub inbox: ObjectStore,
    /// The products.
    pub registry: Arc<Registry>,
    /// The parse queue.
    pub queue: Queue,
    /// The bulk path; without one all goes to the parse queue.
    pub bulk: Option<Bulk>,
    /// How long a scheduled task may take; what has begun by then is finished.
    pub budget: Duration,
    /// The clock.
    pub now: fn() -> Timestamp,
}

/// A failure: the event comes again, and then goes where failures are seen.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// Objects could not be taken in.
    #[error("{failed} of {all} objects were not taken in; the first: {first}")]
    Objects {
        /// Objects that failed.
        failed: usize,
        /// Objects in the event.
        all: usize,
        /// The first failure.
        first: logbook_pipeline::Error,
    },
    /// A store failed.
    #[error(transparent)]
    Store(#[from] logbook_pipeline::Error),
    /// The bulk path failed.
    #[error("the bulk path: {0}")]
    Bulk(#[from] BulkError),
    /// The schedule asks for something that is not known here, or not set up.
    #[error("there is no task {0}")]
    Task(String),
    /// The event has records, and they are not those of S3.
    #[error("the event's records are not those of S3: {0}")]
    Event(#[from] serde_json::Error),
}

/// Handles one event. `s3:TestEvent`, folders and other keys are passed over.
pub async fn handle(context: &Context, event: serde_json::Value) -> Result<(), IntakeError> {
    let meter = &context.vault.meter;
    // What it holds while it waits is too much to be moved about.
    let work = Box::pin(handled(context, event));
    meter.measure(Stage::Intake, work).await
}

async fn handled(context: &Context, event: serde_json::Value) -> Result<(), IntakeError> {
    if let Some(task) = event["detail"]["task"].as_str() {
        return scheduled(context, task).await;
    }
    if event.get("Records").is_none() {
        tracing::info!("an event without records was passed over");
        return Ok(());
    }
    let event: S3Event = serde_json::from_value(event)?;
    let all = event.records.len();
    let (mut failed, mut first) = (0, None);
    for record in event.records {
        let object = record.s3.object;
        let Some(key) = object.key.as_deref().map(decode_key) else {
            continue;
        };
        let bytes = object.size.and_then(|bytes| u64::try_from(bytes).ok());
        if bytes.is_some_and(|bytes| is_folder(&key, bytes)) {
            continue;
        }
        if let Err(error) = one(context, &key, bytes).await {
            tracing::error!(error = %error, "object not taken in");
            failed += 1;
            first.get_or_insert(error);
        }
    }
    match first {
        Some(first) => Err(IntakeError::Objects { failed, all, first }),
        None => Ok(()),
    }
}

/// What a schedule asks for.
async fn scheduled(context: &Context, task: &str) -> Result<(), IntakeError> {
    match (task, &context.bulk) {
        ("inbox-sweep", _) => inbox_sweep::sweep(context).await.map(drop),
        ("bulk-drain", Some(bulk)) => Ok(bulk::drain(context, bulk).await.map(drop)?),
        _ => Err(IntakeError::Task(task.to_owned())),
    }
}

async fn one(context: &Context, key: &str, bytes: Option<u64>) -> logbook_pipeline::Result<()> {
    if key.starts_with(INBOX_PREFIX) {
        take_in(context, key).await.map(drop)
    } else if key.starts_with(ARCHIVE_PREFIX) {
        enqueue(context, key, bytes).await
    } else {
        Ok(())
    }
}

/// Keys come percent-encoded, with `+` for a blank.
fn decode_key(key: &str) -> String {
    logbook_bootstrap::http::decode(key).unwrap_or_else(|_| key.to_owned())
}
