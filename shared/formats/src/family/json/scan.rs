//! A scanner for JSON that is plainly good.
//!
//! It borrows, allocates for escapes only, and gives up (`None`) at the first thing that it does
//! not know to be good: what it accepts, `serde_json` accepts, and makes the same values of it.

use std::borrow::Cow;

use super::Node;
use super::ahead::Ahead;
use super::visit::Members;
use crate::value::{Slots, Value};

/// Deepest nesting read here, which bounds the recursion. `serde_json` bounds its own at 128.
const MAX_DEPTH: usize = 100;
/// Most digits of an integer that is read here: so many always fit.
const MAX_DIGITS: usize = 18;

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
        bytes: text.as_bytes(),
        at: 0,
        room: max_depth.min(MAX_DEPTH),
        ahead,
    };
    scan.blanks();
    scan.object(root, slots)?;
    scan.blanks();
    (scan.at == scan.bytes.len()).then_some(())
}

struct Scan<'a, 'h> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// How much deeper it may nest.
    room: usize,
    ahead: &'h mut Ahead,
}

impl<'a> Scan<'a, '_> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    /// An object or a list, from its opening bracket on: `item` takes one member.
    #[inline]
    fn nest(
        &mut self,
        (open, close): (u8, u8),
        mut item: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.room = self.room.checked_sub(1)?;
        self.take(open).then_some(())?;
        self.blanks();
        if !self.take(close) {
            loop {
                item(self)?;
                self.blanks();
                if !self.take(b',') {
                    break;
                }
                self.blanks();
            }
            self.take(close).then_some(())?;
        }
        self.room += 1;
        Some(())
    }

    /// An object of which something is read.
    fn object(&mut self, node: &Node, slots: &mut Slots<'a>) -> Option<()> {
        let mut members = Members::new(node);
        self.nest((b'{', b'}'), |scan| {
            let start = scan.at;
            let foretold = scan.ahead.known(node, scan.bytes.get(start..)?);
            let place = if let Some(known) = foretold {
                scan.at += known.bytes();
                let key = start + 1..start + 1 + known.key_bytes;
                members.name(|| Cow::Borrowed(&scan.text[key]), slots);
                known.place
            } else {
                let key = scan.string()?;
                scan.colon()?;
                let place = node.place(&key);
                if let Cow::Borrowed(key) = key {
                    let text = &scan.bytes[start..scan.at];
                    scan.ahead.learn(node, text, key.len(), place);
                }
                members.name(|| key, slots);
                place
            };
            scan.blanks();
            match members.child(place, slots) {
                Some(child) => scan.value(child, slots),
                None => scan.skip(),
            }
        })
    }

    /// The colon after a key.
    #[inline]
    fn colon(&mut self) -> Option<()> {
        self.blanks();
        self.take(b':').then_some(())
    }

    /// A value that a profile reads, or reads something of.
    fn value(&mut self, node: &Node, slots: &mut Slots<'a>) -> Option<()> {
        let value = match self.peek()? {
            b'"' => Value::Text(self.string()?),
            b'{' => {
                node.set(Value::Nested, slots);
                return if node.is_leaf() {
                    self.skip()
                } else {
                    self.object(node, slots)
                };
            }
            b'[' => {
                node.set(Value::Nested, slots);
                let mut index = 0;
                return self.nest((b'[', b']'), |scan| {
                    let wanted = node.items.iter().find(|(held, _)| *held == index);
                    index += 1;
                    match wanted {
                        Some((_, node)) => scan.value(node, slots),
                        None => scan.skip(),
                    }
                });
            }
            b't' => self.word("true", Value::Bool(true))?,
            b'f' => self.word("false", Value::Bool(false))?,
            b'n' => self.word("null", Value::Null)?,
            _ => self.number()?,
        };
        node.set(value, slots);
        Some(())
    }

    /// A value of which nothing is read.
    fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.skip_string(),
            b'{' => self.nest((b'{', b'}'), |scan| {
                scan.skip_string()?;
                scan.colon()?;
                scan.blanks();
                scan.skip()
            }),
            b'[' => self.nest((b'[', b']'), Self::skip),
            b't' => self.word("true", ()),
            b'f' => self.word("false", ()),
            b'n' => self.word("null", ()),
            _ => self.digits().map(|_| ()),
        }
    }

    #[inline]
    fn word<T>(&mut self, word: &str, value: T) -> Option<T> {
        let found = self.bytes[self.at..].starts_with(word.as_bytes());
        self.at += word.len();
        found.then_some(value)
    }

    /// A string, borrowed if it has no escape.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "a tenth of the time goes into calls of it"
    )]
    fn string(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at + 1;
        if self.peek() != Some(b'"') {
            return None;
        }
        let end = plain_end(self.bytes, start);
        if self.bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Some(Cow::Borrowed(&self.text[start..end]));
        }
        self.escaped()
    }

    #[cold]
    fn escaped(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at;
        self.skip_string()?;
        let text: String = serde_json::from_str(&self.text[start..self.at]).ok()?;
        Some(Cow::Owned(text))
    }

    fn skip_string(&mut self) -> Option<()> {
        self.take(b'"').then_some(())?;
        loop {
            self.at = plain_end(self.bytes, self.at);
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        let [_, kind, rest @ ..] = &self.bytes[self.at..] else {
            return None;
        };
        self.at += match kind {
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
        Some(())
    }

    /// A number that is read.
    #[inline]
    fn number(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        let number = self.digits()?;
        if !number.whole {
            let number = serde_json::from_str(&self.text[start..self.at]).ok()?;
            return Some(Value::Float(number));
        }
        match number.size {
            _ if number.digits > MAX_DIGITS => None,
            size if !number.negative => Some(Value::Uint(size)),
            0 => None,
            size => Some(Value::Int(-(size as i64))),
        }
    }

    /// A number, read as far as it is an integer of few digits.
    #[inline]
    fn digits(&mut self) -> Option<Number> {
        let negative = self.take(b'-');
        let first = self.peek();
        let (size, digits) = self.run_of_digits()?;
        if first == Some(b'0') && digits > 1 {
            return None;
        }
        let mut whole = true;
        if self.take(b'.') {
            whole = false;
            self.run_of_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            whole = false;
            self.at += 1;
            let _sign = self.take(b'+') || self.take(b'-');
            self.run_of_digits()?;
        }
        Some(Number {
            negative,
            size,
            digits,
            whole,
        })
    }

    /// At least one digit: the number they make (wrapped round if they are many), and how many.
    #[inline]
    fn run_of_digits(&mut self) -> Option<(u64, usize)> {
        let start = self.at;
        let mut size = 0u64;
        while let Some(byte @ b'0'..=b'9') = self.peek() {
            size = size.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            self.at += 1;
        }
        (self.at > start).then_some((size, self.at - start))
    }
}

/// A number as it is written.
struct Number {
    negative: bool,
    /// What its digits make before the point.
    size: u64,
    digits: usize,
    whole: bool,
}

/// Where the plain part of a string ends: at a quote, a backslash, a control character, or
/// the end. Eight bytes at once, by the test for a zero byte in a word (Mycroft 1987); the lowest
/// byte that it marks is exact.
#[inline]
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*chunk);
        // Control characters and the quote, and only they, are below 0x21 once a bit is turned.
        let low = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21) & !word;
        let slash = word ^ (ONES * 0x5c);
        let marks = low | (slash.wrapping_sub(ONES) & !slash);
        let marks = marks & HIGHS;
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes[at.min(bytes.len())..].iter();
    at + rest
        .take_while(|&&byte| byte != b'"' && byte != b'\\' && byte >= 0x20)
        .count()
}
