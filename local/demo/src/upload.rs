//! What the demo hands out: one upload after another.

use std::collections::BTreeMap;

use logbook_model::{Consent, LogReject, Timestamp};

/// The way by which an upload comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// `POST /v1/logs`.
    Api,
    /// `POST /v1/uploads`, then a PUT: large logs.
    Ticket,
    /// Dropped into the inbox by a site's administrator.
    Inbox,
}

/// What must become of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// It is parsed.
    Parsed {
        /// Parts of sessions in it.
        sessions: u32,
        /// Good records.
        events: u64,
        /// Records that are refused while the log goes on.
        rejected_events: u64,
        /// Lines whose text is repaired.
        repaired_lines: u64,
    },
    /// It has the content and the metadata of an earlier upload.
    Duplicate {
        /// The earlier upload; its own id where a client tried again.
        of: String,
    },
    /// It is kept, and refused as a whole.
    Rejected(LogReject),
    /// Another upload has its id, and other content.
    Conflict,
    /// It is refused at the door, for its consent is `off`.
    Refused,
}

impl Expect {
    /// A short name: `parsed`, `duplicate`, `rejected`, `conflict`, `refused`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Parsed { .. } => "parsed",
            Self::Duplicate { .. } => "duplicate",
            Self::Rejected(_) => "rejected",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
        }
    }
}

/// One upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// A valid log id.
    pub log_id: String,
    /// How it comes in.
    pub route: Route,
    /// The simulated instant at which it comes in.
    pub received_at: Timestamp,
    /// Plain or gzip.
    pub body: Vec<u8>,
    /// `application/x-ndjson` or `application/gzip`; for what is no log, whatever its sender
    /// took it for.
    pub content_type: &'static str,
    /// What the user agreed to; every client says so.
    pub consent: Consent,
    /// Facts of the session that the log itself does not say, and its id under `session`.
    pub metadata: BTreeMap<String, String>,
    /// What must become of it.
    pub expect: Expect,
}
