//! From a record's fields to an event, by the profile.

mod facts;
mod level;
mod measures;
mod time;

use std::borrow::Cow;

use logbook_model::{Event, EventReject, EventTime, Kind, LogReject, SessionFacts, Zone};

use crate::limits::Limits;
use crate::log::{Flags, LogContext, LogFigures, ParsedLog, ReadError, RejectedRecord};
use crate::profile::rules::Subject;
use crate::profile::{Profile, SessionRule};
use crate::sessions::{Observer, Placed, Sessions};
use crate::time::{Minute, TimeContext};
use crate::value::Slots;
use facts::{Wanted, facts_of, gather_facts, given_facts};
use level::level_of;
use measures::{attributes_of, count_of, duration_of, first_text, name_of};
use time::{time_context, time_of};

const DAY_US: i64 = 86_400_000_000;

/// Where a record starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// Line, from 1.
    pub(crate) line: u64,
    /// Byte in the unrepaired log.
    pub(crate) offset: u64,
}

/// A record refused, before its place is added.
struct Refusal(EventReject, Cow<'static, str>);

fn refuse<T>(reason: EventReject, detail: impl Into<Cow<'static, str>>) -> Result<T, Refusal> {
    Err(Refusal(reason, detail.into()))
}

/// Takes the records of one log, whatever their family, and makes the log's parts of them.
pub(crate) struct Interpreter<'p, 'o> {
    profile: &'p Profile,
    context: &'p LogContext,
    limits: &'p Limits,
    time_context: TimeContext,
    minute: Minute,
    sessions: Sessions<'p, 'o>,
    figures: LogFigures,
    log_facts: SessionFacts,
    wanted: Wanted,
    seq: u32,
    scratch: String,
}

impl<'p, 'o> Interpreter<'p, 'o> {
    pub(crate) fn new(
        profile: &'p Profile,
        context: &'p LogContext,
        limits: &'p Limits,
        observer: Option<Observer<'o>>,
    ) -> Self {
        Self {
            profile,
            context,
            limits,
            time_context: time_context(profile, context),
            minute: Minute::default(),
            sessions: Sessions::new(context, limits, &profile.session, observer),
            figures: LogFigures::default(),
            log_facts: SessionFacts::default(),
            wanted: Wanted::default(),
            seq: 0,
            scratch: String::new(),
        }
    }

    pub(crate) const fn profile(&self) -> &'p Profile {
        self.profile
    }

    pub(crate) const fn limits(&self) -> &'p Limits {
        self.limits
    }

    /// Counts a line whose text had to be repaired.
    pub(crate) const fn repaired(&mut self) {
        self.figures.repaired_utf8 += 1;
    }

    /// Counts a line that belongs to a record that began before it.
    pub(crate) const fn continuation_line(&mut self) {
        self.figures.continuation_lines += 1;
    }

    /// Takes a record whose fields are in their slots.
    pub(crate) fn record(&mut self, at: Position, slots: &Slots<'_>) {
        match self.try_record(at, slots) {
            Ok(good) => self.figures.records += u64::from(good),
            Err(Refusal(reason, detail)) => self.reject(at, reason, detail.into_owned()),
        }
        self.reject_refused();
    }

    /// Rejects the events that were taken, held back, and then found no session.
    fn reject_refused(&mut self) {
        for at in self.sessions.take_refused() {
            self.figures.records -= 1;
            self.reject(at, EventReject::OverBound, self.too_many_sessions());
        }
    }

    fn too_many_sessions(&self) -> String {
        format!("more than {} sessions", self.limits.sessions)
    }

    /// Refuses a record.
    pub(crate) fn reject(&mut self, at: Position, reason: EventReject, detail: String) {
        let figures = &mut self.figures;
        figures.records += 1;
        figures.rejects_total += 1;
        let of_reason = figures.rejects_by_reason.entry(reason).or_insert(0);
        *of_reason += 1;
        if *of_reason <= self.limits.reject_samples as u64 {
            figures.rejects.push(RejectedRecord {
                line: at.line,
                offset: at.offset,
                reason,
                detail,
            });
        }
    }

    /// The log as a whole is refused.
    pub(crate) fn refuse_log(self, reason: LogReject, detail: impl Into<String>) -> ReadError {
        ReadError::Rejected {
            reason,
            detail: detail.into(),
            figures: Box::new(self.figures),
        }
    }

    /// The end of the log.
    pub(crate) fn finish(mut self, inflated_bytes: u64) -> Result<ParsedLog, ReadError> {
        self.figures.inflated_bytes = inflated_bytes;
        self.sessions.release_all();
        self.reject_refused();
        if self.sessions.is_empty() {
            return Err(self.refuse_without_records());
        }
        let mut parts = self.sessions.finish();
        let given = given_facts(self.context);
        let profile = self.profile.reference();
        for part in &mut parts {
            part.facts.fill_from(&self.log_facts);
            part.facts.fill_from(&given);
            part.profile.clone_from(&profile);
            self.figures.backward_steps += part.backward_steps;
        }
        Ok(ParsedLog {
            figures: self.figures,
            parts,
        })
    }

    fn refuse_without_records(self) -> ReadError {
        match self.figures.rejects.first() {
            None => self.refuse_log(LogReject::Empty, "it has no record"),
            Some(first) => {
                let detail = format!(
                    "none of its {} records is good; the first, at line {}: {}: {}",
                    self.figures.records, first.line, first.reason, first.detail
                );
                self.refuse_log(LogReject::NoGoodRecord, detail)
            }
        }
    }

    /// Whether the record counts.
    fn try_record(&mut self, at: Position, slots: &Slots<'_>) -> Result<bool, Refusal> {
        let profile = self.profile;
        let level = level_of(&profile.level, slots);
        let mut subject = Subject {
            slots,
            level,
            line: at.line,
        };
        if let Some(&(ruled, _)) = profile
            .level
            .when
            .iter()
            .find(|(_, all)| all.holds(subject))
        {
            subject.level = ruled;
        }
        if profile.metadata.holds(subject) {
            self.metadata(subject)?;
            return Ok(false);
        }
        if profile.ignore.holds(subject) {
            return Ok(false);
        }
        let rule = profile.time.as_ref();
        let time = time_of(rule, self.time_context, &mut self.minute, slots)?;
        let mut scratch = std::mem::take(&mut self.scratch);
        let result = self.event(at, subject, time, &mut scratch);
        self.scratch = scratch;
        result.map(|()| true)
    }

    fn event(
        &mut self,
        at: Position,
        subject: Subject<'_, '_>,
        time: Option<EventTime>,
        scratch: &mut String,
    ) -> Result<(), Refusal> {
        let profile = self.profile;
        let slots = subject.slots;
        let count = count_of(&profile.count, slots)?;
        let duration_us = duration_of(profile.duration.as_ref(), slots)?;
        let (error, kind) = classify(profile, subject);
        if self.seq >= self.limits.events {
            return refuse(
                EventReject::OverBound,
                format!("more than {} events", self.limits.events),
            );
        }
        let name = name_of(profile, slots, scratch)?;
        let session = &profile.session;
        let (id, group) = id_and_group(session, slots);
        let placed = Placed {
            event: Event {
                seq: self.seq,
                line: at.line,
                offset: at.offset,
                time,
                name,
                level: subject.level,
                error,
                kind,
                count,
                duration_us,
            },
            starts: session.start.holds(subject),
            ends: session.end.holds(subject),
            id,
            group,
            facts: if self.sessions.holds_back() {
                facts_of(profile, subject)
            } else {
                None
            },
            attributes: if self.sessions.observed() {
                attributes_of(profile, slots)
            } else {
                Vec::new()
            },
        };
        match self.sessions.place(placed) {
            Ok(Some(ordinal)) => {
                let facts = &mut self.sessions.part_mut(ordinal).facts;
                self.wanted.gather(profile, subject, ordinal, facts);
            }
            Ok(None) => {}
            Err(_) => return refuse(EventReject::OverBound, self.too_many_sessions()),
        }
        self.seq += 1;
        self.flag(time, slots);
        Ok(())
    }

    /// A line that says something of the sessions and is no event.
    fn metadata(&mut self, subject: Subject<'_, '_>) -> Result<(), Refusal> {
        if !self.profile.session.start.holds(subject) {
            gather_facts(self.profile, subject, &mut self.log_facts);
            return Ok(());
        }
        let rule = self.profile.time.as_ref();
        let time = time_of(rule, self.time_context, &mut self.minute, subject.slots);
        let time = time.unwrap_or_default();
        let (id, group) = id_and_group(&self.profile.session, subject.slots);
        let Ok(ordinal) = self.sessions.begin_unseen(id.as_deref(), group.as_deref()) else {
            return refuse(EventReject::OverBound, self.too_many_sessions());
        };
        let part = self.sessions.part_mut(ordinal);
        if part.events == 0 {
            part.started_at = time;
            part.last_activity_at = time;
        }
        gather_facts(self.profile, subject, &mut part.facts);
        Ok(())
    }

    fn flag(&mut self, time: Option<EventTime>, slots: &Slots<'_>) {
        let flags: &mut Flags = &mut self.figures.flags;
        flags.duplicate_keys += u64::from(slots.duplicates > 0);
        let Some(time) = time else { return };
        let latest = self.context.received_at.0.saturating_add(DAY_US);
        flags.epoch_start += u64::from((0..DAY_US).contains(&time.at.0));
        flags.far_ahead += u64::from(time.at.0 > latest);
        flags.no_zone += u64::from(time.zone == Zone::Local);
    }
}

/// What a record says of its session: an id, or else what keeps it apart.
fn id_and_group<'s>(
    rule: &SessionRule,
    slots: &'s Slots<'_>,
) -> (Option<Cow<'s, str>>, Option<Cow<'s, str>>) {
    match first_text(&rule.id, slots) {
        Some(id) => (Some(id), None),
        None => (None, first_text(&rule.group, slots)),
    }
}

/// Whether a record is an error, and what it means for its session.
fn classify(profile: &Profile, subject: Subject<'_, '_>) -> (bool, Kind) {
    let unhandled = profile.unhandled.holds(subject);
    let error = unhandled || profile.error.holds(subject);
    let kind = if profile.crash.holds(subject) {
        Kind::Crash
    } else if unhandled {
        Kind::Unhandled
    } else if error {
        Kind::Error
    } else {
        Kind::Normal
    };
    (error, kind)
}
