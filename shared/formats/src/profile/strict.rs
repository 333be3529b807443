//! Patterns that can match in one way only.
//!
//! Of `^\[(?<time>[0-9:]+)\] (?<message>.*)$`, each part ends where the next must begin: nothing
//! has to be tried. Such a pattern is followed here from left to right, several times faster than
//! by `regex`, and means the same. What a text outside ASCII means to it is mostly left to
//! `regex`.

use std::ops::RangeInclusive;

use memchr::memchr;
use regex_syntax::hir::{self, Hir, HirKind, Look};

/// Where a group stands in a text: start and end.
pub(crate) type Place = Option<(usize, usize)>;

/// A pattern from the beginning of a text on, each step of which leaves one way to the next.
#[derive(Debug, Clone)]
pub(super) struct Strict {
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    /// Only at the beginning of the text.
    Start,
    /// This byte.
    Byte(u8),
    /// These bytes.
    Text(Box<[u8]>),
    /// As many bytes of a set as there are.
    Run(Run),
    /// A group begins, by its place in the list of those that are wanted.
    Open(usize),
    /// A group ends.
    Close(usize),
    /// The text ends.
    End,
}

#[derive(Debug, Clone)]
struct Run {
    least: usize,
    most: usize,
    /// For each byte, whether it is of the set.
    set: Box<[Member; 256]>,
    /// The one byte that is not of the set, where all others are.
    all_but: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Yes,
    No,
    /// That depends on the whole character.
    Unsure,
}

impl Strict {
    /// The steps of a pattern, which sets the wanted of its groups; `None` if it may be able to
    /// match in more ways than one.
    pub(super) fn compile(pattern: &str, wanted: &[usize]) -> Option<Self> {
        let mut steps = Vec::new();
        add_steps(&regex_syntax::parse(pattern).ok()?, wanted, &mut steps)?;
        let at_start = matches!(steps.first(), Some(Step::Start));
        (at_start && is_one_way(&steps)).then_some(Self { steps })
    }

    /// Whether it fits a text, and then where the wanted groups stand; `None` if that is for
    /// `regex` to say.
    pub(super) fn fits(&self, text: &str, places: &mut [Place]) -> Option<bool> {
        let bytes = text.as_bytes();
        let mut at = 0;
        for step in &self.steps {
            let rest = &bytes[at..];
            let goes_on = match step {
                Step::Start => at == 0,
                Step::Byte(byte) => {
                    at += 1;
                    rest.first() == Some(byte)
                }
                Step::Text(text) => {
                    at += text.len();
                    rest.starts_with(text)
                }
                Step::Run(run) => {
                    let length = run.length(rest)?;
                    at += length;
                    length >= run.least
                }
                Step::Open(group) => {
                    places[*group] = Some((at, at));
                    true
                }
                Step::Close(group) => {
                    places[*group] = places[*group].map(|(start, _)| (start, at));
                    true
                }
                Step::End => rest.is_empty(),
            };
            if !goes_on {
                return Some(false);
            }
        }
        Some(true)
    }
}

/// Whether no run can reach into what follows it.
fn is_one_way(steps: &[Step]) -> bool {
    // The bytes that may come next.
    let mut next = [false; 256];
    steps.iter().rev().all(|step| match step {
        Step::Start | Step::Open(_) | Step::Close(_) => true,
        Step::End => {
            next = [false; 256];
            true
        }
        Step::Byte(byte) => {
            next = [false; 256];
            next[usize::from(*byte)] = true;
            true
        }
        Step::Text(text) => {
            next = [false; 256];
            next[usize::from(text[0])] = true;
            true
        }
        Step::Run(run) => {
            let mut pairs = run.set.iter().zip(next);
            let ends = run.least == run.most || !pairs.any(|(&of, next)| of == Member::Yes && next);
            for (next, &of) in next.iter_mut().zip(&*run.set) {
                *next = of != Member::No || (run.least == 0 && *next);
            }
            ends
        }
    })
}

fn add_steps(hir: &Hir, wanted: &[usize], steps: &mut Vec<Step>) -> Option<()> {
    match hir.kind() {
        HirKind::Empty => {}
        HirKind::Literal(literal) => steps.push(match *literal.0 {
            [byte] => Step::Byte(byte),
            _ => Step::Text(literal.0.clone()),
        }),
        HirKind::Class(class) => steps.push(Step::Run(Run::new(class, 1, Some(1))?)),
        HirKind::Look(Look::Start) => steps.push(Step::Start),
        HirKind::Look(Look::End) => steps.push(Step::End),
        HirKind::Repetition(repeated) if repeated.greedy => {
            let class = one_of(&repeated.sub)?;
            let run = Run::new(&class, repeated.min, repeated.max)?;
            steps.push(Step::Run(run));
        }
        HirKind::Capture(group) => {
            let index = wanted
                .iter()
                .position(|&wanted| wanted == group.index as usize);
            steps.extend(index.map(Step::Open));
            add_steps(&group.sub, wanted, steps)?;
            steps.extend(index.map(Step::Close));
        }
        HirKind::Concat(parts) => {
            for part in parts {
                add_steps(part, wanted, steps)?;
            }
        }
        HirKind::Look(_) | HirKind::Repetition(_) | HirKind::Alternation(_) => return None,
    }
    Some(())
}

/// The set that one character is of.
fn one_of(hir: &Hir) -> Option<hir::Class> {
    match hir.kind() {
        HirKind::Class(class) => Some(class.clone()),
        HirKind::Literal(literal) => {
            let mut chars = std::str::from_utf8(&literal.0).ok()?.chars();
            let (Some(c), None) = (chars.next(), chars.next()) else {
                return None;
            };
            let only = hir::ClassUnicode::new([hir::ClassUnicodeRange::new(c, c)]);
            Some(hir::Class::Unicode(only))
        }
        _ => None,
    }
}

impl Run {
    fn new(class: &hir::Class, least: u32, most: Option<u32>) -> Option<Self> {
        let hir::Class::Unicode(class) = class else {
            return None;
        };
        let (least, most) = (
            least as usize,
            most.map_or(usize::MAX, |most| most as usize),
        );
        let range = |range: &hir::ClassUnicodeRange| range.start()..=range.end();
        let set = members(class.iter().map(range), least <= 1 && most == usize::MAX);
        let mut others = (0..=u8::MAX).filter(|&byte| set[usize::from(byte)] == Member::No);
        let all_but = match (others.next(), others.next()) {
            (Some(byte), None) if !set.contains(&Member::Unsure) => Some(byte),
            _ => None,
        };
        Some(Self {
            least,
            most,
            set: Box::new(set),
            all_but,
        })
    }

    /// How many bytes of the set a text begins with; `None` if that is not sure.
    fn length(&self, text: &[u8]) -> Option<usize> {
        if self.most == usize::MAX
            && let Some(byte) = self.all_but
        {
            return Some(memchr(byte, text).unwrap_or(text.len()));
        }
        let text = &text[..text.len().min(self.most)];
        let of = |&byte: &u8| self.set[usize::from(byte)];
        match text.iter().position(|byte| of(byte) != Member::Yes) {
            Some(end) if of(&text[end]) == Member::Unsure => None,
            end => Some(end.unwrap_or(text.len())),
        }
    }
}

/// Which bytes are of a set of characters. Of all characters outside ASCII, either all are, or
/// none, or it is not sure; nor is it where they are to be counted, since they have more bytes
/// than one.
fn members(ranges: impl Iterator<Item = RangeInclusive<char>>, uncounted: bool) -> [Member; 256] {
    let mut set = [Member::No; 256];
    for range in ranges {
        let (start, end) = (*range.start(), *range.end());
        for (byte, member) in (0..0x80u8).zip(&mut set) {
            if range.contains(&char::from(byte)) {
                *member = Member::Yes;
            }
        }
        if !end.is_ascii() {
            let all = start <= '\u{80}' && end == char::MAX && uncounted;
            set[0x80..].fill(if all { Member::Yes } else { Member::Unsure });
        }
    }
    set
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    /// Patterns of one way, of all kinds.
    const ONE_WAY: [&str; 12] = [
        r"^(?<a>[0-9]{2}:[0-9]{2}) \[(?<b>[^\]]*)\] +(?<c>[A-Z]+) - (?<d>.*)$",
        r"^\[(?<a>[^\]/]*)/(?<b>[A-Z]+)\]:(?<c>.*)$",
        r"^(?<a>\d{2,3})-(?<b>\w*) (?<c>.*)$",
        r"^(?<a>é+)(?<b>[^é]*)$",
        r"^(?<a>.{3})(?<b>.*)",
        r"\A(?<a>(?<b>[a-c]+)[0-9]?)x*(?<c>[^xa-c0-9]*)\z",
        r"^(?<a>\s*)(?<b>\S+)$",
        r"(?i)^(?<a>ask)(?<b>[0-9]*)$",
        r"(?s)^(?<a>[^:]+):(?<b>.*)$",
        r"^(?<a>[^a]{2})(?<b>a*)$",
        r"^(?<a>)(?<b>[ab]{0,2})$",
        r"^",
    ];

    static COMPILED: LazyLock<Vec<(Regex, Strict)>> = LazyLock::new(|| {
        let compiled = |pattern| {
            let regex = Regex::new(pattern).unwrap();
            let strict = Strict::compile(pattern, &groups(&regex)).expect(pattern);
            (regex, strict)
        };
        ONE_WAY.map(compiled).into()
    });

    fn groups(regex: &Regex) -> Vec<usize> {
        (1..regex.captures_len()).collect()
    }

    /// Compares with `regex`; whether it could be told.
    fn agrees((regex, strict): &(Regex, Strict), text: &str) -> bool {
        let mut places = vec![None; groups(regex).len()];
        let Some(fits) = strict.fits(text, &mut places) else {
            return false;
        };
        let wanted = regex.captures(text);
        assert_eq!(fits, wanted.is_some(), "{regex} {text:?}");
        if let Some(wanted) = wanted {
            let groups = wanted.iter().skip(1);
            let wanted: Vec<Place> = groups
                .map(|group| group.map(|group| (group.start(), group.end())))
                .collect();
            assert_eq!(places, wanted, "{regex} {text:?}");
        }
        true
    }

    #[test]
    fn patterns_of_one_way_mean_what_they_mean_to_regex() {
        let [line, thread, digits, accents, ..] = &COMPILED[..] else {
            panic!("there are four");
        };
        assert!(agrees(line, "12:34 [main é] INFO - it began"));
        assert!(agrees(line, "12:34 [main] INFO - two\nlines"));
        assert!(agrees(thread, "[a/INFO]: x"));
        assert!(agrees(thread, "[a/info]: x"));
        assert!(agrees(digits, "1234-x "));
        assert!(agrees(digits, "123-x_ rest"));
        assert!(!agrees(digits, "12٣-x "), "a digit, but not of ASCII");
        assert!(!agrees(accents, "éé"));
    }

    #[test]
    fn patterns_that_may_match_in_more_ways_are_left_to_regex() {
        for pattern in [
            "a",
            "a|^b",
            "^a*a",
            "^a*[^b]*$",
            "^(?:ab)*$",
            "^.*?$",
            "^(a)?$",
            r"^\w+[^ ]*$",
            "(?m)^a$",
            r"^[a-z]*\b",
            "(^a)",
            "^a*b*a",
        ] {
            let groups = groups(&Regex::new(pattern).unwrap());
            assert!(Strict::compile(pattern, &groups).is_none(), "{pattern}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn any_text_means_the_same(
            near in r"(\[|[0-9]{2}:?){0,2}[abx:\-/ ]{0,3}[\]A-Zé\n]{0,3}( - |\]:|ASK|9)?[a-zßſK\n]{0,3}",
            any in "\\PC{0,12}",
        ) {
            for pattern in &*COMPILED {
                agrees(pattern, &near);
                agrees(pattern, &any);
            }
        }
    }
}
