//! Identifiers. Each is checked once, when it is made, and then trusted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is empty.
    #[error("{what} is empty")]
    Empty {
        /// Which identifier was meant.
        what: &'static str,
    },
    /// The text is longer than the identifier may be.
    #[error("{what} has {length} bytes, at most {max} are allowed")]
    TooLong {
        /// Which identifier was meant.
        what: &'static str,
        /// Bytes given.
        length: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// A byte stands where it may not.
    #[error("{what} has a character at byte {position} that is not allowed; allowed: {allowed}")]
    Character {
        /// Which identifier was meant.
        what: &'static str,
        /// Zero-based byte position of the first offending character.
        position: usize,
        /// The rule, for people.
        allowed: &'static str,
    },
}

fn check(
    what: &'static str,
    text: &str,
    max: usize,
    allowed: &'static str,
    first: fn(u8) -> bool,
    rest: fn(u8) -> bool,
) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty { what });
    }
    if text.len() > max {
        return Err(IdError::TooLong {
            what,
            length: text.len(),
            max,
        });
    }
    let bad = |(position, byte): (usize, u8)| {
        let good = if position == 0 {
            first(byte)
        } else {
            rest(byte)
        };
        (!good).then_some(position)
    };
    match text.bytes().enumerate().find_map(bad) {
        Some(position) => Err(IdError::Character {
            what,
            position,
            allowed,
        }),
        None => Ok(()),
    }
}

macro_rules! text_id {
    ($name:ident) => {
        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

/// Identifies a software product: `[a-z0-9][a-z0-9-]{0,62}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProductId(String);

text_id!(ProductId);

impl ProductId {
    /// Checks and takes a text.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        check(
            "product id",
            &text,
            63,
            "a-z, 0-9, and - after the first",
            |b| b.is_ascii_lowercase() || b.is_ascii_digit(),
            |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-',
        )?;
        Ok(Self(text))
    }
}

impl TryFrom<String> for ProductId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl FromStr for ProductId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

/// Identifies one upload of a product: `[A-Za-z0-9][A-Za-z0-9_-]{0,63}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LogId(String);

text_id!(LogId);

impl LogId {
    /// Checks and takes a text.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        check(
            "log id",
            &text,
            64,
            "A-Z, a-z, 0-9, and - _ after the first",
            |b| b.is_ascii_alphanumeric(),
            |b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-',
        )?;
        Ok(Self(text))
    }

    /// The id of an object dropped into the inbox without one: a pure function of the object,
    /// so that an event that comes twice, or a sweep, names the same log.
    pub fn of_object(product: &ProductId, key: &str, etag: &str) -> Self {
        let etag = etag.trim_matches('"');
        Self(format!(
            "obj-{}",
            digest_hex(&["inbox object", product.as_str(), key, etag], 20)
        ))
    }

    /// The two hex digits by which the archive spreads its keys: the first byte of the
    /// SHA-256 of the id.
    pub fn shard(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes())[..1])
    }
}

impl TryFrom<String> for LogId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl FromStr for LogId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

/// Identifies one run of the software within a product: up to 128 bytes of printable text.
///
/// Any text that a log gives becomes an id: what is longer, or has control characters, is
/// replaced by a hash of it (`h-` and 40 hex digits).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct SessionId(String);

text_id!(SessionId);

impl SessionId {
    /// Longest id kept as it is, in bytes.
    pub const MAX_BYTES: usize = 128;

    /// The id that a log's own text stands for.
    pub fn from_text(text: &str) -> Self {
        let plain = !text.is_empty()
            && text.len() <= Self::MAX_BYTES
            && !text.chars().any(char::is_control)
            && text.trim() == text;
        if plain {
            Self(text.to_owned())
        } else {
            Self(format!("h-{}", digest_hex(&["session id", text], 20)))
        }
    }

    /// The id of the `ordinal`-th session (from 0) of a log that names none.
    pub fn of_rule(product: &ProductId, log: &LogId, ordinal: u32) -> Self {
        let ordinal = ordinal.to_string();
        Self(format!(
            "r-{}",
            digest_hex(
                &["session by rule", product.as_str(), log.as_str(), &ordinal],
                16
            )
        ))
    }
}

impl From<String> for SessionId {
    fn from(text: String) -> Self {
        Self::from_text(&text)
    }
}

/// SHA-256 over length-prefixed parts, as `bytes` bytes of hex.
fn digest_hex(parts: &[&str], bytes: usize) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize()[..bytes])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]])
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_ids_follow_their_grammar() {
        assert!(LogId::new("a_b-C9").is_ok());
        assert!(LogId::new("x".repeat(64)).is_ok());
        assert!(matches!(LogId::new(""), Err(IdError::Empty { .. })));
        assert!(matches!(
            LogId::new("x".repeat(65)),
            Err(IdError::TooLong { .. })
        ));
        for bad in ["-a", "_a", "a/b", "a.b", "ä", "a b", "../x"] {
            assert!(
                matches!(LogId::new(bad), Err(IdError::Character { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn an_object_has_one_id_whatever_the_quotes_round_its_etag() {
        let product = ProductId::new("editor").unwrap();
        let a = LogId::of_object(&product, "inbox/editor/x.log", "\"abc\"");
        let b = LogId::of_object(&product, "inbox/editor/x.log", "abc");
        assert_eq!(a, b);
        assert_ne!(a, LogId::of_object(&product, "inbox/editor/y.log", "abc"));
        assert!(LogId::new(a.as_str()).is_ok());
    }

    #[test]
    fn odd_session_ids_are_hashed_and_stay_distinct() {
        assert_eq!(
            SessionId::from_text("e7e6072ffd0b").as_str(),
            "e7e6072ffd0b"
        );
        let long = SessionId::from_text(&"x".repeat(500));
        assert!(long.as_str().starts_with("h-") && long.as_str().len() == 42);
        assert_ne!(long, SessionId::from_text(&"x".repeat(501)));
        assert_ne!(SessionId::from_text("a\nb"), SessionId::from_text("a\nc"));
        assert_eq!(SessionId::from_text(long.as_str()), long);
    }
}
