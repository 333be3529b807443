//! Scalars that both encodings have in common.

use std::borrow::Cow;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use logbook_model::EventReject;
use sha2::{Digest, Sha256};

use crate::value::Value;

/// Why a record, a resource or a scope cannot be used.
pub(super) type Refused = (EventReject, Cow<'static, str>);

/// Highest `SeverityNumber` that there is.
pub(super) const MAX_SEVERITY: u64 = 24;

/// Base64 with or without padding, as protobuf's JSON mapping allows.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An integer that may be negative.
pub(super) fn int(number: i64) -> Value<'static> {
    u64::try_from(number).map_or(Value::Int(number), Value::Uint)
}

/// The number of a `SeverityNumber`'s name.
pub(super) fn severity_of_name(name: &str) -> Option<u64> {
    let name = name.strip_prefix("SEVERITY_NUMBER_")?;
    if name == "UNSPECIFIED" {
        return Some(0);
    }
    let (word, step) = match name.as_bytes().last()? {
        digit @ b'2'..=b'4' => (&name[..name.len() - 1], u64::from(digit - b'1')),
        _ => (name, 0),
    };
    let words = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let position = words.iter().position(|known| *known == word)?;
    Some(position as u64 * 4 + 1 + step)
}

/// The id of a trace (16 bytes) or a span (8 bytes) as lower-case hex, from hex as OTLP/JSON
/// writes it or from base64 as protobuf's JSON mapping does; `None` if it is neither.
pub(super) fn id_of_text(text: Cow<'_, str>, bytes: usize) -> Option<Cow<'_, str>> {
    if text.len() == bytes * 2 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        let lower = !text.bytes().any(|b| b.is_ascii_uppercase());
        return Some(if lower {
            text
        } else {
            Cow::Owned(text.to_ascii_lowercase())
        });
    }
    let mut decoded = [0u8; 24];
    let length = LENIENT.decode_slice(&*text, &mut decoded).ok()?;
    (length == bytes).then(|| Cow::Owned(hex(&decoded[..length])))
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let written = write!(text, "{byte:02x}");
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
    text
}

/// What tells a resource from all others: a hash of its attributes, whatever their order. It
/// holds within one log, whose encoding is one.
pub(super) fn identity<A: AsRef<[u8]> + Ord>(mut attributes: Vec<A>) -> String {
    attributes.sort_unstable();
    let mut hash = Sha256::new();
    for attribute in attributes {
        let attribute = attribute.as_ref();
        hash.update((attribute.len() as u64).to_le_bytes());
        hash.update(attribute);
    }
    hex(&hash.finalize()[..16])
}

/// Bytes as a value: base64 with padding.
pub(super) fn base64_of(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Base64 as it is kept, from standard or URL-safe base64 with or without padding; `None` if it
/// is neither.
pub(super) fn base64_of_text(text: &str) -> Option<String> {
    let standard = text.replace('-', "+").replace('_', "/");
    LENIENT.decode(standard).ok().map(|bytes| base64_of(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_have_names() {
        for (name, number) in [
            ("SEVERITY_NUMBER_UNSPECIFIED", 0),
            ("SEVERITY_NUMBER_TRACE", 1),
            ("SEVERITY_NUMBER_INFO2", 10),
            ("SEVERITY_NUMBER_ERROR", 17),
            ("SEVERITY_NUMBER_FATAL4", 24),
        ] {
            assert_eq!(severity_of_name(name), Some(number), "{name}");
        }
        for name in [
            "INVALID_SEVERITY_VALUE",
            "SEVERITY_NUMBER_",
            "SEVERITY_NUMBER_INFO1",
            "SEVERITY_NUMBER_INFO22",
            "SEVERITY_NUMBER_INFOÿ2",
        ] {
            assert_eq!(severity_of_name(name), None, "{name}");
        }
    }

    #[test]
    fn ids_are_hex_or_base64() {
        let id = |text: &str, bytes| id_of_text(text.to_owned().into(), bytes);
        assert_eq!(
            id("EEE19B7EC3C1B174", 8).as_deref(),
            Some("eee19b7ec3c1b174")
        );
        assert_eq!(id("7uGbfsPBsXQ=", 8).as_deref(), Some("eee19b7ec3c1b174"));
        assert_eq!(id("7uGbfsPBsXQ", 8).as_deref(), Some("eee19b7ec3c1b174"));
        for bad in [
            "zzz",
            "!!!INVALID_BASE64!!!",
            "EEE19B7EC3C1B1",
            "7uGbfsPBsXQ7uGbf",
        ] {
            assert_eq!(id(bad, 8), None, "{bad}");
        }
    }
}
