//! From the archive to the parse queue.

use logbook_pipeline::{Result, log_of_archive_key, queue_log};

use crate::Context;

/// Queues the log of an archive key; a key that is none is passed over.
pub async fn enqueue(context: &Context, key: &str) -> Result<()> {
    let Some((product, log)) = log_of_archive_key(key) else {
        tracing::warn!("an archive key that names no log was passed over");
        return Ok(());
    };
    queue_log(&context.queue, product, log, (context.now)()).await
}
