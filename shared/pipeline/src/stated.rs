//! The consent that a log's own attributes state, as OpenTelemetry's resources do.

use std::io::{Cursor, Read};

use logbook_model::Consent;
use logbook_seal::{Inflate, InflateError};
use memchr::memmem;
use regex::bytes::Regex;

/// The resource attribute by which an application states its user's consent.
const CONSENT: &[u8] = b"logbook.consent";
/// Most bytes of a body that are searched for it: no more than memory bears.
const MAX_SEARCHED_BYTES: u64 = 64 << 20;
/// The attribute's key: as a JSON text, or as field 1 in protobuf. Within a JSON text the quotes
/// would be escaped: a message that speaks of the attribute states nothing.
const KEY: &str = r#"(?s-u)(?:"logbook\.consent"|\x0a\x0flogbook\.consent)"#;
/// OTLP/JSON, then protobuf: key (field 1), value (field 2) with `string_value` (field 1).
const FORMS: [&str; 2] = [
    r#"(?s-u)"logbook\.consent"\s*,\s*"value"\s*:\s*\{\s*"(?:stringValue|string_value)"\s*:\s*"([a-z]+)""#,
    r"(?s-u)\x0a\x0flogbook\.consent\x12.\x0a.([a-z]+)",
];

/// What a log states of consent is not known for sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatedError {
    /// It names the attribute in a form that cannot be read.
    #[error("the attribute logbook.consent must be a string: off, crash, error or usage")]
    Unreadable {
        /// The strictest of what could be read.
        read: Option<Consent>,
    },
    /// It goes on after what is searched.
    #[error(
        "inflated it has more than {MAX_SEARCHED_BYTES} bytes, in which no consent is looked for: \
         send less at once"
    )]
    TooLarge {
        /// The strictest of what could be read.
        read: Option<Consent>,
    },
}

impl StatedError {
    /// The strictest of what could be read.
    pub const fn read(self) -> Option<Consent> {
        match self {
            Self::Unreadable { read } | Self::TooLarge { read } => read,
        }
    }
}

/// The strictest consent that a body's attributes state; `None` where they state none. A body
/// that does not inflate states none: parsing rejects it by name.
pub fn stated_consent(body: &[u8]) -> Result<Option<Consent>, StatedError> {
    let mut plain = Vec::new();
    let inflated = Inflate::new(Cursor::new(body), MAX_SEARCHED_BYTES).read_to_end(&mut plain);
    let beyond = inflated
        .is_err_and(|error| matches!(InflateError::of(&error), Some(InflateError::Bomb { .. })));
    let (read, unread) = search(&plain);
    if beyond {
        Err(StatedError::TooLarge { read })
    } else if unread > 0 {
        Err(StatedError::Unreadable { read })
    } else {
        Ok(read)
    }
}

/// The strictest consent that is stated, and how often one is in no form that can be read.
fn search(plain: &[u8]) -> (Option<Consent>, usize) {
    if memmem::find(plain, CONSENT).is_none() {
        return (None, 0);
    }
    let mut unread = Regex::new(KEY).map_or(0, |key| key.find_iter(plain).count());
    let mut strictest: Option<Consent> = None;
    for pattern in FORMS.iter().filter_map(|form| Regex::new(form).ok()) {
        for found in pattern.captures_iter(plain) {
            if let Some(stated) = std::str::from_utf8(&found[1]).ok().and_then(prefix) {
                strictest = Some(strictest.map_or(stated, |held| held.min(stated)));
                unread = unread.saturating_sub(1);
            }
        }
    }
    (strictest, unread)
}

/// The consent at the start of a text: in protobuf other fields follow at once.
fn prefix(text: &str) -> Option<Consent> {
    Consent::ALL
        .iter()
        .copied()
        .find(|consent| text.starts_with(consent.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_is_found_in_json_and_protobuf() {
        let json = br#"{"attributes":[{"key":"logbook.consent","value":{"stringValue":"error"}}]}"#;
        assert_eq!(stated_consent(json), Ok(Some(Consent::Error)));
        let protobuf = b"\x0a\x17\x0a\x0flogbook.consent\x12\x07\x0a\x05crash";
        assert_eq!(stated_consent(protobuf), Ok(Some(Consent::Crash)));
        assert_eq!(stated_consent(b"{}"), Ok(None));
        let both = br#"{"key":"logbook.consent","value":{"stringValue":"usage"}},
                       {"key":"logbook.consent","value":{"stringValue":"off"}}"#;
        assert_eq!(stated_consent(both), Ok(Some(Consent::Off)));
        let odd = br#"{"key":"logbook.consent","value":{"intValue":"1"}}"#;
        assert_eq!(
            stated_consent(odd),
            Err(StatedError::Unreadable { read: None })
        );
        let off = br#"{"key":"logbook.consent","value":{"stringValue":"off"}},
                      {"key":"logbook.consent","value":{"stringValue":"perhaps"}}"#;
        let read = Some(Consent::Off);
        assert_eq!(stated_consent(off), Err(StatedError::Unreadable { read }));
    }

    #[test]
    fn a_message_that_speaks_of_the_attribute_states_nothing() {
        let said = br#"{"body":{"stringValue":"\"logbook.consent\" is set, see logbook.consent"}}"#;
        assert_eq!(stated_consent(said), Ok(None));
    }
}
