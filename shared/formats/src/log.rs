//! What a log's surroundings say, and what reading it gives.

use std::collections::BTreeMap;

use logbook_model::{Event, EventReject, LogId, LogReject, Part, ProductId, SessionId, Timestamp};

/// What is known of a log besides its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogContext {
    /// The product it belongs to.
    pub product: ProductId,
    /// Its id.
    pub log: LogId,
    /// When it was received.
    pub received_at: Timestamp,
    /// The name of the file, where the uploader gave one.
    pub file_name: Option<String>,
    /// When the file was last modified, where the uploader said so.
    pub modified_at: Option<Timestamp>,
    /// What the uploader said of all sessions of the log: facts by name, and `session`, the id
    /// of the session of a log that names none. What the log itself says comes first.
    pub metadata: BTreeMap<String, String>,
}

impl LogContext {
    /// The context of a log of which nothing else is known.
    pub fn new(product: ProductId, log: LogId, received_at: Timestamp) -> Self {
        Self {
            product,
            log,
            received_at,
            file_name: None,
            modified_at: None,
            metadata: BTreeMap::new(),
        }
    }
}

/// A record that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRecord {
    /// Line of the record's first line, from 1.
    pub line: u64,
    /// Byte at which the record starts in the inflated, unrepaired log.
    pub offset: u64,
    /// Why.
    pub reason: EventReject,
    /// Why, in words. Never quotes the record.
    pub detail: String,
}

/// Oddities that were kept, counted by record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// Times within the first day of 1970: a clock that was never set.
    pub epoch_start: u64,
    /// Times more than a day after the log's receipt.
    pub far_ahead: u64,
    /// Local times, whose zone nothing names.
    pub no_zone: u64,
    /// Records in which a key that is read came twice; the last one won.
    pub duplicate_keys: u64,
}

impl Flags {
    /// Those that there are, by their stable name.
    pub fn by_name(&self) -> BTreeMap<&'static str, u64> {
        let all = [
            ("epoch_start", self.epoch_start),
            ("far_ahead", self.far_ahead),
            ("no_zone", self.no_zone),
            ("duplicate_keys", self.duplicate_keys),
        ];
        all.into_iter()
            .filter(|(_, records)| *records > 0)
            .collect()
    }
}

/// Figures about a log as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogFigures {
    /// Good and rejected records; without header, blank, metadata and ignored lines.
    pub records: u64,
    /// Rejected records.
    pub rejects_total: u64,
    /// Rejected records by reason.
    pub rejects_by_reason: BTreeMap<EventReject, u64>,
    /// The first rejects of each reason, in the order of the log.
    pub rejects: Vec<RejectedRecord>,
    /// Lines in which invalid UTF-8 or NUL was replaced.
    pub repaired_utf8: u64,
    /// Lines of text that begin no record and are not blank: they belong to the record before,
    /// or to one that began in an earlier log. Many of them may mean a pattern that fits too
    /// little.
    pub continuation_lines: u64,
    /// How often, within a session, a time lies before its predecessor's.
    pub backward_steps: u64,
    /// Oddities kept.
    pub flags: Flags,
    /// Bytes of the inflated log.
    pub inflated_bytes: u64,
}

/// A log that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedLog {
    /// Figures about the log.
    pub figures: LogFigures,
    /// Its sessions' parts, in order of first appearance.
    pub parts: Vec<Part>,
}

/// A log that could not be read as a whole.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Its bytes could not be had, or not inflated: the source's own error.
    #[error("the log cannot be read: {0}")]
    Source(#[from] std::io::Error),
    /// It is refused as a whole.
    #[error("the log is rejected: {reason}: {detail}")]
    Rejected {
        /// Why.
        reason: LogReject,
        /// Why, in words, with the place where there is one.
        detail: String,
        /// What was found before.
        figures: Box<LogFigures>,
    },
}

/// One event as an observer sees it: in the order of the log, except that look-back holds
/// events back until their session is settled.
#[derive(Debug)]
pub struct Observed<'e> {
    /// The event.
    pub event: &'e Event<'e>,
    /// Its session.
    pub session: &'e SessionId,
    /// Position of the session in the log.
    pub ordinal: u32,
    /// The event starts its session.
    pub starts: bool,
    /// The event ends its session.
    pub ends: bool,
    /// The attributes that the profile keeps, by name; those the record does not have are left
    /// out.
    pub attributes: &'e [(String, String)],
}
