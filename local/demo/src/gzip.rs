//! A small gzip writer whose output never changes.
//!
//! Compressors change what they write between versions, and with the processor they run on;
//! the demo's uploads may not. Source: RFC 1951 (fixed Huffman codes), RFC 1952.

const HASH_BITS: u32 = 14;
const WINDOW: usize = 32 * 1024;
const MIN_MATCH: usize = 3;
const MAX_MATCH: usize = 258;

/// First length of each length code from 257, and its extra bits.
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// First distance of each distance code, and its extra bits.
const DISTANCES: [(u16, u8); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12_289, 12),
    (16_385, 13),
    (24_577, 13),
];

/// One gzip member that holds `bytes`.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 4 + 32);
    // No time, no name, unknown system.
    out.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    let mut bits = Bits::new(out);
    // The last block, with fixed codes.
    bits.put(0b011, 3);
    deflate(bytes, &mut bits);
    bits.put(0, 7);
    let mut out = bits.finish();
    out.extend_from_slice(&crc32(bytes).to_le_bytes());
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out
}

/// Greedy matching against the last place where the same four bytes stood.
fn deflate(bytes: &[u8], bits: &mut Bits) {
    let mut last = vec![u32::MAX; 1 << HASH_BITS];
    let mut at = 0;
    while at < bytes.len() {
        let length = match bytes.get(at..at + 4) {
            None => 0,
            Some(four) => {
                let slot = hash(four);
                let before = last[slot] as usize;
                last[slot] = at as u32;
                let near = before < at && at - before <= WINDOW;
                let length = if near { common(bytes, before, at) } else { 0 };
                if length >= MIN_MATCH {
                    put_match(bits, length, at - before);
                }
                length
            }
        };
        if length >= MIN_MATCH {
            at += length;
        } else {
            put_symbol(bits, u32::from(bytes[at]));
            at += 1;
        }
    }
}

fn hash(four: &[u8]) -> usize {
    let word = four.iter().fold(0u32, |word, &b| word << 8 | u32::from(b));
    (word.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize
}

/// How many bytes from `before` on are those from `at` on.
fn common(bytes: &[u8], before: usize, at: usize) -> usize {
    let end = bytes.len().min(at + MAX_MATCH);
    let ahead = bytes[at..end].iter();
    ahead
        .zip(&bytes[before..])
        .take_while(|(a, b)| a == b)
        .count()
}

fn put_match(bits: &mut Bits, length: usize, distance: usize) {
    let (code, extra, width) = coded(&LENGTHS, length);
    put_symbol(bits, 257 + code);
    bits.put(extra, width);
    let (code, extra, width) = coded(&DISTANCES, distance);
    bits.put(code.reverse_bits() >> 27, 5);
    bits.put(extra, width);
}

/// Code, extra bits and their number of a value.
fn coded(table: &[(u16, u8)], value: usize) -> (u32, u32, u32) {
    let code = table.partition_point(|&(first, _)| usize::from(first) <= value) - 1;
    let (first, width) = table[code];
    let extra = value - usize::from(first);
    (code as u32, extra as u32, u32::from(width))
}

/// A literal or a length under the fixed code, which is written from its highest bit on.
fn put_symbol(bits: &mut Bits, symbol: u32) {
    let (code, width) = match symbol {
        0..=143 => (0x30 + symbol, 8),
        144..=255 => (0x190 + symbol - 144, 9),
        256..=279 => (symbol - 256, 7),
        _ => (0xc0 + symbol - 280, 8),
    };
    bits.put(code.reverse_bits() >> (32 - width), width);
}

/// Bits, the lowest first.
struct Bits {
    out: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    const fn new(out: Vec<u8>) -> Self {
        Self {
            out,
            held: 0,
            count: 0,
        }
    }

    fn put(&mut self, value: u32, width: u32) {
        self.held |= u64::from(value) << self.count;
        self.count += width;
        while self.count >= 8 {
            self.out.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.out.push(self.held as u8);
        }
        self.out
    }
}

/// The checksum of gzip (polynomial `0xedb88320`, reflected).
fn crc32(bytes: &[u8]) -> u32 {
    static TABLE: [u32; 256] = crc_table();
    let step = |crc: u32, &byte: &u8| TABLE[((crc ^ u32::from(byte)) & 0xff) as usize] ^ (crc >> 8);
    !bytes.iter().fold(u32::MAX, step)
}

const fn crc_table() -> [u32; 256] {
    let mut table = [0u32; 256];
    let mut n = 0;
    while n < 256 {
        let mut value = n as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 {
                0xedb8_8320 ^ (value >> 1)
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[n] = value;
        n += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io::Read;

    use logbook_seal::Inflate;

    use super::*;
    use crate::rng::Rng;

    fn inflate(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Inflate::new(bytes, 1 << 30).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn what_was_compressed_inflates_to_the_same() {
        let mut rng = Rng::new(3);
        for length in [0usize, 1, 3, 4, 5, 300, 70_000] {
            let noise: Vec<u8> = (0..length).map(|_| rng.next() as u8).collect();
            assert_eq!(inflate(&gzip(&noise)), noise);
            let words: Vec<u8> = (0..length).map(|_| b'a' + rng.below(3) as u8).collect();
            assert_eq!(inflate(&gzip(&words)), words);
        }
    }

    #[test]
    fn text_that_repeats_gets_small() {
        let text = b"{\"time\":\"2026-01-01T00:00:00Z\",\"name\":\"text.type\"}\n".repeat(1000);
        let zipped = gzip(&text);
        assert!(zipped.len() < text.len() / 50, "{}", zipped.len());
        assert_eq!(inflate(&zipped), text);
    }

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
