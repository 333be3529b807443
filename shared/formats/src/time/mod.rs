//! Times as logs write them.

mod civil;
mod pattern;
mod rfc3339;

use jiff::tz::TimeZone;
use logbook_model::{Day, EventTime, Timestamp};

pub(crate) use civil::Offset;
pub(crate) use pattern::{Pattern, PatternError};
pub(crate) use rfc3339::Minute;

use crate::value::{Value, trimmed};

/// One way to write a time.
#[derive(Debug, Clone)]
pub(crate) enum TimeFormat {
    /// A number since 1970-01-01T00:00:00Z in this many units a second; a fraction may follow.
    Epoch {
        /// 1, 1,000, 1,000,000 or 1,000,000,000.
        per_second: u64,
    },
    /// RFC 3339 and the ISO 8601 forms near it: `T` or a blank, a comma or a point before the
    /// fraction, with or without a zone.
    Rfc3339,
    /// A pattern like that of `strptime`.
    Pattern(Pattern),
}

/// What stands in for a zone that a time does not have.
#[derive(Debug, Clone, Default)]
pub(crate) enum DefaultZone {
    /// Nothing: the time is local.
    #[default]
    Local,
    /// A zone.
    Zone(TimeZone),
}

/// A format or a zone that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TimeFormatError {
    /// The pattern is faulty.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// Not a name of a zone.
    #[error(
        "{0:?} is not a zone: use \"local\", \"UTC\", an offset such as \"+02:00\", or a name such as \"Europe/Berlin\""
    )]
    Zone(String),
}

impl TimeFormat {
    /// From a profile's text: `epoch_s`, `epoch_ms`, `epoch_us`, `epoch_ns`, `rfc3339`, or a
    /// pattern with `%`.
    pub(crate) fn compile(text: &str) -> Result<Self, TimeFormatError> {
        Ok(match text {
            "epoch_s" => Self::Epoch { per_second: 1 },
            "epoch_ms" => Self::Epoch { per_second: 1_000 },
            "epoch_us" => Self::Epoch {
                per_second: 1_000_000,
            },
            "epoch_ns" => Self::Epoch {
                per_second: 1_000_000_000,
            },
            "rfc3339" => Self::Rfc3339,
            pattern => Self::Pattern(Pattern::compile(pattern)?),
        })
    }
}

impl DefaultZone {
    /// From a profile's text.
    pub(crate) fn compile(text: &str) -> Result<Self, TimeFormatError> {
        let error = || TimeFormatError::Zone(text.chars().take(60).collect());
        match text {
            "local" => Ok(Self::Local),
            "UTC" | "Z" => Ok(Self::Zone(TimeZone::UTC)),
            _ if text.starts_with(['+', '-']) => match civil::parse_offset(text.as_bytes()) {
                Some((Offset::Seconds(seconds), used)) if used == text.len() => {
                    let offset = jiff::tz::Offset::from_seconds(seconds).map_err(|_| error())?;
                    Ok(Self::Zone(TimeZone::fixed(offset)))
                }
                _ => Err(error()),
            },
            name => TimeZone::get(name).map(Self::Zone).map_err(|_| error()),
        }
    }
}

/// What a log's surroundings say about its times.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TimeContext {
    /// The day that times without one belong to, where the profile allows it.
    pub date: Option<Day>,
    /// The instant near which dates without a year lie: the last year is taken that does not
    /// put them more than a day after it.
    pub near: Option<Timestamp>,
}

/// Why a value is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeError {
    /// It does not fit the format.
    Format,
    /// It fits, but there is no such date, or it is out of the storable range.
    Range,
}

/// What a value says about when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A point in time.
    At(EventTime),
    /// A time of day, of a day that nothing names.
    NoDate,
}

/// Reads a value by the first of the formats that it fits.
pub(crate) fn read_time(
    value: &Value<'_>,
    formats: &[TimeFormat],
    zone: &DefaultZone,
    context: TimeContext,
) -> Result<Reading, TimeError> {
    let mut error = TimeError::Format;
    for format in formats {
        match read_one(value, format, zone, context) {
            Ok(reading) => return Ok(reading),
            Err(TimeError::Range) => error = TimeError::Range,
            Err(TimeError::Format) => {}
        }
    }
    Err(error)
}

/// The instant of an RFC 3339 text; `None` for any other, and for one without a zone.
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let civil = rfc3339::parse(text.trim()).ok()?;
    match civil
        .resolve(&DefaultZone::Local, TimeContext::default())
        .ok()?
    {
        Reading::At(time) if time.zone == logbook_model::Zone::Utc => Some(time.at),
        _ => None,
    }
}

fn read_one(
    value: &Value<'_>,
    format: &TimeFormat,
    zone: &DefaultZone,
    context: TimeContext,
) -> Result<Reading, TimeError> {
    match (format, value) {
        (TimeFormat::Epoch { per_second }, _) => epoch(value, *per_second),
        (TimeFormat::Rfc3339, Value::Text(text)) => {
            let text = trimmed(text);
            if let Some(time) = rfc3339::plain(text) {
                return Ok(Reading::At(time));
            }
            rfc3339::parse(text).and_then(|civil| civil.resolve(zone, context))
        }
        // A number may be meant as digits of a date: 20260201.
        (TimeFormat::Pattern(pattern), _) => pattern
            .parse(trimmed(&value.to_text().ok_or(TimeError::Format)?))
            .and_then(|civil| civil.resolve(zone, context)),
        (TimeFormat::Rfc3339, _) => Err(TimeError::Format),
    }
}

fn epoch(value: &Value<'_>, per_second: u64) -> Result<Reading, TimeError> {
    let at = |micros: i64| {
        Timestamp::from_micros(micros)
            .map(|at| Reading::At(EventTime::utc(at.0)))
            .ok_or(TimeError::Range)
    };
    let whole = |n: i64| match per_second {
        1 => n.checked_mul(1_000_000).ok_or(TimeError::Range),
        1_000 => n.checked_mul(1_000).ok_or(TimeError::Range),
        1_000_000 => Ok(n),
        _ => Ok(n.div_euclid(1_000)),
    };
    match value {
        Value::Uint(n) => at(whole(i64::try_from(*n).map_err(|_| TimeError::Range)?)?),
        Value::Int(n) => at(whole(*n)?),
        Value::Float(n) => {
            let micros = n * (1e6 / per_second as f64);
            if !micros.is_finite() || micros.abs() > 1e18 {
                return Err(TimeError::Range);
            }
            at(micros.round() as i64)
        }
        Value::Text(text) => {
            let text = trimmed(text);
            if let Ok(n) = text.parse::<i64>() {
                return at(whole(n)?);
            }
            let number = Value::Text(text.into()).to_f64().ok_or(TimeError::Format)?;
            // Digits are kept exactly: the whole and the fraction are read apart. Digits before an
            // exponent are no whole.
            let split = text.find(['.', ',']);
            let Some(split) = split.filter(|_| !text.contains(['e', 'E'])) else {
                return epoch(&Value::Float(number), per_second);
            };
            let whole_part = whole(text[..split].parse().map_err(|_| TimeError::Format)?)?;
            let fraction = number.fract() * (1e6 / per_second as f64);
            at(whole_part + fraction.round() as i64)
        }
        _ => Err(TimeError::Format),
    }
}

#[cfg(test)]
mod tests;
