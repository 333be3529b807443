//! The header of a gzip member, RFC 1952 section 2.3.

use std::ops::Range;

use flate2::Crc;

use super::InflateError;

/// First two bytes of every member.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Compression method: deflate, the only one defined.
const DEFLATE: u8 = 8;
const FHCRC: u8 = 1 << 1;
const FEXTRA: u8 = 1 << 2;
const FNAME: u8 = 1 << 3;
const FCOMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;
/// Longest name or comment, in bytes: a bound on what is skipped before the first inflated byte.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// Takes a header byte by byte, so that it may lie across any number of reads.
pub(super) struct Header {
    at: Field,
    flags: u8,
    crc: Crc,
    len: usize,
    name: Option<Range<usize>>,
    comment: Option<Range<usize>>,
}

/// The field that the next byte belongs to.
#[derive(Clone, Copy)]
enum Field {
    Fixed(u8),
    ExtraLen { low: Option<u8> },
    Extra { left: u16 },
    Name { start: usize },
    Comment { start: usize },
    Crc { low: Option<u8> },
    Done,
}

impl Header {
    pub(super) fn new() -> Self {
        Self {
            at: Field::Fixed(0),
            flags: 0,
            crc: Crc::new(),
            len: 0,
            name: None,
            comment: None,
        }
    }

    /// Takes one byte; true once the header is complete.
    pub(super) fn push(&mut self, byte: u8) -> Result<bool, InflateError> {
        if !matches!(self.at, Field::Crc { .. }) {
            self.crc.update(&[byte]);
        }
        self.at = match self.at {
            Field::Fixed(index) => self.fixed(index, byte)?,
            Field::ExtraLen { low: None } => Field::ExtraLen { low: Some(byte) },
            Field::ExtraLen { low: Some(low) } => match u16::from_le_bytes([low, byte]) {
                0 => self.after(FEXTRA),
                left => Field::Extra { left },
            },
            Field::Extra { left: 1 } => self.after(FEXTRA),
            Field::Extra { left } => Field::Extra { left: left - 1 },
            Field::Name { start } if byte == 0 => {
                self.name = Some(start..self.len);
                self.after(FNAME)
            }
            Field::Comment { start } if byte == 0 => {
                self.comment = Some(start..self.len);
                self.after(FCOMMENT)
            }
            Field::Name { start } | Field::Comment { start }
                if self.len - start >= MAX_TEXT_BYTES =>
            {
                return Err(InflateError::Corrupt);
            }
            same @ (Field::Name { .. } | Field::Comment { .. } | Field::Done) => same,
            Field::Crc { low: None } => Field::Crc { low: Some(byte) },
            Field::Crc { low: Some(low) }
                if u16::from_le_bytes([low, byte]) == self.crc.sum() as u16 =>
            {
                Field::Done
            }
            Field::Crc { .. } => return Err(InflateError::Corrupt),
        };
        self.len += 1;
        Ok(matches!(self.at, Field::Done))
    }

    /// The ten fixed bytes: magic (2), method, flags, time (4), extra flags, system.
    fn fixed(&mut self, index: u8, byte: u8) -> Result<Field, InflateError> {
        let fits = match index {
            0 => byte == MAGIC[0],
            1 => byte == MAGIC[1],
            2 => byte == DEFLATE,
            3 => byte & RESERVED == 0,
            _ => true,
        };
        if !fits {
            return Err(InflateError::Corrupt);
        }
        if index == 3 {
            self.flags = byte;
        }
        Ok(if index == 9 {
            self.after(0)
        } else {
            Field::Fixed(index + 1)
        })
    }

    /// The first optional field, in their fixed order, that comes after the one of flag `done`.
    fn after(&self, done: u8) -> Field {
        let start = self.len + 1;
        let is_next =
            |flag: u8, later_than: &[u8]| self.flags & flag != 0 && later_than.contains(&done);
        if is_next(FEXTRA, &[0]) {
            Field::ExtraLen { low: None }
        } else if is_next(FNAME, &[0, FEXTRA]) {
            Field::Name { start }
        } else if is_next(FCOMMENT, &[0, FEXTRA, FNAME]) {
            Field::Comment { start }
        } else if self.flags & FHCRC != 0 {
            Field::Crc { low: None }
        } else {
            Field::Done
        }
    }
}

/// What a gzip stream's header says, each without its closing NUL.
#[derive(Default)]
pub(crate) struct Texts<'b> {
    /// The name of the file that was compressed.
    pub(crate) name: Option<&'b [u8]>,
    /// The comment.
    pub(crate) comment: Option<&'b [u8]>,
}

/// The texts in the header of a gzip stream, if it is one.
pub(crate) fn gzip_texts(bytes: &[u8]) -> Texts<'_> {
    let mut header = Header::new();
    for &byte in bytes {
        match header.push(byte) {
            Ok(false) => {}
            Ok(true) => {
                return Texts {
                    name: header.name.and_then(|at| bytes.get(at)),
                    comment: header.comment.and_then(|at| bytes.get(at)),
                };
            }
            Err(_) => break,
        }
    }
    Texts::default()
}
