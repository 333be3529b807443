//! Lines of a log, with their position, bounded and repaired.

use std::borrow::Cow;
use std::io::{self, Read};

use memchr::{Memchr, memchr, memchr_iter, memrchr};

use crate::interpret::Position;

/// Bytes asked of the source at once.
const READ_BYTES: usize = 16 * 1024;

/// One line, without its line break.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// Number, from 1.
    pub number: u64,
    /// Byte in the unrepaired log at which the line starts (after a byte order mark).
    pub offset: u64,
    /// The text, valid UTF-8, without NUL.
    pub text: Cow<'a, str>,
    /// The line had invalid UTF-8 or NUL, replaced by U+FFFD.
    pub repaired: bool,
    /// The line was longer than the bound; `text` is its beginning.
    pub too_long: bool,
    /// The log ends within the line: no line break follows.
    pub ends_open: bool,
}

impl Line<'_> {
    /// Where the line starts.
    pub(crate) const fn at(&self) -> Position {
        Position {
            line: self.number,
            offset: self.offset,
        }
    }
}

/// Lines that are there at once.
pub(crate) enum Block<'a> {
    One(Option<Line<'a>>),
    Clean(CleanLines<'a>),
}

impl<'a> Iterator for Block<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        match self {
            Self::One(line) => line.take(),
            Self::Clean(lines) => lines.next(),
        }
    }
}

/// Lines none of which needs a repair or is too long.
pub(crate) struct CleanLines<'a> {
    text: &'a str,
    breaks: Memchr<'a>,
    /// Where the next one starts in the text.
    start: usize,
    /// Number of the one before.
    number: &'a mut u64,
    /// Where the text starts.
    offset: u64,
}

impl<'a> Iterator for CleanLines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let end = self.breaks.next()?;
        let line = &self.text[self.start..end];
        let offset = self.offset + self.start as u64;
        self.start = end + 1;
        *self.number += 1;
        Some(Line {
            number: *self.number,
            offset,
            text: Cow::Borrowed(line.strip_suffix('\r').unwrap_or(line)),
            repaired: false,
            too_long: false,
            ends_open: false,
        })
    }
}

/// Reads a source line by line. Memory: twice the longest line allowed, at most.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    eof: bool,
    number: u64,
    offset: u64,
    max_bytes: usize,
    /// Up to here, the buffer has something to repair.
    dirty: usize,
}

impl<R: Read> Lines<R> {
    /// Lines of `source`, none longer than `max_bytes`.
    pub(crate) fn new(source: R, max_bytes: usize) -> Self {
        Self {
            source,
            buffer: vec![0; READ_BYTES * 2],
            start: 0,
            end: 0,
            eof: false,
            number: 0,
            offset: 0,
            max_bytes,
            dirty: 0,
        }
    }

    /// Bytes read so far, of complete lines.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Gives all lines to `take`.
    pub(crate) fn each(&mut self, mut take: impl FnMut(Line<'_>)) -> io::Result<()> {
        self.each_block(|lines| lines.for_each(&mut take))
    }

    /// Gives all lines to `take`, as many at once as are there.
    pub(crate) fn each_block(&mut self, mut take: impl FnMut(Block<'_>)) -> io::Result<()> {
        while let Some(line) = self.next_line()? {
            take(Block::One(Some(line)));
            if let Some(lines) = self.clean_lines() {
                take(Block::Clean(lines));
            }
        }
        Ok(())
    }

    /// The lines that are whole in the buffer, if none of them needs a repair or may be too
    /// long: their text is then checked at once.
    fn clean_lines(&mut self) -> Option<CleanLines<'_>> {
        if self.start < self.dirty {
            return None;
        }
        let pending = &self.buffer[self.start..self.end];
        let length = memrchr(b'\n', pending).map_or(0, |at| at + 1);
        if length > self.max_bytes {
            self.dirty = self.end;
            return None;
        }
        let (Cow::Borrowed(text), false) = repair(&pending[..length]) else {
            self.dirty = self.end;
            return None;
        };
        let offset = self.offset;
        self.start += length;
        self.offset += length as u64;
        Some(CleanLines {
            text,
            breaks: memchr_iter(b'\n', text.as_bytes()),
            start: 0,
            number: &mut self.number,
            offset,
        })
    }

    /// The next line; `None` at the end.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        let mut searched = 0;
        let (length, too_long) = loop {
            let pending = &self.buffer[self.start..self.end];
            if let Some(at) = memchr(b'\n', &pending[searched..]) {
                break (searched + at + 1, searched + at > self.max_bytes);
            }
            searched = pending.len();
            if searched > self.max_bytes + 1 {
                break (searched, true);
            }
            if self.eof {
                if searched == 0 {
                    return Ok(None);
                }
                break (searched, searched > self.max_bytes);
            }
            self.fill()?;
        };
        let begin = self.start;
        self.start += length;
        self.number += 1;
        let mut offset = self.offset;
        self.offset += length as u64;
        let mut ends_open = self.buffer[self.start - 1] != b'\n';
        if too_long && ends_open {
            ends_open = !self.skip_line()?;
        }
        // `skip_line` may refill, but leaves what lies before `start` in place.
        let mut raw = &self.buffer[begin..begin + length];
        if raw.last() == Some(&b'\n') {
            raw = &raw[..raw.len() - 1];
        }
        if raw.last() == Some(&b'\r') {
            raw = &raw[..raw.len() - 1];
        }
        if self.number == 1 && raw.starts_with(b"\xef\xbb\xbf") {
            raw = &raw[3..];
            offset += 3;
        }
        let (text, repaired) = repair(&raw[..raw.len().min(self.max_bytes)]);
        Ok(Some(Line {
            number: self.number,
            offset,
            text,
            // Where it is cut, a character may be cut; and it is rejected anyway.
            repaired: repaired && !too_long,
            too_long,
            ends_open,
        }))
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 && self.end + READ_BYTES > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.dirty = self.dirty.saturating_sub(self.start);
            self.start = 0;
        }
        if self.end + READ_BYTES > self.buffer.len() {
            self.buffer.resize(self.end + READ_BYTES, 0);
        }
        let read = read_some(&mut self.source, &mut self.buffer[self.end..])?;
        self.end += read;
        self.eof = read == 0;
        Ok(())
    }

    /// Passes over the rest of a line that is too long; whether a line break ends it. The bytes
    /// before `start` stay.
    fn skip_line(&mut self) -> io::Result<bool> {
        let keep = self.start;
        let mut found = false;
        let mut skipped = 0;
        let mut chunk = [0u8; 8192];
        while !self.eof {
            let read = read_some(&mut self.source, &mut chunk)?;
            if read == 0 {
                self.eof = true;
                break;
            }
            if let Some(at) = memchr(b'\n', &chunk[..read]) {
                skipped += at as u64 + 1;
                let rest = &chunk[at + 1..read];
                self.buffer.truncate(keep);
                self.buffer.extend_from_slice(rest);
                self.end = self.buffer.len();
                found = true;
                break;
            }
            skipped += read as u64;
            self.end = keep;
        }
        if self.eof {
            self.end = keep;
        }
        self.offset += skipped;
        Ok(found)
    }
}

/// Reads once; an interrupted read is tried again.
fn read_some(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Valid UTF-8 without NUL, and whether anything had to be replaced.
pub(crate) fn repair(raw: &[u8]) -> (Cow<'_, str>, bool) {
    match simdutf8::basic::from_utf8(raw) {
        Ok(text) if memchr(0, raw).is_none() => (Cow::Borrowed(text), false),
        Ok(text) => (Cow::Owned(text.replace('\0', "\u{fffd}")), true),
        Err(_) => {
            let text = String::from_utf8_lossy(raw);
            (Cow::Owned(text.replace('\0', "\u{fffd}")), true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], max: usize) -> Vec<(u64, u64, String, bool, bool)> {
        let facts = |line: &Line<'_>| {
            (
                line.number,
                line.offset,
                line.text.to_string(),
                line.repaired,
                line.too_long,
            )
        };
        let mut lines = Lines::new(bytes, max);
        let mut out = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            out.push((facts(&line), line.ends_open));
        }
        let (mut again, mut all) = (Lines::new(bytes, max), Vec::new());
        let each = again.each(|line| all.push((facts(&line), line.ends_open)));
        each.unwrap();
        assert_eq!(all, out, "one by one, and all at once");
        assert_eq!(again.offset(), lines.offset());
        out.into_iter().map(|(facts, _)| facts).collect()
    }

    #[test]
    fn line_breaks_a_byte_order_mark_and_a_missing_last_break_are_fine() {
        let got = read(b"\xef\xbb\xbfa\r\nb\n\nc", 100);
        let want = [(1, 3, "a"), (2, 6, "b"), (3, 8, ""), (4, 9, "c")];
        assert_eq!(got.len(), 4);
        for ((number, offset, text), line) in want.into_iter().zip(got) {
            assert_eq!(line, (number, offset, text.to_owned(), false, false));
        }
    }

    #[test]
    fn invalid_utf8_and_nul_are_repaired_and_said_so() {
        let got = read(b"a\xffb\nx\0y\nok\n", 100);
        assert_eq!(got[0].2, "a\u{fffd}b");
        assert_eq!(got[1].2, "x\u{fffd}y");
        assert_eq!((got[0].3, got[1].3, got[2].3), (true, true, false));
    }

    #[test]
    fn a_line_over_the_bound_is_cut_and_the_next_one_is_whole() {
        let mut bytes = vec![b'x'; 300_000];
        bytes.extend_from_slice(b"\nnext\n");
        bytes.extend_from_slice(&vec![b'y'; 200_000]);
        let got = read(&bytes, 1000);
        assert_eq!((got[0].2.len(), got[0].4), (1000, true));
        assert_eq!(
            (got[1].1, got[1].2.as_str(), got[1].4),
            (300_001, "next", false)
        );
        assert_eq!((got[2].1, got[2].4), (300_006, true));
        assert_eq!(got.len(), 3);
    }

    proptest! {
        #[test]
        fn lines_are_those_of_a_plain_split(text in "[ab\n]{0,400}", max in 1usize..50) {
            let mut want: Vec<&str> = text.split('\n').collect();
            if want.last() == Some(&"") {
                want.pop();
            }
            let got = read(text.as_bytes(), max);
            prop_assert_eq!(got.len(), want.len());
            let mut offset = 0;
            for (line, want) in got.iter().zip(want) {
                prop_assert_eq!(line.1, offset);
                prop_assert_eq!(line.4, want.len() > max);
                prop_assert_eq!(&line.2, &want[..want.len().min(max)]);
                offset += want.len() as u64 + 1;
            }
        }
    }
}
