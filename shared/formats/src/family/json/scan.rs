//! A scanner for JSON that is plainly good.
//!
//! It borrows, allocates for escapes only, and gives up (`None`) at the first thing that it does
//! not know to be good: what it accepts, `serde_json` accepts, and makes the same values of it.

use std::borrow::Cow;
use std::ops::Range;

use super::Node;
use super::ahead::{Ahead, KeyOf};
use super::visit::Members;
use crate::value::{Slots, Value};

/// Deepest nesting read here, which bounds the recursion. `serde_json` bounds its own at 128.
const MAX_DEPTH: usize = 100;
/// Most digits of an integer that is read here: so many always fit.
const MAX_DIGITS: usize = 18;

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGHS: u64 = ONES << 7;

/// Reads one JSON object into the slots. `None` if it may not be one: some slots may be set.
pub(super) fn fill<'a>(
    root: &Node,
    ahead: &mut Ahead,
    text: &'a str,
    max_depth: usize,
    slots: &mut Slots<'a>,
) -> Option<()> {
    ahead.begin();
    let mut scan = Scan {
        text,
        room: max_depth.min(MAX_DEPTH),
        ahead,
    };
    let at = scan.object(scan.blanks(0), root, slots)?;
    (scan.blanks(at) == text.len()).then_some(())
}

/// Each of its functions is told where to read from, and tells where it stopped: a place that
/// is kept here would be stored and loaded again with every byte.
struct Scan<'a, 'h> {
    text: &'a str,
    /// How much deeper it may nest.
    room: usize,
    ahead: &'h mut Ahead,
}

impl<'a> Scan<'a, '_> {
    #[inline]
    fn peek(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    #[inline]
    fn blanks(&self, mut at: usize) -> usize {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek(at) {
            at += 1;
        }
        at
    }

    /// Past a byte that must stand here.
    #[inline]
    fn take(&self, at: usize, byte: u8) -> Option<usize> {
        (self.peek(at) == Some(byte)).then_some(at + 1)
    }

    /// An object of which something is read.
    fn object(&mut self, at: usize, node: &Node, slots: &mut Slots<'a>) -> Option<usize> {
        self.room = self.room.checked_sub(1)?;
        let mut at = self.take(at, b'{')?;
        let mut members = Members::new(node);
        while self.peek(at) != Some(b'}') {
            let of = KeyOf::new(node, members.first);
            let known = self.ahead.known(of, self.text.as_bytes(), at);
            let (value, place) = if let Some(known) = known {
                if members.first {
                    let key = at + known.key.start..at + known.key.end;
                    members.name(|| Cow::Borrowed(&self.text[key]), slots);
                }
                (at + known.bytes(), known.place)
            } else {
                let from = self.blanks(at);
                if self.peek(from) == Some(b'}') {
                    at = from;
                    break;
                }
                self.key(at..from, of, &mut members, slots)?
            };
            at = match members.child(place, slots) {
                Some(child) => self.value(value, child, slots)?,
                None => self.skip(value)?,
            };
        }
        self.room += 1;
        Some(at + 1)
    }

    /// A key that was not foretold, with all that stands before it up to its value; where that
    /// begins, and the key's place.
    fn key(
        &mut self,
        blanks: Range<usize>,
        of: KeyOf,
        members: &mut Members<'_>,
        slots: &mut Slots<'a>,
    ) -> Option<(usize, Option<usize>)> {
        let mut at = blanks.end;
        if !members.first {
            at = self.blanks(self.take(at, b',')?);
        }
        let from = at + 1 - blanks.start;
        let (key, at) = self.string(at)?;
        let at = self.blanks(self.colon(at)?);
        let place = members.place(&key);
        if let Cow::Borrowed(key) = key {
            let text = &self.text.as_bytes()[blanks.start..at];
            self.ahead.learn(of, text, from..from + key.len(), place);
        }
        members.name(|| key, slots);
        Some((at, place))
    }

    /// The colon after a key.
    #[inline]
    fn colon(&self, at: usize) -> Option<usize> {
        self.take(self.blanks(at), b':')
    }

    /// A value that a profile reads, or reads something of.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "a tenth of the time goes into calls of it"
    )]
    fn value(&mut self, at: usize, node: &Node, slots: &mut Slots<'a>) -> Option<usize> {
        if let Some(end) = self.plain(at) {
            node.set(Value::text(&self.text[at + 1..end]), slots);
            return Some(end + 1);
        }
        self.other_value(at, node, slots)
    }

    /// A value that is no string without escapes, or that blanks stand before.
    fn other_value(&mut self, at: usize, node: &Node, slots: &mut Slots<'a>) -> Option<usize> {
        let at = self.blanks(at);
        if let Some((number, end)) = self.few_digits(at) {
            node.set(Value::Uint(number), slots);
            return Some(end);
        }
        self.odd_value(at, node, slots)
    }

    /// Any value.
    fn odd_value(&mut self, at: usize, node: &Node, slots: &mut Slots<'a>) -> Option<usize> {
        let (value, end) = match self.peek(at)? {
            b'"' => {
                let (text, end) = self.string(at)?;
                (Value::Text(text), end)
            }
            b'{' | b'[' => {
                node.set(Value::Nested, slots);
                return self.nested(at, node, slots);
            }
            b't' => (Value::Bool(true), self.word(at, "true")?),
            b'f' => (Value::Bool(false), self.word(at, "false")?),
            b'n' => (Value::Null, self.word(at, "null")?),
            _ => self.number(at)?,
        };
        node.set(value, slots);
        Some(end)
    }

    /// An object or a list, of which something may be read.
    fn nested(&mut self, at: usize, node: &Node, slots: &mut Slots<'a>) -> Option<usize> {
        if node.is_leaf() {
            return self.skip(at);
        }
        if self.peek(at) == Some(b'{') {
            return self.object(at, node, slots);
        }
        let mut index = 0;
        self.list(at + 1, b']', |scan, at| {
            let wanted = node.items.iter().find(|(held, _)| *held == index);
            index += 1;
            match wanted {
                Some((_, node)) => scan.value(at, node, slots),
                None => scan.skip(at),
            }
        })
    }

    /// A value of which nothing is read.
    fn skip(&mut self, at: usize) -> Option<usize> {
        let at = self.blanks(at);
        match self.peek(at)? {
            b'"' => self.skip_string(at),
            b'{' | b'[' => self.skip_nested(at),
            b't' => self.word(at, "true"),
            b'f' => self.word(at, "false"),
            b'n' => self.word(at, "null"),
            _ => match self.few_digits(at) {
                Some((_, end)) => Some(end),
                None => Some(self.digits(at)?.end),
            },
        }
    }

    fn skip_nested(&mut self, at: usize) -> Option<usize> {
        if self.peek(at) == Some(b'[') {
            return self.list(at + 1, b']', Self::skip);
        }
        self.list(at + 1, b'}', |scan, at| {
            let at = scan.skip_string(at)?;
            scan.skip(scan.colon(at)?)
        })
    }

    /// What is listed up to a closing bracket: `item` takes one of it.
    #[inline]
    fn list(
        &mut self,
        at: usize,
        close: u8,
        mut item: impl FnMut(&mut Self, usize) -> Option<usize>,
    ) -> Option<usize> {
        self.room = self.room.checked_sub(1)?;
        let mut at = self.blanks(at);
        if self.peek(at) != Some(close) {
            loop {
                at = item(self, at)?;
                at = self.blanks(at);
                if self.peek(at) != Some(b',') {
                    break;
                }
                at = self.blanks(at + 1);
            }
        }
        self.room += 1;
        self.take(at, close)
    }

    #[inline]
    fn word(&self, at: usize, word: &str) -> Option<usize> {
        let found = self.text.as_bytes()[at..].starts_with(word.as_bytes());
        found.then_some(at + word.len())
    }

    /// The closing quote of a string without escapes.
    #[inline]
    fn plain(&self, at: usize) -> Option<usize> {
        let end = plain_end(self.text.as_bytes(), self.take(at, b'"')?);
        (self.peek(end) == Some(b'"')).then_some(end)
    }

    /// A string, borrowed if it has no escape.
    fn string(&self, at: usize) -> Option<(Cow<'a, str>, usize)> {
        if let Some(end) = self.plain(at) {
            return Some((Cow::Borrowed(&self.text[at + 1..end]), end + 1));
        }
        let end = self.skip_string(at)?;
        let text: String = serde_json::from_str(&self.text[at..end]).ok()?;
        Some((Cow::Owned(text), end))
    }

    #[inline]
    fn skip_string(&self, at: usize) -> Option<usize> {
        let mut at = self.take(at, b'"')?;
        loop {
            at = plain_end(self.text.as_bytes(), at);
            match self.peek(at)? {
                b'"' => return Some(at + 1),
                b'\\' => at = self.escape(at)?,
                _ => return None,
            }
        }
    }

    #[cold]
    fn escape(&self, at: usize) -> Option<usize> {
        let [_, kind, rest @ ..] = &self.text.as_bytes()[at..] else {
            return None;
        };
        let bytes = match kind {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
            // Whether halves of surrogate pairs fit each other is for the parser to say.
            b'u' if matches!(
                rest,
                [b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..]
            ) =>
            {
                return None;
            }
            b'u' if rest.get(..4)?.iter().all(u8::is_ascii_hexdigit) => 6,
            _ => return None,
        };
        Some(at + bytes)
    }

    /// A number of few digits and nothing else, and its end.
    #[inline]
    fn few_digits(&self, at: usize) -> Option<(u64, usize)> {
        let bytes = self.text.as_bytes().get(at..)?;
        let word = bytes.first_chunk()?;
        let (mut number, mut count) = few_digits(*word)?;
        if count == 8 {
            // Of times in milliseconds, say.
            let (more, digits) = few_digits(*bytes[8..].first_chunk()?)?;
            if digits == 8 {
                return None;
            }
            number = number * 10u64.pow(digits as u32) + more;
            count += digits;
        }
        let end = at + count;
        let led_by_zero = count > 1 && word[0] == b'0';
        let goes_on = matches!(self.peek(end), Some(b'.' | b'e' | b'E'));
        (!led_by_zero && !goes_on).then_some((number, end))
    }

    /// A number that is read.
    fn number(&self, at: usize) -> Option<(Value<'a>, usize)> {
        let number = self.digits(at)?;
        let value = if !number.whole {
            Value::Float(serde_json::from_str(&self.text[at..number.end]).ok()?)
        } else if number.digits > MAX_DIGITS {
            return None;
        } else if !number.negative {
            Value::Uint(number.size)
        } else if number.size > 0 {
            Value::Int(-(number.size as i64))
        } else {
            return None;
        };
        Some((value, number.end))
    }

    /// A number, read as far as it is an integer of few digits.
    fn digits(&self, at: usize) -> Option<Number> {
        let first = self.peek(at)?;
        let negative = first == b'-';
        let start = at + usize::from(negative);
        let (size, end) = self.run_of_digits(start)?;
        let digits = end - start;
        if digits > 1 && self.peek(start) == Some(b'0') {
            return None;
        }
        let whole = Number {
            negative,
            size,
            digits,
            whole: true,
            end,
        };
        match self.peek(end) {
            Some(b'.' | b'e' | b'E') => self.fraction(whole),
            _ => Some(whole),
        }
    }

    /// What follows the digits of a number that is not whole, or not written so.
    #[cold]
    fn fraction(&self, number: Number) -> Option<Number> {
        let mut end = number.end;
        if let Some(point) = self.take(end, b'.') {
            (_, end) = self.run_of_digits(point)?;
        }
        if let Some(b'e' | b'E') = self.peek(end) {
            let signed = matches!(self.peek(end + 1), Some(b'+' | b'-'));
            (_, end) = self.run_of_digits(end + 1 + usize::from(signed))?;
        }
        Some(Number {
            whole: false,
            end,
            ..number
        })
    }

    /// At least one digit: the number they make (wrapped round if they are many), and their end.
    #[inline]
    fn run_of_digits(&self, start: usize) -> Option<(u64, usize)> {
        let (mut size, mut at) = (0u64, start);
        while let Some(byte @ b'0'..=b'9') = self.peek(at) {
            size = size.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            at += 1;
        }
        (at > start).then_some((size, at))
    }
}

/// A number as it is written.
#[derive(Clone, Copy)]
struct Number {
    negative: bool,
    /// What its digits make before the point.
    size: u64,
    digits: usize,
    whole: bool,
    /// Where it ends.
    end: usize,
}

/// Bytes looked at together.
const WORDS_BYTES: usize = size_of::<u128>();

/// Where the plain part of a string ends: at a quote, a backslash, a control character, or
/// the end.
#[inline]
fn plain_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at;
    while let Some(words) = bytes.get(end..).and_then(<[u8]>::first_chunk) {
        let plain = plain_bytes(u128::from_le_bytes(*words));
        end += plain;
        if plain < WORDS_BYTES {
            return end;
        }
    }
    plain_end_near_end(bytes, end)
}

/// The same within a word of the end.
fn plain_end_near_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    if let Some(last) = bytes.last_chunk() {
        // Zeros follow the rest, which are control characters.
        let before = WORDS_BYTES - rest.len();
        let shifted = u128::from_le_bytes(*last).checked_shr(before as u32 * 8);
        return at + plain_bytes(shifted.unwrap_or(0));
    }
    let plain = |&&byte: &&u8| byte != b'"' && byte != b'\\' && byte >= 0x20;
    at + rest.iter().take_while(plain).count()
}

/// How many bytes are plain before the first that is not. Eight bytes at once, by the test for a
/// zero byte in a word (Mycroft 1987); the lowest byte that it marks is exact. One branch for
/// both words: how long a string is, is not foretold.
#[inline]
fn plain_bytes(words: u128) -> usize {
    let (first, second) = (marks(words as u64), marks((words >> 64) as u64));
    let bytes_of = |marks: u64| marks.trailing_zeros() as usize / 8;
    if first == 0 {
        8 + bytes_of(second)
    } else {
        bytes_of(first)
    }
}

/// The highest bits of the bytes that are not plain, and of some after the first of them.
#[inline]
const fn marks(word: u64) -> u64 {
    // Control characters and the quote, and only they, are below 0x21 once a bit is turned.
    let low = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let slash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    (low | slash) & !word & HIGHS
}

/// The digits that a word begins with: the number they make, and how many they are. All at once,
/// each step joining neighbours.
#[inline]
fn few_digits(text: [u8; 8]) -> Option<(u64, usize)> {
    let digits = u64::from_le_bytes(text) ^ (ONES * 0x30);
    let others = (digits.wrapping_add(ONES * 0x76) | digits) & HIGHS;
    let count = others.trailing_zeros() / 8;
    if count == 0 {
        return None;
    }
    // As if zeros stood before them.
    let eight = digits << (64 - 8 * count);
    let pairs = eight.wrapping_mul(10).wrapping_add(eight >> 8);
    let (first, third) = (pairs & 0xff_0000_00ff, pairs >> 16 & 0xff_0000_00ff);
    let size = first
        .wrapping_mul(100 + (1_000_000 << 32))
        .wrapping_add(third.wrapping_mul(1 + (10_000 << 32)));
    Some((size >> 32, count as usize))
}
