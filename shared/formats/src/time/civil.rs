//! Parts of a date and time, and how they become a point in time.

use jiff::civil::DateTime;
use logbook_model::{Day, EventTime, Timestamp};

use super::{DefaultZone, Reading, TimeContext, TimeError};

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// A zone as a time states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offset {
    /// Seconds east of UTC.
    Seconds(i32),
}

/// A date and time with whatever parts the text had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Civil {
    /// Year.
    pub year: Option<i32>,
    /// Month, 1-12.
    pub month: Option<u32>,
    /// Day of the month, 1-31.
    pub day: Option<u32>,
    /// Day of the year, 1-366.
    pub day_of_year: Option<u32>,
    /// Hour, 0-23.
    pub hour: u32,
    /// Minute, 0-59.
    pub minute: u32,
    /// Second, 0-60: a leap second counts as the last microsecond of its minute.
    pub second: u32,
    /// Microseconds.
    pub micros: u32,
    /// Zone.
    pub offset: Option<Offset>,
    /// Seconds since the epoch, which make all but the fraction void.
    pub epoch_secs: Option<i64>,
}

impl Civil {
    /// The point in time.
    pub(crate) fn resolve(
        self,
        zone: &DefaultZone,
        context: TimeContext,
    ) -> Result<Reading, TimeError> {
        if let Some(secs) = self.epoch_secs {
            let micros = secs
                .checked_mul(MICROS_PER_SECOND)
                .and_then(|n| n.checked_add(i64::from(self.micros)));
            return in_range(micros.ok_or(TimeError::Range)?, EventTime::utc);
        }
        if self.hour > 23 || self.minute > 59 || self.second > 60 {
            return Err(TimeError::Range);
        }
        let (second, fraction) = if self.second == 60 {
            (59, 999_999)
        } else {
            (self.second, self.micros)
        };
        let of_day =
            (i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(second))
                * MICROS_PER_SECOND
                + i64::from(fraction);
        let Some(day) = self.date(of_day, context)? else {
            return Ok(Reading::NoDate);
        };
        let wall = i64::from(day.0) * MICROS_PER_DAY + of_day;
        match (self.offset, zone) {
            (Some(Offset::Seconds(east)), _) => {
                in_range(wall - i64::from(east) * MICROS_PER_SECOND, EventTime::utc)
            }
            (None, DefaultZone::Local) => in_range(wall, EventTime::local),
            (None, DefaultZone::Zone(zone)) => {
                in_range(at_zone(wall, zone).ok_or(TimeError::Range)?, EventTime::utc)
            }
        }
    }

    fn date(self, of_day: i64, context: TimeContext) -> Result<Option<Day>, TimeError> {
        if let (Some(year), Some(day)) = (self.year, self.day_of_year) {
            let days = if Day::days_in_month(year, 2) == 29 {
                366
            } else {
                365
            };
            if day == 0 || day > days {
                return Err(TimeError::Range);
            }
            return Ok(Some(Day::from_civil(year, 1, 1).plus(day as i32 - 1)));
        }
        let (Some(month), Some(day)) = (self.month, self.day) else {
            return Ok(context.date);
        };
        let exists = |year: i32| {
            (1..=12).contains(&month) && day >= 1 && day <= Day::days_in_month(year, month)
        };
        if let Some(year) = self.year {
            return if (1..=9999).contains(&year) && exists(year) {
                Ok(Some(Day::from_civil(year, month, day)))
            } else {
                Err(TimeError::Range)
            };
        }
        let Some(near) = context.near else {
            return Ok(None);
        };
        let latest = near.0.saturating_add(MICROS_PER_DAY);
        let (year, _, _) = near.day().civil();
        let fits = |year: &i32| {
            let start = i64::from(Day::from_civil(*year, month, day).0) * MICROS_PER_DAY;
            exists(*year) && start + of_day <= latest
        };
        // Eight years back reach a 29 February even across 1900 or 2100.
        (year - 8..=year + 1)
            .rev()
            .find(fits)
            .map(|year| Some(Day::from_civil(year, month, day)))
            .ok_or(TimeError::Range)
    }
}

fn in_range(micros: i64, make: fn(i64) -> EventTime) -> Result<Reading, TimeError> {
    Timestamp::from_micros(micros)
        .map(|at| Reading::At(make(at.0)))
        .ok_or(TimeError::Range)
}

/// The instant at which the clocks of a zone showed a time. In the hour that is skipped or
/// doubled at a change of clocks: as `java.time` and RFC 5545 take it.
fn at_zone(wall: i64, zone: &jiff::tz::TimeZone) -> Option<i64> {
    let (year, month, day) = Timestamp(wall).day().civil();
    let of_day = wall.rem_euclid(MICROS_PER_DAY);
    let secs = of_day / MICROS_PER_SECOND;
    let civil = DateTime::new(
        i16::try_from(year).ok()?,
        month as i8,
        day as i8,
        (secs / 3600) as i8,
        (secs / 60 % 60) as i8,
        (secs % 60) as i8,
        ((of_day % MICROS_PER_SECOND) * 1000) as i32,
    )
    .ok()?;
    Some(zone.to_timestamp(civil).ok()?.as_microsecond())
}

/// Reads `Z`, `+hh`, `+hhmm`, `+hh:mm` (also with `-`); gives the bytes used.
pub(super) fn parse_offset(bytes: &[u8]) -> Option<(Offset, usize)> {
    let sign = match bytes.first()? {
        b'Z' | b'z' => return Some((Offset::Seconds(0), 1)),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let two = |at: usize| -> Option<i32> {
        let (a, b) = (*bytes.get(at)?, *bytes.get(at + 1)?);
        (a.is_ascii_digit() && b.is_ascii_digit())
            .then(|| i32::from(a - b'0') * 10 + i32::from(b - b'0'))
    };
    let hours = two(1)?;
    let (minutes, used) = if bytes.get(3) == Some(&b':') {
        (two(4)?, 6)
    } else {
        match two(3) {
            Some(minutes) => (minutes, 5),
            None => (0, 3),
        }
    };
    (hours <= 18 && minutes <= 59)
        .then_some((Offset::Seconds(sign * (hours * 3600 + minutes * 60)), used))
}
