//! What comes to be stored, and what becomes of it.

use std::collections::BTreeMap;

use logbook_model::{LogId, LogReject, Part};

use super::log::{ContentHash, LogMeta};
use super::reject::Rejects;

/// A log that was parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedLog {
    /// What is known whatever became of it.
    pub meta: LogMeta,
    /// The keyed hash of its content.
    pub content_hash: ContentHash,
    /// What it says of its sessions. Each part bears this log's product and id.
    pub parts: Vec<Part>,
    /// Records, good and refused.
    pub records: u64,
    /// Records with repaired text.
    pub repaired_utf8: u64,
    /// What was flagged and kept, by kind.
    pub flagged: BTreeMap<String, u64>,
    /// Refused records.
    pub rejects: Rejects,
    /// The product's session timeout.
    pub session_timeout_secs: u32,
}

/// A log that was refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedLog {
    /// What is known whatever became of it.
    pub meta: LogMeta,
    /// Why.
    pub reason: LogReject,
    /// The same for people; no content of the log.
    pub detail: String,
    /// Refused records, where it came to that.
    pub rejects: Rejects,
    /// The product's session timeout.
    pub session_timeout_secs: u32,
}

/// What became of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreOutcome {
    /// It was stored, in place of what an earlier parse had stored.
    Stored,
    /// The same profile and parser versions had stored the same; nothing changed.
    AlreadyStored,
    /// Another log owns the same content: only the row that says so was stored.
    Duplicate {
        /// That log.
        of: LogId,
    },
    /// It is erased and stays so; nothing changed.
    Erased,
}
