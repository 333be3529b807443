//! Comma-separated values: RFC 4180, with a header.

use std::borrow::Cow;
use std::io::Read;

use logbook_model::{EventReject, LogReject};
use memchr::{memchr, memchr_iter, memchr2};

use super::ahead::OwnLine;
use crate::interpret::{Interpreter, Position};
use crate::lines::{Line, Lines};
use crate::log::{ParsedLog, ReadError};
use crate::profile::CsvRule;
use crate::value::{Slots, Value};

/// Most columns a log may have.
const MAX_COLUMNS: usize = 4096;
/// Most lines that one quoted record may run over.
const MAX_LINES: usize = 10_000;

pub(super) fn read(
    source: impl Read,
    rule: &CsvRule,
    interpreter: Interpreter<'_, '_>,
) -> Result<ParsedLog, ReadError> {
    let mut lines = Lines::new(source, interpreter.limits().record_bytes);
    let mut rows = Rows::new(rule, interpreter);
    while matches!(rows.header, Header::Awaited)
        && let Some(line) = lines.next_line()?
    {
        rows.line(line);
    }
    if let Header::Read(_) = rows.header {
        lines.each(|line| rows.line(line))?;
    }
    rows.end();
    match rows.header {
        Header::Read(_) => rows.interpreter.finish(lines.offset()),
        Header::Awaited => {
            let detail = "it has no record";
            Err(rows.interpreter.refuse_log(LogReject::Empty, detail))
        }
        Header::Wrong(detail) => Err(rows.interpreter.refuse_log(LogReject::WrongFormat, detail)),
    }
}

/// The names of the columns, without which no row can be read.
enum Header {
    /// They are in the first record.
    Awaited,
    /// They are known.
    Read(Columns),
    /// They are no good, and why.
    Wrong(String),
}

/// Which slot each column fills.
struct Columns {
    slots: usize,
    slot_of: Vec<Option<usize>>,
}

impl Columns {
    fn new(names: &[String], interpreter: &Interpreter<'_, '_>) -> Self {
        let fields = &interpreter.profile().fields;
        let slot_of = names
            .iter()
            .map(|name| fields.names().iter().position(|field| field == name))
            .collect();
        Self {
            slots: fields.len(),
            slot_of,
        }
    }
}

/// Lines put together to rows. A quote that is never closed costs its own line only.
struct Rows<'r, 'p, 'o> {
    rule: &'r CsvRule,
    interpreter: Interpreter<'p, 'o>,
    header: Header,
    cells: Cells,
    empty: Slots<'static>,
    open: Option<OpenRow>,
    /// Lines that were taken for the rest of a row in vain, in reverse order.
    back: Vec<OwnLine>,
}

/// A row whose quote is open at the end of its first line.
struct OpenRow {
    at: Position,
    /// With its line breaks.
    text: String,
    /// The lines after its first.
    taken: Vec<OwnLine>,
}

impl<'r, 'p, 'o> Rows<'r, 'p, 'o> {
    fn new(rule: &'r CsvRule, interpreter: Interpreter<'p, 'o>) -> Self {
        let columns = rule.columns.as_ref();
        let columns = columns.map(|names| Columns::new(names, &interpreter));
        Self {
            rule,
            header: columns.map_or(Header::Awaited, Header::Read),
            interpreter,
            cells: Cells::default(),
            empty: Slots::default(),
            open: None,
            back: Vec::new(),
        }
    }

    /// Takes a line of the log, and then those that it makes come again.
    fn line(&mut self, line: Line<'_>) {
        if line.repaired {
            self.interpreter.repaired();
        }
        self.one_line(line.at(), line.text, line.too_long);
        self.lines_again();
    }

    fn lines_again(&mut self) {
        while let Some(line) = self.back.pop() {
            self.one_line(line.at, Cow::Owned(line.text), line.too_long);
        }
    }

    /// The end of the log.
    fn end(&mut self) {
        while let Some(row) = self.open.take() {
            self.give_up(row);
            self.lines_again();
        }
    }

    fn one_line(&mut self, at: Position, text: Cow<'_, str>, too_long: bool) {
        match self.open.take() {
            Some(mut row) => {
                row.text.push('\n');
                row.text.push_str(&text);
                let closes = !is_closed(&text);
                row.taken.push(OwnLine {
                    at,
                    text: text.into_owned(),
                    too_long,
                });
                self.gather(row, closes);
            }
            None => self.first_line(at, &text, too_long),
        }
    }

    fn first_line(&mut self, at: Position, text: &str, too_long: bool) {
        // A row of delimiters is one of empty cells, whatever the delimiter.
        let blank = |b: u8| b.is_ascii_whitespace() && b != self.rule.delimiter;
        if self.rule.is_comment(text) || text.bytes().all(blank) {
            return;
        }
        if too_long {
            let max = self.interpreter.limits().record_bytes;
            let detail = format!("longer than {max} bytes");
            return self.reject(at, EventReject::TooLong, detail);
        }
        match self.cells.split(text, self.rule.delimiter) {
            Ok(()) => self.row(at, text),
            Err(detail) if is_closed(text) => {
                self.reject(at, EventReject::Broken, detail.to_owned());
            }
            Err(_) => {
                self.open = Some(OpenRow {
                    at,
                    text: text.to_owned(),
                    taken: Vec::new(),
                });
            }
        }
    }

    /// One more line was taken for a row whose quote was open. Where it never closes, or closes
    /// where no cell can end, the lines come again.
    fn gather(&mut self, row: OpenRow, closes: bool) {
        let too_long = row.taken.last().is_some_and(|line| line.too_long)
            || row.text.len() > self.interpreter.limits().record_bytes;
        let ends = closes && !too_long;
        if ends && self.cells.split(&row.text, self.rule.delimiter).is_ok() {
            self.row(row.at, &row.text);
        } else if closes || too_long || row.taken.len() >= MAX_LINES {
            self.give_up(row);
        } else {
            self.open = Some(row);
        }
    }

    fn give_up(&mut self, row: OpenRow) {
        self.back.extend(row.taken.into_iter().rev());
        let detail = "a quote is opened and never closed".to_owned();
        self.reject(row.at, EventReject::Broken, detail);
    }

    fn reject(&mut self, at: Position, reason: EventReject, detail: String) {
        match self.header {
            Header::Awaited => {
                let detail = format!("the header, at line {}: {detail}", at.line);
                self.header = Header::Wrong(detail);
            }
            Header::Read(_) => self.interpreter.reject(at, reason, detail),
            Header::Wrong(_) => {}
        }
    }

    /// Takes a row whose cells have been split.
    fn row(&mut self, at: Position, text: &str) {
        let columns = match &self.header {
            Header::Read(columns) => columns,
            Header::Awaited => {
                self.header = self.read_header(text);
                return;
            }
            Header::Wrong(_) => return,
        };
        if self.cells.ends.len() != columns.slot_of.len() {
            let (got, want) = (self.cells.ends.len(), columns.slot_of.len());
            let detail = format!("{got} cells under {want} columns");
            return self.interpreter.reject(at, EventReject::WrongCells, detail);
        }
        let mut slots = std::mem::take(&mut self.empty).reuse(columns.slots);
        for (slot, cell) in columns.slot_of.iter().zip(self.cells.iter(text)) {
            if let Some(slot) = slot {
                slots.set(*slot, Value::Text(cell));
            }
        }
        self.interpreter.record(at, &slots);
        self.empty = slots.retire();
    }

    fn read_header(&self, text: &str) -> Header {
        let cells = self.cells.iter(text);
        let names: Vec<String> = cells.map(|cell| cell.trim().to_owned()).collect();
        if let Some(missing) = self.rule.required.iter().find(|want| !names.contains(want)) {
            return Header::Wrong(format!("the header has no column {missing:?}"));
        }
        if names.len() > MAX_COLUMNS {
            return Header::Wrong(format!("the header has more than {MAX_COLUMNS} columns"));
        }
        Header::Read(Columns::new(&names, &self.interpreter))
    }
}

/// Whether every quote of the text is closed.
fn is_closed(text: &str) -> bool {
    memchr_iter(b'"', text.as_bytes()).count().is_multiple_of(2)
}

/// The cells of one record, as places in its text.
#[derive(Default)]
struct Cells {
    /// Start, end, and whether doubled quotes are to be undone.
    ends: Vec<(usize, usize, bool)>,
}

impl Cells {
    fn split(&mut self, text: &str, delimiter: u8) -> Result<(), &'static str> {
        self.ends.clear();
        let bytes = text.as_bytes();
        let mut at = 0;
        loop {
            let blanks = bytes[at..]
                .iter()
                .take_while(|&&b| b == b' ' && b != delimiter)
                .count();
            let end = if bytes.get(at + blanks) == Some(&b'"') {
                let open = at + blanks + 1;
                let (close, doubled) = closing_quote(bytes, open).ok_or("a quote is not closed")?;
                self.ends.push((open, close, doubled));
                let rest = &bytes[close + 1..];
                let after = rest
                    .iter()
                    .take_while(|&&b| b == b' ' && b != delimiter)
                    .count();
                let end = close + 1 + after;
                if end < bytes.len() && bytes[end] != delimiter {
                    return Err("text follows a closing quote");
                }
                end
            } else {
                let end = memchr2(delimiter, b'"', &bytes[at..]).map_or(bytes.len(), |n| at + n);
                if bytes.get(end) == Some(&b'"') {
                    return Err("a quote stands within an unquoted cell");
                }
                self.ends.push((at, end, false));
                end
            };
            if end >= bytes.len() {
                return Ok(());
            }
            at = end + 1;
        }
    }

    fn iter<'a>(&self, text: &'a str) -> impl Iterator<Item = Cow<'a, str>> {
        self.ends.iter().map(move |&(start, end, doubled)| {
            let cell = &text[start..end];
            if doubled {
                Cow::Owned(cell.replace("\"\"", "\""))
            } else {
                Cow::Borrowed(cell)
            }
        })
    }
}

fn closing_quote(bytes: &[u8], open: usize) -> Option<(usize, bool)> {
    let mut at = open;
    let mut doubled = false;
    loop {
        let quote = at + memchr(b'"', &bytes[at..])?;
        if bytes.get(quote + 1) != Some(&b'"') {
            return Some((quote, doubled));
        }
        doubled = true;
        at = quote + 2;
    }
}
