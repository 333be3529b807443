//! What is received and not parsed yet.

use std::time::Duration;

use logbook_backends::Backlog;
use logbook_model::Timestamp;

use crate::Context;

/// How often a queue is asked in which something waits: on a busy one that is so for a moment.
const ASKED: usize = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// Until when all that was received is parsed, `as_of` at the latest; `None` where that is not
/// known, and then reports are complete to what they were before.
pub(crate) async fn vouched(context: &Context, as_of: Timestamp) -> Option<Timestamp> {
    let Some(queue) = &context.queue else {
        return Some(as_of);
    };
    for asked in 1..=ASKED {
        match queue.backlog().await {
            Ok(Backlog::None) => return Some(as_of),
            Ok(Backlog::Since(age)) => {
                let oldest = Timestamp((context.now)().0 - age.as_micros() as i64);
                return Some(oldest.min(as_of));
            }
            Ok(Backlog::Unknown) => {}
            Err(error) => {
                tracing::error!(%error, "the queue cannot be asked: nothing is vouched for");
                return None;
            }
        }
        if asked < ASKED {
            tokio::time::sleep(PAUSE).await;
        }
    }
    tracing::info!("logs wait to be parsed: nothing is vouched for");
    None
}
