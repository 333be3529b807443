//! One thing that happened in a session.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::hex;
use crate::{EventTime, Level};

/// How bad an event is for its session.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nothing bad.
    #[default]
    Normal,
    /// An error that the software handled.
    Error,
    /// An error that nothing handled, though the software ran on.
    Unhandled,
    /// The end of the run by a fault.
    Crash,
}

/// One record of a log, on the model's terms, borrowing from the log's bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    /// Position among the good records of the log, from 0. Never reused, never reordered.
    pub seq: u32,
    /// Line of the record's first line, from 1.
    pub line: u64,
    /// Byte at which the record starts in the inflated, unrepaired log.
    pub offset: u64,
    /// When, if the log says so.
    pub time: Option<EventTime>,
    /// What happened: the name of a feature, a message's category, an event's name.
    pub name: Cow<'a, str>,
    /// Severity.
    pub level: Level,
    /// Whether it counts among the errors.
    pub error: bool,
    /// What it means for the session's status. A crash need not count among the errors: the
    /// report of a crash is often a log of its own that names no level.
    pub kind: Kind,
    /// How many occurrences this one record stands for; at least 1.
    pub count: u64,
    /// How long it took, in microseconds.
    pub duration_us: Option<u64>,
}

impl Event<'_> {
    /// Longest name kept, in bytes.
    pub const MAX_NAME_BYTES: usize = 240;

    /// A name within [`Event::MAX_NAME_BYTES`]: a longer one is cut at a character and marked
    /// with a hash of the whole, so that two long names stay two names. Control characters
    /// become spaces.
    pub fn bounded_name(name: &str) -> Cow<'_, str> {
        let clean: Cow<'_, str> = if has_control(name.as_bytes()) {
            Cow::Owned(name.replace(|c: char| c.is_ascii_control(), " "))
        } else {
            Cow::Borrowed(name)
        };
        if clean.len() <= Self::MAX_NAME_BYTES {
            return clean;
        }
        let hash = Sha256::digest(name.as_bytes());
        let mark = hex(&hash[..6]);
        let mut end = Self::MAX_NAME_BYTES - mark.len() - 1;
        while !clean.is_char_boundary(end) {
            end -= 1;
        }
        Cow::Owned(format!("{}~{mark}", &clean[..end]))
    }
}

/// Whether any byte is an ASCII control character. Eight bytes at once, by the tests for a byte
/// below 0x20 and for a zero byte in a word (Mycroft 1987), of which only "any" is exact.
#[inline]
fn has_control(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    let any = |word: u64| {
        let low = word.wrapping_sub(ONES * 0x20) & !word;
        let delete = word ^ (ONES * 0x7f);
        (low | (delete.wrapping_sub(ONES) & !delete)) & HIGHS != 0
    };
    let (words, rest) = bytes.as_chunks();
    if words.iter().any(|word| any(u64::from_le_bytes(*word))) {
        return true;
    }
    match bytes.last_chunk() {
        // The last eight bytes have the rest among them.
        Some(last) => any(u64::from_le_bytes(*last)),
        None => rest.iter().any(u8::is_ascii_control),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn controls_are_found_wherever_they_stand(
            text in "[ -~ä😀]{0,40}", control in "[\u{0}-\u{1f}\u{7f}]", at in any::<prop::sample::Index>(),
        ) {
            prop_assert!(!has_control(text.as_bytes()), "{text:?}");
            let (before, after) = text.as_bytes().split_at(at.index(text.len() + 1));
            let with = [before, control.as_bytes(), after].concat();
            prop_assert!(has_control(&with), "{with:?}");
        }
    }

    #[test]
    fn long_names_are_cut_and_stay_distinct() {
        let a = format!("{}a", "ä".repeat(200));
        let b = format!("{}b", "ä".repeat(200));
        let (cut_a, cut_b) = (Event::bounded_name(&a), Event::bounded_name(&b));
        assert!(cut_a.len() <= Event::MAX_NAME_BYTES);
        assert_ne!(cut_a, cut_b);
        assert_eq!(Event::bounded_name("a\tb"), "a b");
        assert!(matches!(
            Event::bounded_name("plain"),
            Cow::Borrowed("plain")
        ));
    }
}
