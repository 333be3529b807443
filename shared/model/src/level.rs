//! Severity levels.

use serde::{Deserialize, Serialize};

/// The severity of an event, by OpenTelemetry's short names.
///
/// Source: OpenTelemetry, Logs Data Model, "Displaying Severity".
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The log gives none.
    #[default]
    Unspecified,
    /// `SeverityNumber` 1-4.
    Trace,
    /// `SeverityNumber` 5-8.
    Debug,
    /// `SeverityNumber` 9-12.
    Info,
    /// `SeverityNumber` 13-16.
    Warn,
    /// `SeverityNumber` 17-20.
    Error,
    /// `SeverityNumber` 21-24.
    Fatal,
}

impl Level {
    /// Every level, mildest first. The position is the index in arrays by level.
    pub const ALL: [Self; 7] = [
        Self::Unspecified,
        Self::Trace,
        Self::Debug,
        Self::Info,
        Self::Warn,
        Self::Error,
        Self::Fatal,
    ];

    /// The name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// From an OpenTelemetry `SeverityNumber`; `None` above 24.
    pub const fn from_severity_number(number: u64) -> Option<Self> {
        Some(match number {
            0 => Self::Unspecified,
            1..=4 => Self::Trace,
            5..=8 => Self::Debug,
            9..=12 => Self::Info,
            13..=16 => Self::Warn,
            17..=20 => Self::Error,
            21..=24 => Self::Fatal,
            _ => return None,
        })
    }

    /// From a name as logging systems write it, in any case; `None` for a name unknown to all
    /// of them.
    ///
    /// Sources: syslog (RFC 5424), java.util.logging, Log4j, Python, .NET, Android, Bunyan.
    pub fn from_text(text: &str) -> Option<Self> {
        const NAMES: &[(&str, Level)] = &[
            ("INFO", Level::Info),
            ("DEBUG", Level::Debug),
            ("WARN", Level::Warn),
            ("WARNING", Level::Warn),
            ("ERROR", Level::Error),
            ("TRACE", Level::Trace),
            ("FATAL", Level::Fatal),
            ("SEVERE", Level::Error),
            ("CRITICAL", Level::Fatal),
            ("NOTICE", Level::Info),
            ("INFORMATION", Level::Info),
            ("INFORMATIONAL", Level::Info),
            ("INFORM", Level::Info),
            ("LOG", Level::Info),
            ("CONFIG", Level::Debug),
            ("VERBOSE", Level::Trace),
            ("FINE", Level::Debug),
            ("FINER", Level::Trace),
            ("FINEST", Level::Trace),
            ("ALL", Level::Trace),
            ("ERR", Level::Error),
            ("CRIT", Level::Fatal),
            ("ALERT", Level::Fatal),
            ("EMERG", Level::Fatal),
            ("EMERGENCY", Level::Fatal),
            ("PANIC", Level::Fatal),
            ("UNSPECIFIED", Level::Unspecified),
        ];
        // Most logs write one of these.
        match text {
            "info" | "INFO" => return Some(Self::Info),
            "debug" | "DEBUG" => return Some(Self::Debug),
            "warn" | "WARN" => return Some(Self::Warn),
            "error" | "ERROR" => return Some(Self::Error),
            _ => {}
        }
        NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|&(_, level)| level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_many_systems_are_known_in_any_case() {
        assert_eq!(Level::from_text("Warning"), Some(Level::Warn));
        assert_eq!(Level::from_text("SEVERE"), Some(Level::Error));
        assert_eq!(Level::from_text("custom log level"), None);
        for level in Level::ALL {
            assert_eq!(Level::from_text(level.name()), Some(level));
        }
    }

    #[test]
    fn severity_numbers_fall_into_their_ranges() {
        assert_eq!(Level::from_severity_number(9), Some(Level::Info));
        assert_eq!(Level::from_severity_number(17), Some(Level::Error));
        assert_eq!(Level::from_severity_number(24), Some(Level::Fatal));
        assert_eq!(Level::from_severity_number(25), None);
    }
}
