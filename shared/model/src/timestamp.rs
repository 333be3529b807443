//! Points in time, as integer microseconds.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::Day;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The earliest and the latest instant that Logbook stores: years 0001 to 9999, the range
    /// that RFC 3339 and MySQL's DATETIME can write.
    pub const RANGE: std::ops::RangeInclusive<i64> = (Day::from_civil(1, 1, 1).0 as i64
        * MICROS_PER_DAY)
        ..=(Day::from_civil(10_000, 1, 1).0 as i64 * MICROS_PER_DAY - 1);

    /// Checked: `None` outside [`Timestamp::RANGE`].
    pub fn from_micros(micros: i64) -> Option<Self> {
        Self::RANGE.contains(&micros).then_some(Self(micros))
    }

    /// The UTC day on which the instant lies.
    pub const fn day(self) -> Day {
        Day(self.0.div_euclid(MICROS_PER_DAY) as i32)
    }

    /// The first instant of a day.
    pub const fn start_of(day: Day) -> Self {
        Self(day.0 as i64 * MICROS_PER_DAY)
    }

    fn write(self, f: &mut fmt::Formatter<'_>, suffix: &str) -> fmt::Result {
        let micros = self.0.rem_euclid(MICROS_PER_DAY);
        let (secs, fraction) = (micros / 1_000_000, micros % 1_000_000);
        let (h, m, s) = (secs / 3600, secs / 60 % 60, secs % 60);
        write!(f, "{}T{h:02}:{m:02}:{s:02}", self.day())?;
        if fraction != 0 {
            if fraction % 1000 == 0 {
                write!(f, ".{:03}", fraction / 1000)?;
            } else {
                write!(f, ".{fraction:06}")?;
            }
        }
        f.write_str(suffix)
    }
}

/// RFC 3339 in UTC, with milli- or microseconds only where there are any.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "Z")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Whether a time of a log is an instant or only what a clock on some wall showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zone {
    /// The instant is known.
    Utc,
    /// Only the local time is known; its digits are kept as if they were UTC.
    Local,
}

/// The time of an event as its log states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTime {
    /// Microseconds since 1970-01-01T00:00:00, in UTC or by the wall clock.
    pub at: Timestamp,
    /// Which of the two.
    pub zone: Zone,
}

impl EventTime {
    /// A known instant.
    pub const fn utc(micros: i64) -> Self {
        Self {
            at: Timestamp(micros),
            zone: Zone::Utc,
        }
    }

    /// A wall-clock time.
    pub const fn local(micros: i64) -> Self {
        Self {
            at: Timestamp(micros),
            zone: Zone::Local,
        }
    }

    /// The day it counts for: local times count as UTC.
    pub const fn day(self) -> Day {
        self.at.day()
    }
}

/// RFC 3339: with `Z` where the instant is known, without a zone where it is local.
impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at
            .write(f, if self.zone == Zone::Utc { "Z" } else { "" })
    }
}

impl Serialize for EventTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_as_rfc_3339() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(
            Timestamp(1_569_311_346_067_000).to_string(),
            "2019-09-24T07:49:06.067Z"
        );
        assert_eq!(
            Timestamp(1_571_657_444_929_001).to_string(),
            "2019-10-21T11:30:44.929001Z"
        );
        assert_eq!(Timestamp(-1).to_string(), "1969-12-31T23:59:59.999999Z");
        assert_eq!(EventTime::local(0).to_string(), "1970-01-01T00:00:00");
    }

    #[test]
    fn instants_outside_the_storable_years_are_refused() {
        assert!(Timestamp::from_micros(i64::MAX).is_none());
        assert_eq!(
            Timestamp(*Timestamp::RANGE.end()).to_string(),
            "9999-12-31T23:59:59.999999Z"
        );
        assert_eq!(
            Timestamp(*Timestamp::RANGE.start()).to_string(),
            "0001-01-01T00:00:00Z"
        );
    }
}
