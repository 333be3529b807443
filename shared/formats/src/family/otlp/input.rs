//! The bytes of a log, through a window that grows only as far as it must.

use std::io::{self, ErrorKind, Read};

use memchr::memchr_iter;

use crate::interpret::Position;

/// Bytes asked of the source at once.
const READ_BYTES: usize = 64 * 1024;

/// A source read in order, of which a window is in memory.
#[derive(Debug)]
pub(super) struct Input<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    eof: bool,
    at: Position,
}

impl<R: Read> Input<R> {
    /// The source from its beginning.
    pub(super) fn new(source: R) -> Self {
        Self::from(source, Position { line: 1, offset: 0 })
    }

    /// A source that begins somewhere in a log.
    pub(super) fn from(source: R, at: Position) -> Self {
        Self {
            source,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            eof: false,
            at,
        }
    }

    /// Where the window begins. Its line is right where all was consumed by
    /// [`Input::consume_lines`].
    pub(super) const fn position(&self) -> Position {
        self.at
    }

    /// The window.
    pub(super) fn pending(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Widens the window; whether anything came.
    pub(super) fn fill(&mut self) -> io::Result<bool> {
        if self.eof {
            return Ok(false);
        }
        if self.start > 0 && self.end + READ_BYTES > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end + READ_BYTES > self.buffer.len() {
            self.buffer.resize(self.end + READ_BYTES, 0);
        }
        let read = loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.end += read;
        self.eof = read == 0;
        Ok(read > 0)
    }

    /// Widens the window to at least so many bytes; whether there are as many.
    pub(super) fn ensure(&mut self, bytes: usize) -> io::Result<bool> {
        while self.pending().len() < bytes {
            if !self.fill()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The next byte; `None` at the end.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        if self.start == self.end && !self.fill()? {
            return Ok(None);
        }
        Ok(self.pending().first().copied())
    }

    /// Moves the window's beginning, where lines do not matter.
    pub(super) fn consume(&mut self, bytes: usize) {
        self.start += bytes;
        self.at.offset += bytes as u64;
        debug_assert!(self.start <= self.end, "only what is pending is consumed");
    }

    /// Moves the window's beginning, and counts lines.
    pub(super) fn consume_lines(&mut self, bytes: usize) {
        let passed = &self.buffer[self.start..self.start + bytes];
        self.at.line += memchr_iter(b'\n', passed).count() as u64;
        self.consume(bytes);
    }
}
