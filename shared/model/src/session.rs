//! The fold of parts into a session.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::{
    EndReason, EventTime, Feature, LogId, Name, Part, ProductId, SessionFacts, SessionId, Status,
    Timestamp,
};

/// The parts of one session, one a log.
///
/// Under [`SessionParts::merge`] these sets form a join-semilattice: associative, commutative,
/// idempotent. Removing a log leaves the set that never saw it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionParts {
    parts: BTreeMap<LogId, Part>,
}

impl SessionParts {
    /// Adds a part. A second part of the same log replaces the first if it is the greater in
    /// the total order of parts, so that the order of arrival does not matter.
    pub fn insert(&mut self, part: Part) {
        match self.parts.entry(part.log.clone()) {
            Entry::Vacant(free) => {
                free.insert(part);
            }
            Entry::Occupied(mut held) => {
                if part > *held.get() {
                    held.insert(part);
                }
            }
        }
    }

    /// Adds all parts of another set.
    pub fn merge(&mut self, other: Self) {
        for part in other.parts.into_values() {
            self.insert(part);
        }
    }

    /// Takes a log's part away.
    pub fn remove(&mut self, log: &LogId) -> Option<Part> {
        self.parts.remove(log)
    }

    /// The session that the parts make; `None` when there are none. See [`Session::fold`].
    pub fn fold(&self, timeout_secs: u32, as_of: Option<Timestamp>) -> Option<Session> {
        Session::fold(self.parts.values(), timeout_secs, as_of)
    }
}

/// One run of the software, as far as its logs have come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The product.
    pub product: ProductId,
    /// The session.
    pub id: SessionId,
    /// How many logs it came in.
    pub parts: u32,
    /// First event's time.
    pub started_at: Option<EventTime>,
    /// Last event's time.
    pub last_activity_at: Option<EventTime>,
    /// When it ended, if that is known.
    pub ended_at: Option<EventTime>,
    /// The time that decides its day: the first event's, or else the first receipt.
    pub effective_start: Timestamp,
    /// The last event's time, or else the last receipt.
    pub effective_end: Timestamp,
    /// The worst that is known of it.
    pub status: Status,
    /// How it is known to be over.
    pub end_reason: EndReason,
    /// Whether an end would have been marked, had there been one, so that silence is abnormal.
    pub awaits_end: bool,
    /// Rows.
    pub events: u64,
    /// Sum of the rows' counts.
    pub occurrences: u64,
    /// Rows that are errors.
    pub errors: u64,
    /// Rows that are crashes.
    pub crashes: u64,
    /// Rows by level, in the order of [`crate::Level::ALL`].
    pub by_level: [u64; 7],
    /// Whom and what it ran for; where parts differ, the earliest part that says so decides.
    pub facts: SessionFacts,
    /// By name.
    pub features: BTreeMap<Name, Feature>,
}

impl Session {
    /// Folds the parts of one session, in any order, each log's part once.
    ///
    /// `as_of` is the instant up to which the caller vouches that all has come in: a session
    /// that started explicitly, should have ended so, did not, and was silent for longer than
    /// `timeout_secs` before it is abnormal. Without `as_of` silence is not judged.
    pub fn fold<'a>(
        parts: impl IntoIterator<Item = &'a Part>,
        timeout_secs: u32,
        as_of: Option<Timestamp>,
    ) -> Option<Self> {
        let parts: Vec<&Part> = parts.into_iter().collect();
        let mut session = Self::fold_without_features(parts.iter().copied(), timeout_secs, as_of)?;
        for part in parts {
            session.add_features(part);
        }
        Some(session)
    }

    /// The same with no features, for those who do not ask for them: a session mostly has far
    /// more of them than of all else.
    pub fn fold_without_features<'a>(
        parts: impl IntoIterator<Item = &'a Part>,
        timeout_secs: u32,
        as_of: Option<Timestamp>,
    ) -> Option<Self> {
        let mut parts: Vec<&Part> = parts.into_iter().collect();
        parts.sort_by(|a, b| (a.effective_start(), &a.log).cmp(&(b.effective_start(), &b.log)));
        let first = *parts.first()?;
        let mut session = Self {
            product: first.product.clone(),
            id: first.session.clone(),
            parts: parts.len() as u32,
            started_at: parts.iter().filter_map(|p| p.started_at).min(),
            last_activity_at: parts.iter().filter_map(|p| p.last_activity_at).max(),
            ended_at: None,
            effective_start: first.effective_start(),
            effective_end: Timestamp::default(),
            status: Status::Ok,
            end_reason: EndReason::Unknown,
            awaits_end: false,
            events: 0,
            occurrences: 0,
            errors: 0,
            crashes: 0,
            by_level: [0; 7],
            facts: SessionFacts::default(),
            features: BTreeMap::new(),
        };
        for part in &parts {
            session.add_counts(part);
        }
        session.conclude(&parts, timeout_secs, as_of);
        Some(session)
    }

    fn add_counts(&mut self, part: &Part) {
        self.effective_end = self.effective_end.max(part.effective_end());
        self.events = self.events.saturating_add(part.events);
        self.occurrences = self.occurrences.saturating_add(part.occurrences);
        self.errors = self.errors.saturating_add(part.errors);
        self.crashes = self.crashes.saturating_add(part.crashes);
        for (mine, theirs) in self.by_level.iter_mut().zip(part.by_level) {
            *mine = mine.saturating_add(theirs);
        }
        self.facts.fill_from(&part.facts);
    }

    fn add_features(&mut self, part: &Part) {
        if self.features.is_empty() {
            self.features.clone_from(&part.features);
            return;
        }
        for (name, theirs) in &part.features {
            let mine = self
                .features
                .entry(name.clone())
                .or_insert_with(|| Feature {
                    first_seq: theirs.first_seq,
                    ..Feature::default()
                });
            mine.events = mine.events.saturating_add(theirs.events);
            mine.uses = mine.uses.saturating_add(theirs.uses);
            mine.errors = mine.errors.saturating_add(theirs.errors);
            mine.first_seq = mine.first_seq.min(theirs.first_seq);
            mine.last_seq = mine.last_seq.max(theirs.last_seq);
            mine.durations.merge(&theirs.durations);
        }
    }

    /// Status, end and end reason from all parts together.
    fn conclude(&mut self, parts: &[&Part], timeout_secs: u32, as_of: Option<Timestamp>) {
        let ended = parts.iter().any(|p| p.ended());
        let crashed = parts.iter().any(|p| p.crashes > 0);
        let superseded = parts.iter().any(|p| p.superseded) && !ended;
        let silent = as_of.is_some_and(|now| {
            now.0.saturating_sub(self.effective_end.0) > i64::from(timeout_secs) * 1_000_000
        });
        self.awaits_end = !ended && !crashed && parts.iter().any(|p| p.marks_ends);
        // A log that never says where its sessions start need not say where they end.
        let started = parts.iter().any(|p| p.started);
        let abnormal = self.awaits_end && (superseded || (silent && started));
        let candidates = [
            (ended, Status::Exited),
            (self.errors > 0, Status::Errored),
            (parts.iter().any(|p| p.unhandled > 0), Status::Unhandled),
            (abnormal, Status::Abnormal),
            (crashed, Status::Crashed),
        ];
        self.status = candidates
            .iter()
            .filter(|(holds, _)| *holds)
            .map(|&(_, status)| status)
            .max()
            .unwrap_or_default();
        let continued = parts.iter().all(|p| p.continued);
        self.end_reason = match () {
            () if crashed => EndReason::Crash,
            () if ended => EndReason::Explicit,
            () if continued => EndReason::Continued,
            () if superseded || silent || parts.iter().any(|p| p.superseded) => EndReason::Timeout,
            () => EndReason::Unknown,
        };
        let explicit_end = parts.iter().filter_map(|p| p.end.flatten()).max();
        self.ended_at = match self.end_reason {
            EndReason::Unknown => None,
            _ => explicit_end.or(self.last_activity_at),
        };
    }
}
