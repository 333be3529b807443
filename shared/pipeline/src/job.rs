//! What a message on the parse queue says.

use logbook_backends::{Attributes, Queue};
use logbook_model::{LogId, ProductId, SessionId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::meter::Done;
use crate::{Result, steps};

/// The payload of a message: which log to parse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The product.
    pub product: ProductId,
    /// The log.
    pub log_id: LogId,
    /// The session, where the uploader named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// When it was queued, in microseconds since 1970.
    #[serde(default)]
    pub queued_at: i64,
    /// How long the process that queued it worked before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Done>,
}

impl Job {
    /// A job queued now.
    pub const fn new(product: ProductId, log_id: LogId, queued_at: Timestamp) -> Self {
        Self {
            product,
            log_id,
            session_id: None,
            queued_at: queued_at.0,
            work: None,
        }
    }

    /// The message's body.
    pub fn to_body(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a message's body; `None` for what is no job.
    pub fn from_body(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }
}

/// Queues a log to be parsed, with word of work that was done before.
pub async fn queue_log(
    queue: &Queue,
    product: ProductId,
    log: LogId,
    now: Timestamp,
    work: Option<Done>,
) -> Result<()> {
    steps::reach("intake.before_queue");
    let job = Job {
        work,
        ..Job::new(product, log, now)
    };
    queue.send(&job.to_body(), &Attributes::new()).await?;
    steps::reach("intake.after_queue");
    Ok(())
}
