//! Figures for alarms and dashboards: each a trace event of one target, which the form of
//! logging in use writes out or leaves out.

/// The target of trace events that are metrics.
pub const TARGET: &str = "logbook::metric";

/// What a figure counts in: the names of CloudWatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A time.
    Seconds,
    /// A time.
    Milliseconds,
    /// A size.
    Bytes,
}

impl Unit {
    /// The name in CloudWatch.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
            Self::Milliseconds => "Milliseconds",
            Self::Bytes => "Bytes",
        }
    }
}

/// Gives one figure, by its name in the namespace `Logbook`. Where the value is no number, it is
/// passed over.
pub fn put(name: &'static str, unit: Unit, value: f64) {
    if value.is_finite() {
        tracing::info!(target: TARGET, metric = name, unit = unit.name(), value);
    }
}

/// Gives a number of things; none of them is no news.
pub fn count(name: &'static str, n: usize) {
    if n > 0 {
        put(name, Unit::Count, n as f64);
    }
}
