//! Thrift's compact protocol, as far as it is needed.
//!
//! Source: Apache Thrift, `thrift-compact-protocol.md`.

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
/// A structure, as the items of a list.
pub(super) const STRUCT: u8 = 12;

/// Writes one structure. Fields come in ascending order.
#[derive(Default)]
pub(super) struct Compact {
    bytes: Vec<u8>,
    last: i16,
    /// The last fields of the structures around.
    around: Vec<i16>,
}

impl Compact {
    fn field(&mut self, id: i16, kind: u8) {
        let step = id - self.last;
        if (1..=15).contains(&step) {
            self.bytes.push((step as u8) << 4 | kind);
        } else {
            self.bytes.push(kind);
            self.zigzag(id.into());
        }
        self.last = id;
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn zigzag(&mut self, number: i64) {
        self.varint((number << 1 ^ number >> 63) as u64);
    }

    fn bytes_of(&mut self, text: &str) {
        self.varint(text.len() as u64);
        self.bytes.extend(text.as_bytes());
    }

    pub(super) fn int(&mut self, id: i16, number: i32) {
        self.field(id, I32);
        self.zigzag(number.into());
    }

    pub(super) fn long(&mut self, id: i16, number: usize) {
        self.field(id, I64);
        self.zigzag(number as i64);
    }

    pub(super) fn text(&mut self, id: i16, text: &str) {
        self.field(id, BINARY);
        self.bytes_of(text);
    }

    pub(super) fn flag(&mut self, id: i16, value: bool) {
        self.field(id, if value { TRUE } else { FALSE });
    }

    /// The head of a list; its items follow.
    pub(super) fn list(&mut self, id: i16, kind: u8, items: usize) {
        self.field(id, LIST);
        if items < 15 {
            self.bytes.push((items as u8) << 4 | kind);
        } else {
            self.bytes.push(0xf0 | kind);
            self.varint(items as u64);
        }
    }

    pub(super) fn ints(&mut self, id: i16, numbers: &[i32]) {
        self.list(id, I32, numbers.len());
        for number in numbers {
            self.zigzag((*number).into());
        }
    }

    pub(super) fn texts(&mut self, id: i16, texts: &[&str]) {
        self.list(id, BINARY, texts.len());
        for text in texts {
            self.bytes_of(text);
        }
    }

    /// Begins a structure that is a field.
    pub(super) fn begin(&mut self, id: i16) {
        self.field(id, STRUCT);
        self.item();
    }

    /// Begins a structure that is an item of a list.
    pub(super) fn item(&mut self) {
        self.around.push(self.last);
        self.last = 0;
    }

    /// Ends a structure within.
    pub(super) fn end(&mut self) {
        self.bytes.push(0);
        self.last = self.around.pop().unwrap_or_default();
    }

    /// Ends the whole.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}
