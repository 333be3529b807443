//! What one log says about one session.

use std::collections::BTreeMap;

use crate::names::Names;
use crate::{Event, EventTime, Kind, Level, LogId, Name, ProductId, SessionId, Sketch, Timestamp};

/// Where the names beyond the bound on names a session are counted together.
pub const OTHER_NAMES: &str = "(other)";

/// How often one name occurred in a part, and how long it took.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Feature {
    /// Events of this name.
    pub events: u64,
    /// Occurrences: the sum of the events' counts.
    pub uses: u64,
    /// Events of this name that are errors.
    pub errors: u64,
    /// Sequence number of the first event of this name.
    pub first_seq: u32,
    /// Sequence number of the last.
    pub last_seq: u32,
    /// Durations, where the log gives any.
    pub durations: Sketch,
}

impl Feature {
    fn push(&mut self, event: &Event<'_>) {
        if self.events == 0 {
            self.first_seq = event.seq;
        }
        self.first_seq = self.first_seq.min(event.seq);
        self.last_seq = self.last_seq.max(event.seq);
        self.events += 1;
        self.uses = self.uses.saturating_add(event.count);
        self.errors += u64::from(event.error);
        if let Some(duration_us) = event.duration_us {
            self.durations.add(duration_us, event.count);
        }
    }
}

/// What a log says about whom and what a session ran for. Texts are at most
/// [`SessionFacts::MAX_BYTES`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct SessionFacts {
    /// Version of the software.
    pub version: Option<String>,
    /// Operating system.
    pub os: Option<String>,
    /// Runtime (of Java, Python, .NET, …).
    pub runtime: Option<String>,
    /// The user. Raw in `formats`; a keyed hash from `pipeline` on.
    pub user: Option<String>,
    /// The installation, which stands for the user where none is named. Treated like it.
    pub installation: Option<String>,
    /// The customer's account. Readable only where the product says so.
    pub account: Option<String>,
    /// Deployment environment (production, test, ci, …).
    pub environment: Option<String>,
}

impl SessionFacts {
    /// Longest text kept, in bytes; what is longer is cut at a character.
    pub const MAX_BYTES: usize = 190;

    /// Takes from `other` what is not known here.
    pub fn fill_from(&mut self, other: &Self) {
        let pairs = [
            (&mut self.version, &other.version),
            (&mut self.os, &other.os),
            (&mut self.runtime, &other.runtime),
            (&mut self.user, &other.user),
            (&mut self.installation, &other.installation),
            (&mut self.account, &other.account),
            (&mut self.environment, &other.environment),
        ];
        for (mine, theirs) in pairs {
            if mine.is_none() {
                mine.clone_from(theirs);
            }
        }
    }

    /// A text as it is kept: trimmed, bounded, without control characters; `None` if empty.
    pub fn bounded(text: &str) -> Option<String> {
        let text = text.trim();
        let mut end = text.len().min(Self::MAX_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let kept = text[..end].replace(char::is_control, " ");
        (!kept.is_empty()).then_some(kept)
    }
}

/// What one log says about one session: the stored unit, replaced as a whole when the log is
/// parsed again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The product.
    pub product: ProductId,
    /// The session.
    pub session: SessionId,
    /// The log.
    pub log: LogId,
    /// Position of the session in the log, from 0, by first appearance.
    pub ordinal: u32,
    /// When the log was received. Dates a part whose log has no dates.
    pub received_at: Timestamp,
    /// Profile that read it, as `name@version`.
    pub profile: String,
    /// The log marks where sessions end, so that a missing end means something.
    pub marks_ends: bool,
    /// An explicit start was seen.
    pub started: bool,
    /// The records precede the first start of the log.
    pub continued: bool,
    /// A later session starts in the same log, and this one had no explicit end.
    pub superseded: bool,
    /// When the explicit end was; `Some(None)` where it has no time.
    pub end: Option<Option<EventTime>>,
    /// Time of the first event that has one, by sequence.
    pub started_at: Option<EventTime>,
    /// Time of the last event that has one, by sequence.
    pub last_activity_at: Option<EventTime>,
    /// Sequence number of the first event.
    pub first_seq: u32,
    /// Sequence number of the last event.
    pub last_seq: u32,
    /// Rows.
    pub events: u64,
    /// Sum of the rows' counts.
    pub occurrences: u64,
    /// Rows that are errors of any kind.
    pub errors: u64,
    /// Rows that are unhandled errors.
    pub unhandled: u64,
    /// Rows that are crashes.
    pub crashes: u64,
    /// How often an event's time lies before its predecessor's.
    pub backward_steps: u64,
    /// Rows by level, in the order of [`Level::ALL`].
    pub by_level: [u64; 7],
    /// Whom and what it ran for.
    pub facts: SessionFacts,
    /// By name.
    pub features: BTreeMap<Name, Feature>,
}

impl Part {
    /// Whether the software said that it ended.
    pub const fn ended(&self) -> bool {
        self.end.is_some()
    }

    /// The time at which the part counts: its first event's, or else its log's receipt.
    pub fn effective_start(&self) -> Timestamp {
        self.started_at.map_or(self.received_at, |time| time.at)
    }

    /// The time of its last event, or else its log's receipt.
    pub fn effective_end(&self) -> Timestamp {
        self.last_activity_at
            .map_or(self.received_at, |time| time.at)
    }
}

/// Gathers the events of one session of one log into a [`Part`].
#[derive(Debug)]
pub struct PartBuilder {
    part: Part,
    features: Names<Feature>,
    max_names: usize,
    last_time: Option<EventTime>,
}

impl PartBuilder {
    /// An empty part; `max_names` bounds the names kept apart.
    pub fn new(
        product: ProductId,
        session: SessionId,
        log: LogId,
        received_at: Timestamp,
        ordinal: u32,
        max_names: usize,
    ) -> Self {
        let part = Part {
            product,
            session,
            log,
            ordinal,
            received_at,
            profile: String::new(),
            marks_ends: false,
            started: false,
            continued: false,
            superseded: false,
            end: None,
            started_at: None,
            last_activity_at: None,
            first_seq: u32::MAX,
            last_seq: 0,
            events: 0,
            occurrences: 0,
            errors: 0,
            unhandled: 0,
            crashes: 0,
            backward_steps: 0,
            by_level: [0; 7],
            facts: SessionFacts::default(),
            features: BTreeMap::new(),
        };
        Self {
            part,
            features: Names::default(),
            max_names,
            last_time: None,
        }
    }

    /// Adds one event.
    pub fn push(&mut self, event: &Event<'_>) {
        let part = &mut self.part;
        part.first_seq = part.first_seq.min(event.seq);
        part.last_seq = part.last_seq.max(event.seq);
        part.events += 1;
        part.occurrences = part.occurrences.saturating_add(event.count);
        part.by_level[event.level as usize] += 1;
        part.errors += u64::from(event.error);
        part.unhandled += u64::from(event.kind == Kind::Unhandled);
        part.crashes += u64::from(event.kind == Kind::Crash);
        if let Some(time) = event.time {
            part.backward_steps += u64::from(self.last_time.is_some_and(|last| time.at < last.at));
            part.started_at.get_or_insert(time);
            part.last_activity_at = Some(time);
            self.last_time = Some(time);
        }
        self.feature(event);
    }

    fn feature(&mut self, event: &Event<'_>) {
        let max_names = self.max_names;
        self.features
            .entry(&event.name, max_names, OTHER_NAMES)
            .push(event);
    }

    /// How many names are kept apart so far.
    pub fn names(&self) -> usize {
        self.features.len()
    }

    /// From now on, names not seen yet are counted under [`OTHER_NAMES`].
    pub const fn close_names(&mut self) {
        self.max_names = 0;
    }

    /// The part so far, to set what is not an event: start, end, facts.
    pub fn part_mut(&mut self) -> &mut Part {
        &mut self.part
    }

    /// The part so far.
    pub const fn part(&self) -> &Part {
        &self.part
    }

    /// The finished part.
    pub fn finish(self) -> Part {
        let mut part = self.part;
        part.features = self.features.into_ordered();
        if part.events == 0 {
            part.first_seq = 0;
        }
        part
    }

    /// Rows by level under the level's name, without the empty ones.
    pub fn levels(by_level: &[u64; 7]) -> BTreeMap<&'static str, u64> {
        Level::ALL
            .iter()
            .zip(by_level)
            .filter(|&(_, &n)| n > 0)
            .map(|(level, &n)| (level.name(), n))
            .collect()
    }
}
