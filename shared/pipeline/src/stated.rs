//! The consent that a log's own attributes state, as OpenTelemetry's resources do.

use std::io::{Cursor, Read};

use logbook_model::Consent;
use logbook_seal::{Inflate, InflateError};
use memchr::memmem;
use regex::bytes::Regex;

/// The resource attribute by which an application states its user's consent.
const CONSENT: &[u8] = b"logbook.consent";
/// Most bytes of a body that are searched for it: what a body of the allowed size inflates to
/// at gzip's best, and no more than memory bears.
const MAX_SEARCHED_BYTES: u64 = 64 << 20;
/// OTLP/JSON, then protobuf: key (field 1), value (field 2) with `string_value` (field 1).
const FORMS: [&str; 2] = [
    r#"(?s-u)"logbook\.consent"\s*,\s*"value"\s*:\s*\{\s*"(?:stringValue|string_value)"\s*:\s*"([a-z]+)""#,
    r"(?s-u)\x0a\x0flogbook\.consent\x12.\x0a.([a-z]+)",
];

/// Why it is not known what consent a log states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatedError {
    /// It names the attribute in no form that can be read.
    #[error("the attribute logbook.consent must be a string: off, crash, error or usage")]
    Unreadable,
    /// It inflates to more than is searched.
    #[error("it inflates to more than {MAX_SEARCHED_BYTES} bytes; send less at once")]
    TooLarge,
}

/// The strictest consent that a body's attributes state; `None` where they state none. A body
/// that does not inflate states none: parsing rejects it by name.
pub fn stated_consent(body: &[u8]) -> Result<Option<Consent>, StatedError> {
    let mut plain = Vec::new();
    let inflated = Inflate::new(Cursor::new(body), MAX_SEARCHED_BYTES).read_to_end(&mut plain);
    if let Err(error) = inflated
        && let Some(InflateError::Bomb { .. }) = InflateError::of(&error)
    {
        return Err(StatedError::TooLarge);
    }
    let mut unread = memmem::find_iter(&plain, CONSENT).count();
    if unread == 0 {
        return Ok(None);
    }
    let mut strictest: Option<Consent> = None;
    for form in FORMS {
        let Ok(pattern) = Regex::new(form) else {
            continue;
        };
        for found in pattern.captures_iter(&plain) {
            let stated = std::str::from_utf8(&found[1]).ok().and_then(prefix);
            let stated = stated.ok_or(StatedError::Unreadable)?;
            strictest = Some(strictest.map_or(stated, |held| held.min(stated)));
            unread = unread.saturating_sub(1);
        }
    }
    match strictest {
        Some(Consent::Off) => Ok(Some(Consent::Off)),
        Some(consent) if unread == 0 => Ok(Some(consent)),
        _ => Err(StatedError::Unreadable),
    }
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
        assert_eq!(stated_consent(odd), Err(StatedError::Unreadable));
    }
}
