//! Keys foretold: a log's objects mostly have the same keys in the same order.

use std::ops::Range;

use super::Node;

/// Most keys remembered, and the longest, with all that stands between two values.
const MAX_KEYS: usize = 256;
const MAX_KEY_BYTES: usize = 67;
/// Bytes compared at once.
const HEAD_BYTES: usize = size_of::<u128>();

/// The keys of an object that came before, in their order, with where they lead.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    keys: Vec<Known>,
    /// The key that should come next.
    at: usize,
    /// Keys of this object that were foretold, and those that were not.
    hits: u32,
    misses: u32,
    learns: bool,
}

/// A place where a key may stand: in which object, and whether as its first, without a comma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyOf(u32);

impl KeyOf {
    pub(super) const fn new(node: &Node, first: bool) -> Self {
        Self(node.number << 1 | first as u32)
    }
}

/// A key as it came, with all that stood between the value before it and its own.
#[derive(Debug)]
pub(super) struct Known {
    of: KeyOf,
    /// From the end of the value before, or from the brace, to the beginning of the value.
    text: Box<[u8]>,
    /// Its first bytes as one number, and which bits of such a number are theirs.
    head: u128,
    mask: u128,
    /// Where the key alone stands in it.
    pub(super) key: Range<usize>,
    /// The key's place among the node's children.
    pub(super) place: Option<usize>,
}

impl Known {
    fn new(of: KeyOf, text: &[u8], key: Range<usize>, place: Option<usize>) -> Self {
        let (mut head, mut mask) = ([0; HEAD_BYTES], [0; HEAD_BYTES]);
        for ((head, mask), byte) in head.iter_mut().zip(&mut mask).zip(text) {
            (*head, *mask) = (*byte, u8::MAX);
        }
        Self {
            of,
            text: text.into(),
            head: u128::from_le_bytes(head),
            mask: u128::from_le_bytes(mask),
            key,
            place,
        }
    }

    /// Bytes from the end of the value before to the beginning of the value.
    pub(super) const fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Whether the key stands at a place. Most keys are short: one comparison tells.
    #[inline]
    fn stands(&self, of: KeyOf, bytes: &[u8], at: usize) -> bool {
        let head = bytes.get(at..).and_then(<[u8]>::first_chunk);
        match head {
            Some(head) if self.text.len() <= HEAD_BYTES => {
                self.of == of && u128::from_le_bytes(*head) & self.mask == self.head
            }
            _ => self.stands_whole(of, bytes, at),
        }
    }

    #[cold]
    fn stands_whole(&self, of: KeyOf, bytes: &[u8], at: usize) -> bool {
        let text = bytes.get(at..);
        self.of == of && text.is_some_and(|text| text.starts_with(&self.text))
    }
}

impl Ahead {
    /// An object begins. Where most keys of the one before were not foretold, they are learned
    /// anew from this.
    pub(super) fn begin(&mut self) {
        self.learns = !self.learns && self.misses > self.hits;
        if self.learns {
            self.keys.clear();
        }
        (self.at, self.hits, self.misses) = (0, 0, 0);
    }

    /// The key that stands at a place, if it is the one that should come next in an object, or
    /// the one after it.
    #[inline]
    pub(super) fn known(&mut self, of: KeyOf, bytes: &[u8], at: usize) -> Option<&Known> {
        let next = self.keys.get(self.at)?;
        if !next.stands(of, bytes, at) && !self.skips(of, bytes, at) {
            return None;
        }
        let known = self.keys.get(self.at);
        self.hits += 1;
        self.at += 1;
        known
    }

    /// Passes over the key that should come next, if the one after it stands at a place.
    #[cold]
    fn skips(&mut self, of: KeyOf, bytes: &[u8], at: usize) -> bool {
        let after = self.keys.get(self.at + 1);
        let skips = after.is_some_and(|known| known.stands(of, bytes, at));
        self.at += usize::from(skips);
        skips
    }

    /// A key that was not foretold, in the text between two values. It has no escapes.
    pub(super) fn learn(
        &mut self,
        of: KeyOf,
        text: &[u8],
        key: Range<usize>,
        place: Option<usize>,
    ) {
        self.misses += 1;
        if self.learns && self.keys.len() < MAX_KEYS && text.len() <= MAX_KEY_BYTES {
            self.keys.push(Known::new(of, text, key, place));
            self.at = self.keys.len();
        }
    }
}
