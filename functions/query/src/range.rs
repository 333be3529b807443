//! `Range: bytes=…`, one range of it.

use std::ops::Range;

/// What a `Range` header asks for, in bytes of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// From a byte to another, both included.
    FromTo(u64, u64),
    /// From a byte to the end.
    From(u64),
    /// The last bytes.
    Last(u64),
}

impl Wanted {
    /// Reads a header's value; `None` for another unit, several ranges, or nonsense.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (unit, range) = value.split_once('=')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return None;
        }
        let number = |text: &str| -> Option<u64> {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten()
        };
        let (first, last) = range.trim().split_once('-')?;
        match (first, last) {
            ("", last) => number(last).map(Self::Last),
            (first, "") => number(first).map(Self::From),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::FromTo(first, last))
            }
        }
    }

    /// The bytes to give of `total`, at most `most`, from the first one asked for; `None` where
    /// there are none.
    pub(crate) fn within(self, total: u64, most: u64) -> Option<Range<u64>> {
        let (start, end) = match self {
            Self::FromTo(first, last) => (first, last.saturating_add(1).min(total)),
            Self::From(first) => (first, total),
            Self::Last(bytes) => (total.saturating_sub(bytes), total),
        };
        (start < end).then(|| start..end.min(start.saturating_add(most)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(value: &str) -> Option<Range<u64>> {
        Wanted::parse(value)?.within(10, 4)
    }

    #[test]
    fn ranges_are_cut_to_what_there_is() {
        assert_eq!(range("bytes=0-1"), Some(0..2));
        assert_eq!(range("bytes=0-99"), Some(0..4));
        assert_eq!(range("Bytes=8-"), Some(8..10));
        assert_eq!(range("bytes=-3"), Some(7..10));
        assert_eq!(range("bytes=-99"), Some(0..4));
        assert_eq!(range("bytes=9-18446744073709551615"), Some(9..10));
    }

    #[test]
    fn what_lies_outside_or_is_none_is_no_range() {
        for bad in [
            "bytes=10-",
            "bytes=-0",
            "bytes=3-1",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=+1-2",
            "lines=0-1",
            "bytes=0-1,3-4",
            "0-1",
            "bytes=0-99999999999999999999",
        ] {
            assert_eq!(range(bad), None, "{bad}");
        }
    }
}
