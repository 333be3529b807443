//! How a session went, and how it ended.

use serde::{Deserialize, Serialize};

macro_rules! closed_names {
    ($name:ident { $($variant:ident => $text:literal),+ $(,)? }) => {
        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name used in stores, APIs and files.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The inverse of `name`.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
pub(crate) use closed_names;

/// The worst that is known of a session. The order is the order of badness: the worst wins.
///
/// Source of the states: Sentry's release health (ok, exited, errored, unhandled, abnormal,
/// crashed).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing bad, no explicit end.
    #[default]
    Ok,
    /// Nothing bad, ended explicitly.
    Exited,
    /// At least one error that the software handled.
    Errored,
    /// At least one error that nothing in the software handled, though it ran on.
    Unhandled,
    /// It should have ended explicitly and did not: derived, never stored in a part.
    Abnormal,
    /// It crashed.
    Crashed,
}

closed_names!(Status {
    Ok => "ok",
    Exited => "exited",
    Errored => "errored",
    Unhandled => "unhandled",
    Abnormal => "abnormal",
    Crashed => "crashed",
});

/// How it is known that a session is over.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Not known to be over.
    #[default]
    Unknown,
    /// Records that precede the first start of their log: the run began in some earlier log.
    Continued,
    /// A later session began in the same log, or it was silent for longer than the product's
    /// session timeout.
    Timeout,
    /// The software said so.
    Explicit,
    /// It crashed.
    Crash,
}

closed_names!(EndReason {
    Unknown => "unknown",
    Continued => "continued",
    Timeout => "timeout",
    Explicit => "explicit",
    Crash => "crash",
});
