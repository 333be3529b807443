//! The time of a record.

use logbook_model::{Day, EventReject, EventTime, Timestamp};

use super::{Refusal, refuse};
use crate::log::LogContext;
use crate::profile::{DateFrom, Profile, TimeRule};
use crate::time::{Minute, Reading, TimeContext, TimeError, TimeFormat, read_time};
use crate::value::{Slots, Value, trimmed};

/// What the log's surroundings say about its times.
pub(super) fn time_context(profile: &Profile, context: &LogContext) -> TimeContext {
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

/// When a record happened, by the profile.
pub(super) fn time_of(
    rule: Option<&TimeRule>,
    context: TimeContext,
    minute: &mut Minute,
    slots: &Slots<'_>,
) -> Result<Option<EventTime>, Refusal> {
    let Some(rule) = rule else {
        return Ok(None);
    };
    let Some(value) = slots.first_with_text(&rule.slots) else {
        return if rule.required {
            refuse(EventReject::BadTime, "it has no time")
        } else {
            Ok(None)
        };
    };
    // What most logs write.
    if let (Some(TimeFormat::Rfc3339), Value::Text(text)) = (rule.formats.first(), value)
        && let Some(time) = minute.plain(trimmed(text))
    {
        return Ok(Some(with_nanos(time, rule, slots)));
    }
    any_time(value, rule, context, slots)
}

/// The same for any value.
fn any_time(
    value: &Value<'_>,
    rule: &TimeRule,
    mut context: TimeContext,
    slots: &Slots<'_>,
) -> Result<Option<EventTime>, Refusal> {
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
