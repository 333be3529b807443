//! From the archive to the parse queue.

use logbook_backends::Attributes;
use logbook_pipeline::{Job, Result, log_of_archive_key, steps};

use crate::Context;

/// Queues the log of an archive key; a key that is none is passed over.
pub async fn enqueue(context: &Context, key: &str) -> Result<()> {
    let Some((product, log)) = log_of_archive_key(key) else {
        tracing::warn!("an archive key that names no log was passed over");
        return Ok(());
    };
    steps::reach("intake.before_queue");
    let job = Job::new(product, log, (context.now)());
    context
        .queue
        .send(&job.to_body(), &Attributes::new())
        .await?;
    steps::reach("intake.after_queue");
    Ok(())
}
