//! Lines that can be put back, for records that run over several of them.

use std::io::Read;

use crate::interpret::{Interpreter, Position};
use crate::lines::{Line, Lines};
use crate::log::ReadError;

/// One line, kept.
#[derive(Debug)]
pub(super) struct OwnLine {
    pub(super) at: Position,
    pub(super) text: String,
    pub(super) too_long: bool,
}

impl From<Line<'_>> for OwnLine {
    fn from(line: Line<'_>) -> Self {
        Self {
            at: line.at(),
            too_long: line.too_long,
            text: line.text.into_owned(),
        }
    }
}

/// Lines of a log, some of which were read ahead in vain.
pub(super) struct LinesAhead<R> {
    lines: Lines<R>,
    /// In reverse order.
    back: Vec<OwnLine>,
}

impl<R: Read> LinesAhead<R> {
    pub(super) fn new(source: R, max_bytes: usize) -> Self {
        Self {
            lines: Lines::new(source, max_bytes),
            back: Vec::new(),
        }
    }

    /// Bytes read so far.
    pub(super) const fn offset(&self) -> u64 {
        self.lines.offset()
    }

    /// The next line. A repaired one is counted when it is first read.
    pub(super) fn next(
        &mut self,
        interpreter: &mut Interpreter<'_, '_>,
    ) -> Result<Option<OwnLine>, ReadError> {
        if let Some(line) = self.back.pop() {
            return Ok(Some(line));
        }
        let Some(line) = self.lines.next_line()? else {
            return Ok(None);
        };
        if line.repaired {
            interpreter.repaired();
        }
        Ok(Some(line.into()))
    }

    /// Puts lines back that were taken last, in their order.
    pub(super) fn put_back(&mut self, lines: Vec<OwnLine>) {
        self.back.extend(lines.into_iter().rev());
    }
}
