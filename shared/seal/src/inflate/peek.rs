//! A reader whose first bytes can be looked at before they are read.

use std::io::{self, BufRead};

/// Bytes that tell the formats apart.
const MAGIC_BYTES: usize = 4;

/// Gives the magic bytes first, then the rest of the reader. A source may hand out its bytes one
/// at a time, so that they are collected here.
pub(super) struct Peek<R> {
    reader: R,
    head: [u8; MAGIC_BYTES],
    head_len: usize,
    head_start: usize,
}

impl<R: BufRead> Peek<R> {
    pub(super) const fn new(reader: R) -> Self {
        Self {
            reader,
            head: [0; MAGIC_BYTES],
            head_len: 0,
            head_start: 0,
        }
    }

    /// The first four bytes, or fewer where there are no more. May be called again after an error.
    pub(super) fn peek(&mut self) -> io::Result<&[u8]> {
        while self.head_len < MAGIC_BYTES {
            match self.reader.read(&mut self.head[self.head_len..]) {
                Ok(0) => break,
                Ok(count) => self.head_len += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(&self.head[..self.head_len])
    }

    /// The bytes that are ready; none at the end. Goes on after an interruption.
    pub(super) fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.head_start < self.head_len {
            return Ok(&self.head[self.head_start..self.head_len]);
        }
        loop {
            match self.reader.fill_buf() {
                // A source may be interrupted again when it is asked again at its end.
                Ok([]) => return Ok(&[]),
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // What is buffered is given without touching the source.
        self.reader.fill_buf()
    }

    pub(super) fn consume(&mut self, count: usize) {
        if self.head_start < self.head_len {
            self.head_start = (self.head_start + count).min(self.head_len);
        } else {
            self.reader.consume(count);
        }
    }
}
