//! The events of one session in one log.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use logbook_formats::Observed;
use logbook_model::{Consent, EventTime, Kind, Level, LogId, Part};
use logbook_pipeline::{EventReader, Opened, Product, Result};
use serde::Serialize;
use utoipa::ToSchema;

/// Longest text of an attribute that is shown, in bytes.
const MAX_ATTRIBUTE_BYTES: usize = 8 << 10;

/// One event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventReply {
    #[schema(value_type = String)]
    log_id: LogId,
    /// Sequence number in the log.
    seq: u32,
    /// Line in the log, from 1.
    line: u64,
    /// Without `Z` a local time whose zone nothing names.
    #[schema(required, value_type = Option<String>)]
    time: Option<EventTime>,
    /// What happened; null where consent covers no names.
    #[schema(required)]
    name: Option<String>,
    /// `unspecified`, `trace`, `debug`, `info`, `warn`, `error` or `fatal`.
    #[schema(value_type = String, example = "info")]
    level: Level,
    /// `normal`, `error`, `unhandled` or `crash`.
    #[schema(value_type = String, example = "normal")]
    kind: Kind,
    /// Occurrences that it stands for.
    count: u64,
    /// How long it took, in microseconds.
    #[schema(required)]
    duration_us: Option<u64>,
    /// It starts the session.
    starts: bool,
    /// It ends the session.
    ends: bool,
    /// The fields that the profile keeps, each at most 8 KiB of it.
    attributes: BTreeMap<String, String>,
}

/// What is shown of a part.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// The events.
    pub(crate) events: Vec<EventReply>,
    /// Bytes of their JSON.
    pub(crate) bytes: usize,
    /// The last sequence number shown, where there are more to show.
    pub(crate) more_after: Option<u32>,
    /// Some are not shown because their user did not agree.
    pub(crate) withheld: bool,
}

/// Reads a session's events in one log after `seen`: at most `limit`, and no more of them once
/// they have `max_bytes`.
pub(crate) fn read_part(
    product: &Product,
    part: &Part,
    opened: Opened,
    seen: Option<u32>,
    limit: usize,
    max_bytes: usize,
) -> Result<Shown> {
    let consent = opened.attributes.consent;
    let reader = EventReader::new(product, &part.log, opened)?;
    // Under the profile that parsed it, its last event is known: the rest need not be read.
    let last = (reader.profile() == part.profile).then_some(part.last_seq);
    let mut shown = Shown {
        withheld: consent < Consent::Usage,
        ..Shown::default()
    };
    reader.read(|observed| {
        let seq = observed.event.seq;
        if last.is_some_and(|last| seq > last) {
            return ControlFlow::Break(());
        }
        if *observed.session != part.session || seen.is_some_and(|seen| seq <= seen) {
            return ControlFlow::Continue(());
        }
        shown.add(observed, &part.log, consent, limit, max_bytes)
    })?;
    Ok(shown)
}

impl Shown {
    fn add(
        &mut self,
        observed: &Observed<'_>,
        log: &LogId,
        consent: Consent,
        limit: usize,
        max_bytes: usize,
    ) -> ControlFlow<()> {
        let Some(event) = agreed(observed, log, consent) else {
            return ControlFlow::Continue(());
        };
        let bytes = serde_json::to_vec(&event).map_or(0, |json| json.len());
        let first = self.events.is_empty();
        let over = self.events.len() >= limit || (!first && self.bytes + bytes > max_bytes);
        if over {
            self.more_after = self.events.last().map(|last| last.seq);
            return ControlFlow::Break(());
        }
        self.bytes += bytes;
        self.events.push(event);
        ControlFlow::Continue(())
    }
}

/// As much of an event as its user agreed to have kept: the same as parsing keeps.
fn agreed(observed: &Observed<'_>, log: &LogId, consent: Consent) -> Option<EventReply> {
    let event = observed.event;
    let crash = event.kind == Kind::Crash;
    let whole = consent >= Consent::Usage;
    if !(whole || crash || (consent >= Consent::Error && event.error)) || consent == Consent::Off {
        return None;
    }
    let attributes = if whole { observed.attributes } else { &[] };
    Some(EventReply {
        log_id: log.clone(),
        seq: event.seq,
        line: event.line,
        time: event.time,
        name: (consent >= Consent::Error).then(|| event.name.to_string()),
        level: event.level,
        kind: event.kind,
        count: if whole { event.count } else { 1 },
        duration_us: event.duration_us.filter(|_| whole),
        starts: observed.starts,
        ends: observed.ends,
        attributes: attributes
            .iter()
            .map(|(name, text)| (name.clone(), cut(text).to_owned()))
            .collect(),
    })
}

/// A text's first [`MAX_ATTRIBUTE_BYTES`], to a character's end.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_ATTRIBUTE_BYTES)]
}
