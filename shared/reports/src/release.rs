//! The order of versions.

use std::cmp::Ordering;

/// A version by Semantic Versioning 2.0.0, read leniently: a leading `v` and missing numbers
/// after the first are allowed, more than three numbers too.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SemVer {
    numbers: Vec<u64>,
    pre: Vec<Identifier>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    // In the order of precedence: numbers come before words.
    Number(u64),
    Word(String),
}

impl SemVer {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let (text, _build) = text.split_once('+').unwrap_or((text, ""));
        let (core, pre) = match text.split_once('-') {
            Some((core, pre)) => (core, Some(pre)),
            None => (text, None),
        };
        let mut numbers = Vec::new();
        for number in core.split('.') {
            let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            numbers.push(digits.then(|| number.parse().ok())??);
        }
        while numbers.len() > 1 && numbers.last() == Some(&0) {
            numbers.pop();
        }
        let pre = pre.map_or(Vec::new(), |pre| pre.split('.').map(identifier).collect());
        Some(Self { numbers, pre })
    }
}

fn identifier(text: &str) -> Identifier {
    match text.parse() {
        Ok(number) if text.bytes().all(|b| b.is_ascii_digit()) => Identifier::Number(number),
        _ => Identifier::Word(text.to_owned()),
    }
}

impl Ord for SemVer {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_pre = || match (self.pre.is_empty(), other.pre.is_empty()) {
            // What is still to come lies before the release.
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            _ => self.pre.cmp(&other.pre),
        };
        self.numbers.cmp(&other.numbers).then_with(by_pre)
    }
}

impl PartialOrd for SemVer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Orders any two versions: those that are none by Semantic Versioning come first, and where
/// nothing else tells two apart, their texts do.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let by_text = || a.cmp(b);
    SemVer::parse(a).cmp(&SemVer::parse(b)).then_with(by_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_precedence() {
        let ordered = [
            "(unknown)",
            "nightly",
            "0.9",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "v1.2",
            "1.10.0",
            "2024.1.3.5",
        ];
        for pair in ordered.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
        assert_eq!(SemVer::parse("1.0"), SemVer::parse("v1.0.0+build.5"));
        assert_eq!(SemVer::parse("1..0"), None);
        assert_eq!(SemVer::parse("99999999999999999999"), None);
    }
}
