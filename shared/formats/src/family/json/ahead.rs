//! Keys foretold: a log's objects mostly have the same keys in the same order.

use super::Node;

/// Most keys remembered, and the longest, with its quotes and its colon.
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

/// A key as it came, with its colon.
#[derive(Debug)]
pub(super) struct Known {
    /// The number of the node it is a key of.
    node: u32,
    /// From its opening quote to the colon.
    text: Box<[u8]>,
    /// Its first bytes as one number, and which bits of such a number are theirs.
    head: u128,
    mask: u128,
    /// Bytes of the key alone.
    pub(super) key_bytes: usize,
    /// Its place among the node's children.
    pub(super) place: Option<usize>,
}

impl Known {
    fn new(node: &Node, text: &[u8], key_bytes: usize, place: Option<usize>) -> Self {
        let (mut head, mut mask) = ([0; HEAD_BYTES], [0; HEAD_BYTES]);
        for ((head, mask), byte) in head.iter_mut().zip(&mut mask).zip(text) {
            (*head, *mask) = (*byte, u8::MAX);
        }
        Self {
            node: node.number,
            text: text.into(),
            head: u128::from_le_bytes(head),
            mask: u128::from_le_bytes(mask),
            key_bytes,
            place,
        }
    }

    /// Bytes from the key's opening quote to the colon, with both.
    pub(super) const fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Whether a text begins with the key. Most keys are short: one comparison tells.
    #[inline]
    fn begins(&self, text: &[u8]) -> bool {
        let Some(head) = text.first_chunk() else {
            return text.starts_with(&self.text);
        };
        u128::from_le_bytes(*head) & self.mask == self.head
            && (self.text.len() <= HEAD_BYTES || text.starts_with(&self.text))
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

    /// The key with which a text begins, if it is the one that should come next in an object, or
    /// the one after it.
    #[inline]
    pub(super) fn known(&mut self, node: &Node, text: &[u8]) -> Option<&Known> {
        for at in self.at..self.at + 2 {
            let Some(known) = self.keys.get(at) else {
                break;
            };
            if known.node == node.number && known.begins(text) {
                self.at = at + 1;
                self.hits += 1;
                return Some(known);
            }
        }
        self.misses += 1;
        None
    }

    /// A key that was not foretold, as a text from its quote to the colon. It has no escapes.
    pub(super) fn learn(
        &mut self,
        node: &Node,
        text: &[u8],
        key_bytes: usize,
        place: Option<usize>,
    ) {
        if self.learns && self.keys.len() < MAX_KEYS && text.len() <= MAX_KEY_BYTES {
            self.keys.push(Known::new(node, text, key_bytes, place));
            self.at = self.keys.len();
        }
    }
}
