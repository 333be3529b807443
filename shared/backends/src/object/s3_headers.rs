//! Metadata as HTTP headers.
//!
//! S3 takes ASCII only, and says the rest by RFC 2047: it understands `=?UTF-8?B?…?=` in a
//! request and answers with the like. Here every value that a header would not carry unchanged
//! goes that way, and is read back in either of the two encodings.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Metadata;

/// Metadata in the form of header values.
pub(super) fn encode(metadata: &Metadata) -> impl Iterator<Item = (String, String)> {
    metadata
        .iter()
        .map(|(name, value)| (name.clone(), encode_value(value)))
}

/// The inverse, with names in lower case.
pub(super) fn decode<'a>(headers: impl Iterator<Item = (&'a String, &'a String)>) -> Metadata {
    headers
        .map(|(name, value)| (name.to_ascii_lowercase(), decode_value(value)))
        .collect()
}

fn encode_value(value: &str) -> String {
    let is_plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && value.trim_matches(' ') == value
        && !value.contains("=?");
    if is_plain {
        return value.to_owned();
    }
    format!("=?UTF-8?B?{}?=", STANDARD.encode(value))
}

/// A value of encoded words; anything else as it is.
fn decode_value(value: &str) -> String {
    let words: Option<Vec<Vec<u8>>> = value.split(' ').map(decode_word).collect();
    words
        .and_then(|words| String::from_utf8(words.concat()).ok())
        .unwrap_or_else(|| value.to_owned())
}

fn decode_word(word: &str) -> Option<Vec<u8>> {
    let inner = word.strip_prefix("=?")?.strip_suffix("?=")?;
    let mut parts = inner.splitn(3, '?');
    let (charset, encoding, text) = (parts.next()?, parts.next()?, parts.next()?);
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    match encoding {
        "B" | "b" => STANDARD.decode(text).ok(),
        "Q" | "q" => decode_quoted(text),
        _ => None,
    }
}

/// RFC 2047's quoted printable: `_` is a blank, `=` leads two hex digits.
fn decode_quoted(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'_' => b' ',
            b'=' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_header_carries_goes_as_it_is() {
        for value in ["", "plain", "{\"a\": \"1, 2\"}", "a=b?c"] {
            assert_eq!(encode_value(value), value);
        }
        for value in ["ü", " a", "a ", "a\tb", "a\nb", "=?UTF-8?B?YQ==?="] {
            assert!(encode_value(value).starts_with("=?UTF-8?B?"), "{value:?}");
        }
    }

    #[test]
    fn both_encodings_of_s3_are_read() {
        assert_eq!(decode_value("=?UTF-8?B?w7w=?="), "ü");
        assert_eq!(
            decode_value("=?UTF-8?Q?Gr=C3=BC=C3=9Fe_an_alle?="),
            "Grüße an alle"
        );
        assert_eq!(decode_value("=?utf-8?b?w7w=?= =?utf-8?q?!?="), "ü!");
        for other in [
            "=?UTF-8?B?%?=",
            "=?ISO-8859-1?Q?=FC?=",
            "=?UTF-8?Q?=FC?=",
            "=?x?=",
        ] {
            assert_eq!(decode_value(other), other);
        }
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value in "\\PC{0,40}|[ -~\\n\\t]{0,40}") {
            let encoded = encode_value(&value);
            prop_assert!(encoded.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(decode_value(&encoded), value);
        }
    }
}
