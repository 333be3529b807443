//! From the archive to the parse queue, or to the bulk queue.

use logbook_pipeline::{BULK, Result, Stage, log_of_archive_key, queue_log};

use crate::Context;

/// Queues the log of an archive key; a key that is none is passed over. `sealed_bytes` is its size,
/// where the event tells.
pub async fn enqueue(context: &Context, key: &str, sealed_bytes: Option<u64>) -> Result<()> {
    let Some((product, log)) = log_of_archive_key(key) else {
        tracing::warn!("an archive key that names no log was passed over");
        return Ok(());
    };
    let mut queue = &context.queue;
    if let Some(bulk) = &context.bulk
        && is_bulk(context, bulk.bytes, key, sealed_bytes).await?
    {
        tracing::info!(%product, log_id = %log, "log waits for the bulk path");
        queue = &bulk.queue;
    }
    let work = context.vault.meter.take(Stage::Intake);
    queue_log(queue, product, log, (context.now)(), work).await
}

/// Whether a log takes the bulk path: by its size, or by its mark. An event tells no metadata, so
/// that where there is a bulk path each log is looked at.
async fn is_bulk(context: &Context, more: u64, key: &str, told: Option<u64>) -> Result<bool> {
    if told.is_some_and(|bytes| bytes > more) {
        return Ok(true);
    }
    let head = context.vault.archive.head(key).await?;
    Ok(head.is_some_and(|head| head.size > more || head.metadata.contains_key(BULK)))
}
