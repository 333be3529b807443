//! Reading JSON's outer structure from a stream.

use std::io::{self, Read};

use super::scan::{Scan, Step};
use super::walk::Key;
use crate::family::otlp::input::Input;
use crate::family::otlp::records::Owner;
use crate::interpret::Position;

/// How a request in the next line would begin: the line before was cut.
const BEGINNINGS: [&[u8]; 2] = [b"{\"resourceLogs\"", b"{\"resource_logs\""];
/// Longest key, in bytes.
const MAX_KEY_BYTES: usize = 1 << 16;

/// Why a request cannot be read on.
#[derive(Debug)]
pub(super) enum Broken {
    /// The source failed.
    Source(io::Error),
    /// The log ends within it.
    Ends,
    /// It is not JSON, or not OTLP's structure.
    Malformed(&'static str),
    /// Its line ends within it.
    Cut,
    /// An owner comes after too many of its records.
    Order(Owner),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Source(error)
    }
}

/// How large a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Fits { bytes: usize, depth: usize },
    TooLong,
}

/// Lines, as far as they matter to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lining {
    /// Byte at which the request began.
    pub(super) begun: u64,
    /// Requests of this log end in their line.
    pub(super) one_a_line: bool,
    /// This one goes over several.
    pub(super) several: bool,
}

/// Reads tokens of one request.
pub(super) struct Reader<'i, R> {
    input: &'i mut Input<R>,
    pub(super) lining: Lining,
}

impl<'i, R: Read> Reader<'i, R> {
    pub(super) const fn new(input: &'i mut Input<R>, lining: Lining) -> Self {
        Self { input, lining }
    }

    pub(super) const fn position(&self) -> Position {
        self.input.position()
    }

    /// Reads a slice of the log by itself. It was measured before: it is whole.
    pub(super) fn nested(
        &self,
        bytes: &[u8],
        at: Position,
        read: impl FnOnce(&mut Reader<'_, &[u8]>) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        let mut input = Input::from(bytes, at);
        read(&mut Reader::new(&mut input, self.lining))
    }

    /// The members of an object, each of whose values `each` must pass; `null` has none.
    pub(super) fn members(
        &mut self,
        mut each: impl FnMut(&mut Self, Key) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        if !self.opens(b'{', "an object is expected")? {
            return Ok(());
        }
        if self.token()? == b'}' {
            self.take(1);
            return Ok(());
        }
        loop {
            if self.token()? != b'"' {
                return Err(Broken::Malformed("a key is expected"));
            }
            let Extent::Fits { bytes, .. } = self.measure(MAX_KEY_BYTES)? else {
                return Err(Broken::Malformed("a key is too long"));
            };
            let key = Key::new(&self.slice(bytes)[1..bytes - 1]);
            self.take(bytes);
            if self.token()? != b':' {
                return Err(Broken::Malformed("a colon is expected"));
            }
            self.take(1);
            self.token()?;
            each(self, key)?;
            if self.closes(b'}')? {
                return Ok(());
            }
        }
    }

    /// The items of a list, each of which `each` must pass; `null` has none.
    pub(super) fn items(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        if !self.opens(b'[', "a list is expected")? {
            return Ok(());
        }
        if self.token()? == b']' {
            self.take(1);
            return Ok(());
        }
        loop {
            self.token()?;
            each(self)?;
            if self.closes(b']')? {
                return Ok(());
            }
        }
    }

    fn opens(&mut self, bracket: u8, else_detail: &'static str) -> Result<bool, Broken> {
        let token = self.token()?;
        if token == bracket {
            self.take(1);
            return Ok(true);
        }
        if token == b'n' && self.input.ensure(4)? && self.slice(4) == b"null" {
            self.take(4);
            return Ok(false);
        }
        Err(Broken::Malformed(else_detail))
    }

    fn closes(&mut self, bracket: u8) -> Result<bool, Broken> {
        let token = self.token()?;
        if token != bracket && token != b',' {
            return Err(Broken::Malformed(
                "a comma or a closing bracket is expected",
            ));
        }
        self.take(1);
        Ok(token == bracket)
    }

    /// The next byte that is not blank, left where it is.
    fn token(&mut self) -> Result<u8, Broken> {
        loop {
            match self.input.peek()? {
                None => return Err(Broken::Ends),
                Some(b' ' | b'\t' | b'\r') => self.input.consume(1),
                Some(b'\n') => {
                    self.line_break(0)?;
                    self.input.consume_lines(1);
                }
                Some(byte) => return Ok(byte),
            }
        }
    }

    /// The size of the value that begins here, up to a bound.
    pub(super) fn measure(&mut self, max_bytes: usize) -> Result<Extent, Broken> {
        let mut scan = Scan::default();
        loop {
            match self.scan(&mut scan)? {
                Step::Ends(0) => return Err(Broken::Malformed("a value is expected")),
                Step::Ends(bytes) if bytes <= max_bytes => {
                    let depth = scan.deepest;
                    return Ok(Extent::Fits { bytes, depth });
                }
                Step::Ends(_) => return Ok(Extent::TooLong),
                _ if scan.at > max_bytes => return Ok(Extent::TooLong),
                _ if !self.input.fill()? => return Err(Broken::Ends),
                _ => {}
            }
        }
    }

    /// Passes the value that begins here, whatever its size.
    pub(super) fn skip(&mut self) -> Result<(), Broken> {
        let mut scan = Scan::default();
        let mut passed = 0;
        loop {
            match self.scan(&mut scan)? {
                Step::Ends(bytes) if passed + bytes == 0 => {
                    return Err(Broken::Malformed("a value is expected"));
                }
                Step::Ends(bytes) => {
                    self.take(bytes);
                    return Ok(());
                }
                _ => {
                    self.take(scan.at);
                    passed += scan.at;
                    scan.at = 0;
                    if !self.input.fill()? {
                        return Err(Broken::Ends);
                    }
                }
            }
        }
    }

    /// Searches the window: [`Step::Ends`] or [`Step::More`].
    fn scan(&mut self, scan: &mut Scan) -> Result<Step, Broken> {
        loop {
            match scan.advance(self.input.pending(), !self.lining.several) {
                Step::LineBreak(in_text) => {
                    if in_text {
                        return Err(Broken::Cut);
                    }
                    self.line_break(scan.at)?;
                    scan.pass();
                }
                Step::Mismatch => return Err(Broken::Malformed("brackets do not match")),
                step => return Ok(step),
            }
        }
    }

    /// The line ends at a byte of the window: is it the request that is broken, or has it
    /// several lines?
    fn line_break(&mut self, at: usize) -> Result<(), Broken> {
        if self.lining.several {
            return Ok(());
        }
        self.input.ensure(at + 1 + BEGINNINGS[1].len())?;
        let next = &self.input.pending()[at + 1..];
        let next_begins = BEGINNINGS.iter().any(|text| next.starts_with(text));
        // `{` alone in its line begins a request that is laid out over lines.
        let length = self.position().offset + at as u64 - self.lining.begun;
        if next_begins || (self.lining.one_a_line && length > 2) {
            return Err(Broken::Cut);
        }
        self.lining.several = true;
        Ok(())
    }

    /// The first bytes of the window, which were measured before.
    pub(super) fn slice(&self, bytes: usize) -> &[u8] {
        &self.input.pending()[..bytes]
    }

    /// Passes bytes that were measured before.
    pub(super) fn take(&mut self, bytes: usize) {
        self.input.consume_lines(bytes);
    }
}
