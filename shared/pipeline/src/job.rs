//! What a message on the parse queue says.

use logbook_model::{LogId, ProductId, SessionId, Timestamp};
use serde::{Deserialize, Serialize};

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
}

impl Job {
    /// A job queued now.
    pub const fn new(product: ProductId, log_id: LogId, queued_at: Timestamp) -> Self {
        Self {
            product,
            log_id,
            session_id: None,
            queued_at: queued_at.0,
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
