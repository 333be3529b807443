//! S3 event → sealed log in the archive (out of the inbox), message on the queue (out of the
//! archive).
//!
//! No database is touched. S3 tells of an object at least once, in any order, and sometimes
//! never: taking the same object in twice changes nothing, and a sweep makes up for silence.

mod enqueue;
mod take_in;

use std::sync::Arc;

use aws_lambda_events::event::s3::S3Event;
use logbook_backends::{ObjectStore, Queue};
use logbook_model::Timestamp;
use logbook_pipeline::{ARCHIVE_PREFIX, INBOX_PREFIX, Registry, Vault};

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
    /// The event has records, and they are not those of S3.
    #[error("the event's records are not those of S3: {0}")]
    Event(#[from] serde_json::Error),
}

/// Handles one event. `s3:TestEvent` and other keys are passed over.
pub async fn handle(context: &Context, event: serde_json::Value) -> Result<(), IntakeError> {
    if event.get("Records").is_none() {
        tracing::info!("an event without records was passed over");
        return Ok(());
    }
    let event: S3Event = serde_json::from_value(event)?;
    let all = event.records.len();
    let (mut failed, mut first) = (0, None);
    for record in event.records {
        let Some(key) = record.s3.object.key.as_deref().map(decode_key) else {
            continue;
        };
        if let Err(error) = one(context, &key).await {
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

async fn one(context: &Context, key: &str) -> logbook_pipeline::Result<()> {
    if key.starts_with(INBOX_PREFIX) {
        take_in(context, key).await.map(drop)
    } else if key.starts_with(ARCHIVE_PREFIX) {
        enqueue(context, key).await
    } else {
        Ok(())
    }
}

/// Keys come percent-encoded, with `+` for a blank.
fn decode_key(key: &str) -> String {
    logbook_bootstrap::http::decode(key).unwrap_or_else(|_| key.to_owned())
}
