//! The consent that a log's own attributes state, as OpenTelemetry's resources do.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use logbook_model::Consent;
use logbook_seal::{Inflate, InflateError};
use memchr::memmem;
use regex::bytes::Regex;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The resource attribute by which an application states its user's consent.
const CONSENT: &[u8] = b"logbook.consent";
/// Most bytes that are searched of a body whose sender waits for an answer.
pub const MAX_SEARCHED_BYTES: u64 = 256 << 20;
/// A body is searched in pieces of as many bytes.
const PIECE_BYTES: usize = 64 << 20;
/// More bytes than an attribute takes, however it is written.
const ATTRIBUTE_BYTES: usize = 4096;
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
        /// Whether it is an attribute for certain, and not a text that speaks of it.
        certain: bool,
    },
    /// It goes on after what is searched.
    #[error(
        "inflated it has more than {max} bytes, in which no consent is looked for: send less at once"
    )]
    TooLarge {
        /// The bytes that are searched.
        max: u64,
        /// The strictest of what could be read.
        read: Option<Consent>,
    },
}

impl StatedError {
    /// The strictest of what could be read.
    pub const fn read(self) -> Option<Consent> {
        match self {
            Self::Unreadable { read, .. } | Self::TooLarge { read, .. } => read,
        }
    }

    /// The strictest of what could be read; `off` where something is stated for certain that
    /// cannot be read.
    pub const fn strictest(self) -> Option<Consent> {
        match self {
            Self::Unreadable { certain: true, .. } => Some(Consent::Off),
            _ => self.read(),
        }
    }
}

/// The strictest consent that a body's attributes state; `None` where they state none. A body
/// that does not inflate states none: parsing rejects it by name. No more than `max` bytes are
/// searched of what it inflates to, in memory of 64 MiB.
pub fn stated_consent(body: &[u8], max: u64) -> Result<Option<Consent>, StatedError> {
    in_pieces(body, max, PIECE_BYTES)
}

fn in_pieces(body: &[u8], max: u64, bytes: usize) -> Result<Option<Consent>, StatedError> {
    let mut source = Inflate::new(Cursor::new(body), max);
    let (mut piece, mut found) = (Vec::new(), Found::default());
    loop {
        let room = bytes - piece.len();
        let inflated = source.by_ref().take(room as u64).read_to_end(&mut piece);
        let is_last = !matches!(inflated, Ok(read) if read == room);
        let end = if is_last { piece.len() } else { cut(&piece) };
        found.look_at(&piece[..end]);
        piece.drain(..end);
        if let Err(error) = &inflated
            && matches!(InflateError::of(error), Some(InflateError::Bomb { .. }))
        {
            let read = found.read;
            return Err(StatedError::TooLarge { max, read });
        }
        if is_last {
            return found.stated();
        }
    }
}

/// Where a piece ends that goes on: after a line of JSON; in what has no lines, or is none, before
/// an attribute that may not be whole.
fn cut(piece: &[u8]) -> usize {
    let is_json = piece.trim_ascii_start().first() == Some(&b'{');
    let line = memchr::memrchr(b'\n', piece).filter(|_| is_json);
    if let Some(line) = line {
        return line + 1;
    }
    // Before the name stands what marks it as a key.
    let tail = piece.len().saturating_sub(2 * ATTRIBUTE_BYTES);
    let named = memmem::rfind(&piece[tail..], CONSENT).map(|at| (tail + at).saturating_sub(2));
    let end = named.unwrap_or_else(|| piece.len().saturating_sub(ATTRIBUTE_BYTES));
    // A piece that is not shortened would never end.
    if end == 0 { piece.len() } else { end }
}

/// What was found of consent so far.
#[derive(Default)]
struct Found {
    read: Option<Consent>,
    unread: usize,
    certain: bool,
}

impl Found {
    fn look_at(&mut self, plain: &[u8]) {
        let (read, mut unread) = search(plain);
        self.read = stricter(self.read, read);
        if let Some(stated) = otlp_json(plain) {
            self.read = stricter(self.read, stated.strictest);
            self.certain |= stated.unread > 0;
            if stated.whole || stated.unread > 0 {
                // The search knows no JSON: of what was read here it may have missed the form.
                unread = stated.unread;
            }
        }
        self.unread += unread;
    }

    const fn stated(self) -> Result<Option<Consent>, StatedError> {
        let Self {
            read,
            unread,
            certain,
        } = self;
        if unread > 0 {
            return Err(StatedError::Unreadable { read, certain });
        }
        Ok(read)
    }
}

fn stricter(one: Option<Consent>, other: Option<Consent>) -> Option<Consent> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        _ => one.or(other),
    }
}

/// What resources of OTLP/JSON state.
#[derive(Default)]
struct Stated {
    strictest: Option<Consent>,
    /// Attributes of the name that are none of the four texts.
    unread: usize,
    /// All of it is JSON.
    whole: bool,
}

#[derive(Deserialize)]
struct Export<'a> {
    #[serde(rename = "resourceLogs", alias = "resource_logs", borrow)]
    resource_logs: Vec<ResourceLogs<'a>>,
}

#[derive(Deserialize)]
struct ResourceLogs<'a> {
    #[serde(borrow)]
    resource: Option<Resource<'a>>,
}

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(default, borrow)]
    attributes: Vec<Attribute<'a>>,
}

#[derive(Deserialize)]
struct Attribute<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

/// Reads bodies of OTLP/JSON, one after the other; `None` where the first is none.
fn otlp_json(plain: &[u8]) -> Option<Stated> {
    let mut stated = Stated::default();
    let mut exports = serde_json::Deserializer::from_slice(plain).into_iter::<Export<'_>>();
    let mut export = exports.next()?.ok()?;
    loop {
        let resources = export.resource_logs.iter();
        let attributes = resources.filter_map(|logs| logs.resource.as_ref());
        for attribute in attributes.flat_map(|resource| &resource.attributes) {
            if attribute.key.as_bytes() != CONSENT {
                continue;
            }
            match attribute.value.and_then(named) {
                Some(consent) => stated.strictest = stricter(stated.strictest, Some(consent)),
                None => stated.unread += 1,
            }
        }
        match exports.next() {
            Some(Ok(next)) => export = next,
            rest => {
                stated.whole = rest.is_none();
                return Some(stated);
            }
        }
    }
}

/// The consent that an attribute's value is, in whatever case.
fn named(value: &RawValue) -> Option<Consent> {
    let value: serde_json::Value = serde_json::from_str(value.get()).ok()?;
    let text = value
        .get("stringValue")
        .or_else(|| value.get("string_value"));
    let text = text?.as_str()?.trim().to_ascii_lowercase();
    Consent::ALL
        .iter()
        .copied()
        .find(|consent| consent.name() == text)
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

    fn stated_consent(body: &[u8]) -> Result<Option<Consent>, StatedError> {
        super::stated_consent(body, MAX_SEARCHED_BYTES)
    }

    #[test]
    fn consent_is_found_wherever_a_piece_ends() {
        let line = |consent: &str| {
            format!(
                r#"{{"resourceLogs":[{{"resource":{{"attributes":[{{"key":"logbook.consent","value":{{"stringValue":"{consent}"}}}}]}}}}]}}"#
            ) + "\n"
        };
        let lines = line("usage").repeat(400) + &line("crash");
        let mut proto = b"\x0a\x17\x0a\x0flogbook.consent\x12\x07\x0a\x05error".repeat(900);
        proto.extend(b"\x0a\x15\x0a\x0flogbook.consent\x12\x05\x0a\x03off");
        for bytes in 16_384..16_384 + 150 {
            let found = in_pieces(lines.as_bytes(), MAX_SEARCHED_BYTES, bytes);
            assert_eq!(found, Ok(Some(Consent::Crash)), "{bytes}");
            let found = in_pieces(&proto, MAX_SEARCHED_BYTES, bytes);
            assert_eq!(found, Ok(Some(Consent::Off)), "{bytes}");
        }
        let too_large = in_pieces(lines.as_bytes(), 20_000, 16_384);
        let read = Some(Consent::Usage);
        assert_eq!(too_large, Err(StatedError::TooLarge { max: 20_000, read }));
    }

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
            Err(StatedError::Unreadable {
                read: None,
                certain: false
            })
        );
        let off = br#"{"key":"logbook.consent","value":{"stringValue":"off"}},
                      {"key":"logbook.consent","value":{"stringValue":"perhaps"}}"#;
        let read = Some(Consent::Off);
        assert_eq!(
            stated_consent(off),
            Err(StatedError::Unreadable {
                read,
                certain: false
            })
        );
    }

    #[test]
    fn a_resource_states_consent_in_whatever_form_json_allows() {
        let body = |attribute: &str| {
            format!(r#"{{"resourceLogs":[{{"resource":{{"attributes":[{attribute}]}}}}]}}"#)
        };
        let stated = |attribute: &str| {
            let stated = stated_consent(body(attribute).as_bytes());
            stated.unwrap_or_else(StatedError::strictest)
        };
        for off in [
            r#"{"key":"logbook.consent","value":{"stringValue":"off"}}"#,
            r#"{"value":{"stringValue":"off"},"key":"logbook.consent"}"#,
            r#"{"key":"logbook.consent","keyRef":1,"value":{"stringValue":"OFF"}}"#,
            r#"{"key":"logbook\u002econsent","value":{"string_value":" off"}}"#,
            // What cannot be read is no consent.
            r#"{"key":"logbook.consent","value":{"boolValue":false}}"#,
            r#"{"key":"logbook.consent","value":{"stringValue":"perhaps"}}"#,
            r#"{"key":"logbook.consent"}"#,
        ] {
            assert_eq!(stated(off), Some(Consent::Off), "{off}");
        }
        let crash = r#"{"value":{"stringValue":"crash"},"key":"logbook.consent"}"#;
        assert_eq!(stated(crash), Some(Consent::Crash));
        assert_eq!(
            stated(r#"{"key":"other","value":{"stringValue":"off"}}"#),
            None
        );
        // Several bodies, as the Collector writes them into files: the strictest of all.
        let lines = [
            body(crash),
            body(r#"{"value":{"stringValue":"off"},"key":"logbook.consent"}"#),
        ];
        assert_eq!(
            stated_consent(lines.join("\n").as_bytes()),
            Ok(Some(Consent::Off))
        );
    }

    #[test]
    fn a_message_that_speaks_of_the_attribute_states_nothing() {
        let said = br#"{"body":{"stringValue":"\"logbook.consent\" is set, see logbook.consent"}}"#;
        assert_eq!(stated_consent(said), Ok(None));
    }
}
