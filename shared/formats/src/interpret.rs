//! From a record's fields to an event, by the profile.

use std::borrow::Cow;

use logbook_model::{
    Day, Event, EventReject, EventTime, Kind, Level, LogReject, SessionFacts, Timestamp, Zone,
};

use crate::limits::Limits;
use crate::log::{Flags, LogContext, LogFigures, ParsedLog, ReadError, RejectedRecord};
use crate::profile::rules::Subject;
use crate::profile::template::Template;
use crate::profile::{DateFrom, DurationRule, LevelRule, Profile, Scale, TimeRule, Unit};
use crate::sessions::{Observer, Placed, Sessions};
use crate::time::{Reading, TimeContext, TimeError, read_time};
use crate::value::{Slots, Value};

const DAY_US: i64 = 86_400_000_000;
/// Longest duration believed, in microseconds: ten years.
const MAX_DURATION_US: f64 = 10.0 * 366.0 * 86_400_000_000.0;
/// Most occurrences one row may stand for.
const MAX_COUNT: u64 = 1_000_000_000_000;

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
    sessions: Sessions<'p, 'o>,
    figures: LogFigures,
    log_facts: SessionFacts,
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
            sessions: Sessions::new(context, limits, &profile.session, observer),
            figures: LogFigures::default(),
            log_facts: SessionFacts::default(),
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

    /// Whether single events are looked at, and not only their sum.
    pub(crate) const fn observed(&self) -> bool {
        self.sessions.observed()
    }

    /// Counts a line whose text had to be repaired.
    pub(crate) const fn repaired(&mut self) {
        self.figures.repaired_utf8 += 1;
    }

    /// Takes a record whose fields are in their slots.
    pub(crate) fn record(&mut self, at: Position, slots: &Slots<'_>) {
        match self.try_record(at, slots) {
            Ok(good) => self.figures.records += u64::from(good),
            Err(Refusal(reason, detail)) => self.reject(at, reason, detail.into_owned()),
        }
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
        let mut parts = std::mem::replace(
            &mut self.sessions,
            Sessions::new(self.context, self.limits, &self.profile.session, None),
        )
        .finish();
        let given = given_facts(self.context);
        let profile = self.profile.reference();
        for part in &mut parts {
            part.facts.fill_from(&self.log_facts);
            part.facts.fill_from(&given);
            part.profile.clone_from(&profile);
            self.figures.backward_steps += part.backward_steps;
        }
        if self.seq > 0 || !parts.is_empty() {
            return Ok(ParsedLog {
                figures: self.figures,
                parts,
            });
        }
        match self.figures.rejects.first() {
            None => Err(self.refuse_log(LogReject::Empty, "it has no record")),
            Some(first) => {
                let detail = format!(
                    "none of its {} records is good; the first, at line {}: {}: {}",
                    self.figures.records, first.line, first.reason, first.detail
                );
                Err(self.refuse_log(LogReject::NoGoodRecord, detail))
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
        let time = self.time(slots)?;
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
        let (error, kind) = self.classify(subject);
        if self.seq >= self.limits.events {
            return refuse(
                EventReject::OverBound,
                format!("more than {} events", self.limits.events),
            );
        }
        let session = &profile.session;
        let id = first_text(&session.id, slots);
        let group = if id.is_none() {
            first_text(&session.group, slots)
        } else {
            None
        };
        let name = name_of(profile, slots, scratch)?;
        let holds_back = self.sessions.holds_back();
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
            facts: if holds_back {
                let mut facts = SessionFacts::default();
                gather_facts(profile, subject, &mut facts);
                facts
            } else {
                SessionFacts::default()
            },
            attributes: if self.sessions.observed() {
                attributes_of(profile, slots)
            } else {
                Vec::new()
            },
        };
        match self.sessions.place(placed) {
            Ok(Some(ordinal)) => {
                gather_facts(profile, subject, &mut self.sessions.part_mut(ordinal).facts);
            }
            Ok(None) => {}
            Err(_) => {
                return refuse(
                    EventReject::OverBound,
                    format!("more than {} sessions", self.limits.sessions),
                );
            }
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
        let time = self.time(subject.slots).unwrap_or_default();
        let Ok(ordinal) = self.sessions.begin_unseen() else {
            return refuse(
                EventReject::OverBound,
                format!("more than {} sessions", self.limits.sessions),
            );
        };
        let part = self.sessions.part_mut(ordinal);
        part.started_at = time;
        part.last_activity_at = time;
        gather_facts(self.profile, subject, &mut part.facts);
        Ok(())
    }

    fn time(&self, slots: &Slots<'_>) -> Result<Option<EventTime>, Refusal> {
        let Some(rule) = &self.profile.time else {
            return Ok(None);
        };
        let value = rule
            .slots
            .iter()
            .map(|&slot| slots.get(slot))
            .find(|v| v.has_text());
        let Some(value) = value else {
            return if rule.required {
                refuse(EventReject::BadTime, "it has no time")
            } else {
                Ok(None)
            };
        };
        let mut context = self.time_context;
        if let Some(slot) = rule.date
            && let Some(date) = slots.get(slot).to_text().and_then(|text| text.parse().ok())
        {
            context.date = Some(date);
        }
        match read_time(value, &rule.formats, &rule.zone, context) {
            Ok(Reading::At(time)) => Ok(Some(with_nanos(time, rule, slots))),
            Ok(Reading::NoDate) => Ok(None),
            Err(TimeError::Format) => refuse(
                EventReject::BadTime,
                "its time does not fit the profile's formats",
            ),
            Err(TimeError::Range) => refuse(
                EventReject::OutOfRange,
                "its time is no date, or beyond the years 1-9999",
            ),
        }
    }

    fn classify(&self, subject: Subject<'_, '_>) -> (bool, Kind) {
        let profile = self.profile;
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

fn time_context(profile: &Profile, context: &LogContext) -> TimeContext {
    let modified = context.modified_at;
    let date = |from: &DateFrom| match from {
        DateFrom::FileName => context.file_name.as_deref().and_then(date_in_name),
        DateFrom::Modified => modified.map(Timestamp::day),
    };
    TimeContext {
        date: profile
            .time
            .as_ref()
            .and_then(|rule| rule.date_from.iter().find_map(date)),
        near: Some(modified.unwrap_or(context.received_at)),
    }
}

/// The first `YYYY-MM-DD`, `YYYY_MM_DD`, `YYYY.MM.DD` or `YYYYMMDD` in a name.
fn date_in_name(name: &str) -> Option<Day> {
    let bytes = name.as_bytes();
    (0..bytes.len()).find_map(|start| {
        if start > 0 && bytes[start - 1].is_ascii_digit() {
            return None;
        }
        let rest = &bytes[start..];
        let separated =
            rest.get(4).is_some_and(|b| b"-_.".contains(b)) && rest.get(4) == rest.get(7);
        let places = if separated {
            [0, 1, 2, 3, 5, 6, 8, 9]
        } else {
            [0, 1, 2, 3, 4, 5, 6, 7]
        };
        let mut digits = [0u32; 8];
        for (digit, place) in digits.iter_mut().zip(places) {
            let byte = *rest.get(place).filter(|b| b.is_ascii_digit())?;
            *digit = u32::from(byte - b'0');
        }
        if rest.get(places[7] + 1).is_some_and(u8::is_ascii_digit) {
            return None;
        }
        let number =
            |range: std::ops::Range<usize>| digits[range].iter().fold(0, |n, d| n * 10 + d);
        let (year, month, day) = (number(0..4) as i32, number(4..6), number(6..8));
        let exists = (1970..=2999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=Day::days_in_month(year, month)).contains(&day);
        exists.then(|| Day::from_civil(year, month, day))
    })
}

fn with_nanos(time: EventTime, rule: &TimeRule, slots: &Slots<'_>) -> EventTime {
    let nanos = rule.nanos.and_then(|slot| slots.get(slot).to_u64());
    match nanos {
        Some(nanos) if nanos < 1_000_000_000 => EventTime {
            at: Timestamp(time.at.0 + (nanos / 1000) as i64),
            ..time
        },
        _ => time,
    }
}

fn level_of(rule: &LevelRule, slots: &Slots<'_>) -> Level {
    let known = rule.slots.iter().find_map(|&slot| {
        let value = slots.get(slot);
        if !value.has_text() {
            return None;
        }
        let level = one_level(rule, value);
        (level != Some(Level::Unspecified))
            .then_some(level)
            .flatten()
    });
    known.unwrap_or(rule.default)
}

fn one_level(rule: &LevelRule, value: &Value<'_>) -> Option<Level> {
    if let Some(scale) = rule.scale
        && let Some(number) = value.to_u64()
    {
        return by_scale(scale, number);
    }
    let text = value.to_text()?;
    let text = text.trim();
    if !rule.map.is_empty() {
        let mapped = match rule.map.get(text) {
            None if text.bytes().any(|b| b.is_ascii_uppercase()) => {
                rule.map.get(&text.to_ascii_lowercase())
            }
            found => found,
        };
        if let Some(&level) = mapped {
            return Some(level);
        }
    }
    Level::from_text(text)
}

fn by_scale(scale: Scale, number: u64) -> Option<Level> {
    match scale {
        Scale::SeverityNumber => Level::from_severity_number(number),
        Scale::Syslog => Some(match number {
            0..=2 => Level::Fatal,
            3 => Level::Error,
            4 => Level::Warn,
            5 | 6 => Level::Info,
            7 => Level::Debug,
            _ => return None,
        }),
        Scale::Bunyan => Some(match number {
            0 => return None,
            1..=10 => Level::Trace,
            11..=20 => Level::Debug,
            21..=30 => Level::Info,
            31..=40 => Level::Warn,
            41..=50 => Level::Error,
            _ => Level::Fatal,
        }),
        Scale::Python => Some(match number {
            0 => return None,
            1..=9 => Level::Trace,
            10..=19 => Level::Debug,
            20..=29 => Level::Info,
            30..=39 => Level::Warn,
            40..=49 => Level::Error,
            _ => Level::Fatal,
        }),
    }
}

fn name_of<'s>(
    profile: &'s Profile,
    slots: &'s Slots<'_>,
    scratch: &'s mut String,
) -> Result<Cow<'s, str>, Refusal> {
    let fits = profile
        .name
        .templates
        .iter()
        .find(|template| template.fits(slots));
    let rendered = fits.and_then(|template| template.render(slots, scratch));
    match (rendered, &profile.name.default) {
        (Some(Cow::Borrowed(name)), _) => Ok(Event::bounded_name(name)),
        (Some(Cow::Owned(name)), _) => Ok(Cow::Owned(Event::bounded_name(&name).into_owned())),
        (None, Some(default)) => Ok(Cow::Borrowed(default)),
        (None, None) => refuse(
            EventReject::NoName,
            "none of the fields that name an event is there",
        ),
    }
}

fn count_of(slots_of: &[usize], slots: &Slots<'_>) -> Result<u64, Refusal> {
    let value = slots_of
        .iter()
        .map(|&slot| slots.get(slot))
        .find(|v| v.has_text());
    match value.map(Value::to_u64) {
        None => Ok(1),
        Some(Some(count)) if count <= MAX_COUNT => Ok(count),
        Some(_) => refuse(
            EventReject::OutOfRange,
            format!("its count is no whole number from 0 to {MAX_COUNT}"),
        ),
    }
}

fn duration_of(rule: Option<&DurationRule>, slots: &Slots<'_>) -> Result<Option<u64>, Refusal> {
    let Some(rule) = rule else { return Ok(None) };
    let value = rule
        .slots
        .iter()
        .map(|&slot| slots.get(slot))
        .find(|v| v.has_text());
    let Some(value) = value else { return Ok(None) };
    let factor = match rule.unit {
        Unit::S => 1e6,
        Unit::Ms => 1e3,
        Unit::Us => 1.0,
        Unit::Ns => 1e-3,
    };
    match value.to_f64().map(|number| number * factor) {
        Some(us) if (0.0..=MAX_DURATION_US).contains(&us) => Ok(Some(us.round() as u64)),
        _ => refuse(
            EventReject::OutOfRange,
            "its duration is no number from 0 to ten years",
        ),
    }
}

fn first_text<'s>(templates: &[Template], slots: &'s Slots<'_>) -> Option<Cow<'s, str>> {
    templates.iter().find_map(|template| template.text(slots))
}

fn attributes_of(profile: &Profile, slots: &Slots<'_>) -> Vec<(String, String)> {
    let kept = profile.attributes.iter();
    kept.filter_map(|(name, slot)| {
        let text = slots.get(*slot).to_text()?;
        Some((name.clone(), text.into_owned()))
    })
    .collect()
}

/// Fills in the facts that are not known yet and that this record says.
fn gather_facts(profile: &Profile, subject: Subject<'_, '_>, facts: &mut SessionFacts) {
    for source in &profile.facts {
        let held = fact_mut(facts, source.fact);
        if held.is_some() || !source.when.holds(subject) {
            continue;
        }
        let mut scratch = String::new();
        let Some(text) = source.value.render(subject.slots, &mut scratch) else {
            continue;
        };
        let text = match &source.pattern {
            None => Some(&*text),
            Some(pattern) => pattern
                .captures(&text)
                .and_then(|groups| groups.name("value"))
                .map(|group| group.as_str()),
        };
        *held = text.and_then(SessionFacts::bounded);
    }
}

/// What the uploader said of all sessions.
fn given_facts(context: &LogContext) -> SessionFacts {
    let mut facts = SessionFacts::default();
    for (position, name) in crate::profile::FACTS.iter().enumerate() {
        if let Some(text) = context.metadata.get(*name) {
            *fact_mut(&mut facts, position) = SessionFacts::bounded(text);
        }
    }
    facts
}

/// A fact by its position in [`crate::profile::FACTS`].
fn fact_mut(facts: &mut SessionFacts, position: usize) -> &mut Option<String> {
    match position {
        0 => &mut facts.version,
        1 => &mut facts.os,
        2 => &mut facts.runtime,
        3 => &mut facts.user,
        4 => &mut facts.installation,
        5 => &mut facts.account,
        _ => &mut facts.environment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_found_in_file_names() {
        let day = |name| date_in_name(name).map(|day| day.to_string());
        assert_eq!(day("server-2024-02-29.log").as_deref(), Some("2024-02-29"));
        assert_eq!(day("2024-02-29-3.log.gz").as_deref(), Some("2024-02-29"));
        assert_eq!(day("app_20240229_1.log").as_deref(), Some("2024-02-29"));
        assert_eq!(day("app.log.2011_05_27").as_deref(), Some("2011-05-27"));
        assert_eq!(day("build-12345678901.log"), None);
        assert_eq!(day("v2023-02-30.log"), None);
    }
}
