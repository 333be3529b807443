//! What a user agreed to.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::status::closed_names;

/// What the user of a session agreed to have kept, narrowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Nothing: such a log is never written anywhere.
    Off,
    /// Crashes only.
    Crash,
    /// Crashes and errors.
    Error,
    /// Everything the log says.
    Usage,
}

closed_names!(Consent {
    Off => "off",
    Crash => "crash",
    Error => "error",
    Usage => "usage",
});

/// A text that names no consent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("consent must be one of off, crash, error, usage")]
pub struct ConsentError;

/// ```
/// use logbook_model::Consent;
/// assert_eq!("Usage".parse(), Ok(Consent::Usage));
/// assert_eq!("OFF".parse(), Ok(Consent::Off));
/// assert!("sometimes".parse::<Consent>().is_err());
/// ```
impl FromStr for Consent {
    type Err = ConsentError;
    fn from_str(text: &str) -> Result<Self, ConsentError> {
        // Upper or lower case says the same.
        Self::from_name(&text.to_ascii_lowercase()).ok_or(ConsentError)
    }
}
