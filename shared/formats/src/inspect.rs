//! The stable report on one log that `logbook inspect` prints.

use std::collections::BTreeMap;

use logbook_model::{EventTime, Part, PartBuilder, ProductId, Session, SessionId, Status};
use serde::Serialize;

use crate::log::{LogFigures, ParsedLog};
use crate::profile::Profile;

/// What a log holds. The schema is stable: fields may be added, none changes its meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// The log.
    pub log: InspectedLog,
    /// Its sessions, in order of first appearance.
    pub sessions: Vec<InspectedSession>,
}

/// The log as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct InspectedLog {
    /// Family of the format: ndjson, csv, text or otlp.
    pub format: &'static str,
    /// The profile that read it.
    pub profile: String,
    /// Good and rejected records, without header, blank, metadata and ignored lines.
    pub records: u64,
    /// Sessions.
    pub sessions: u64,
    /// Rejected records.
    pub rejects_total: u64,
    /// The first rejects of each reason.
    pub rejects: Vec<InspectedReject>,
    /// Lines with invalid UTF-8 or NUL, which were replaced.
    pub repaired_utf8: u64,
    /// How often, within a session, a time lies before its predecessor's.
    pub backward_steps: u64,
    /// Records that were kept though something is odd about them, by what it is.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub flagged: BTreeMap<&'static str, u64>,
    /// Lines that begin no record. Not in the report for programs.
    #[serde(skip)]
    pub continuation_lines: u64,
}

/// One rejected record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InspectedReject {
    /// Line, from 1.
    pub line: u64,
    /// Byte at which the record starts in the inflated, unrepaired log.
    pub offset: u64,
    /// Why, as a stable name.
    pub reason: &'static str,
    /// Why, in words.
    pub detail: String,
}

/// One session, as far as this log tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InspectedSession {
    /// Its id.
    pub session_id: SessionId,
    /// The product.
    pub product: ProductId,
    /// Version of the software.
    pub version: Option<String>,
    /// Operating system.
    pub os: Option<String>,
    /// Time of its first event that has one.
    pub started_at: Option<EventTime>,
    /// Time of its last event that has one.
    pub last_activity_at: Option<EventTime>,
    /// The worst that is known of it. Silence is not judged: the log may go on in another.
    pub status: Status,
    /// Rows.
    pub events: u64,
    /// Sum of the rows' counts.
    pub occurrences: u64,
    /// Rows that are errors.
    pub errors: u64,
    /// Rows by name.
    pub by_name: BTreeMap<String, u64>,
    /// Rows by level.
    pub by_level: BTreeMap<&'static str, u64>,
}

impl Inspection {
    /// The report on a log that was read.
    pub fn new(parsed: &ParsedLog, profile: &Profile) -> Self {
        Self {
            log: InspectedLog::new(&parsed.figures, parsed.parts.len(), profile),
            sessions: parsed.parts.iter().map(InspectedSession::new).collect(),
        }
    }
}

impl InspectedLog {
    /// The log's own figures.
    pub fn new(figures: &LogFigures, sessions: usize, profile: &Profile) -> Self {
        let rejects = figures.rejects.iter().map(|reject| InspectedReject {
            line: reject.line,
            offset: reject.offset,
            reason: reject.reason.name(),
            detail: reject.detail.clone(),
        });
        Self {
            format: profile.family(),
            profile: profile.id().to_owned(),
            records: figures.records,
            sessions: sessions as u64,
            rejects_total: figures.rejects_total,
            rejects: rejects.collect(),
            repaired_utf8: figures.repaired_utf8,
            backward_steps: figures.backward_steps,
            flagged: figures.flags.by_name(),
            continuation_lines: figures.continuation_lines,
        }
    }
}

impl InspectedSession {
    fn new(part: &Part) -> Self {
        let session = Session::fold_without_features([part], 0, None);
        let status = session.map_or(Status::Ok, |session| session.status);
        Self {
            session_id: part.session.clone(),
            product: part.product.clone(),
            version: part.facts.version.clone(),
            os: part.facts.os.clone(),
            started_at: part.started_at,
            last_activity_at: part.last_activity_at,
            status,
            events: part.events,
            occurrences: part.occurrences,
            errors: part.errors,
            by_name: part
                .features
                .iter()
                .map(|(name, f)| (name.to_string(), f.events))
                .collect(),
            by_level: PartBuilder::levels(&part.by_level),
        }
    }
}
