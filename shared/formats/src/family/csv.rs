//! Comma-separated values: RFC 4180, with a header.

use std::borrow::Cow;
use std::io::Read;

use logbook_model::{EventReject, LogReject};
use memchr::{memchr, memchr_iter, memchr2};

use super::ahead::{LinesAhead, OwnLine};
use crate::interpret::{Interpreter, Position};
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
    mut interpreter: Interpreter<'_, '_>,
) -> Result<ParsedLog, ReadError> {
    let mut records = Records {
        lines: LinesAhead::new(source, interpreter.limits().record_bytes),
        rule,
        cells: Cells::default(),
    };
    let columns = match &rule.columns {
        Some(names) => Columns::new(names, &interpreter),
        None => match header(&mut records, rule, &mut interpreter)? {
            Ok(names) => Columns::new(&names, &interpreter),
            Err((reason, detail)) => return Err(interpreter.refuse_log(reason, detail)),
        },
    };
    let mut empty = Slots::default();
    while let Some((at, text)) = records.next(&mut interpreter)? {
        let text = match text {
            Ok(text) => text,
            Err((reason, detail)) => {
                interpreter.reject(at, reason, detail);
                continue;
            }
        };
        let cells = &records.cells;
        if cells.ends.len() != columns.slot_of.len() {
            let (got, want) = (cells.ends.len(), columns.slot_of.len());
            let detail = format!("{got} cells under {want} columns");
            interpreter.reject(at, EventReject::WrongCells, detail);
            continue;
        }
        let mut slots = std::mem::take(&mut empty).reuse(columns.slots);
        for (slot, cell) in columns.slot_of.iter().zip(cells.iter(&text)) {
            if let Some(slot) = slot {
                slots.set(*slot, Value::Text(cell));
            }
        }
        interpreter.record(at, &slots);
        empty = slots.reuse(0);
        records.lines.recycle(text);
    }
    interpreter.finish(records.lines.offset())
}

/// The names of the columns. Without a good header no row can be read.
fn header<R: Read>(
    records: &mut Records<'_, R>,
    rule: &CsvRule,
    interpreter: &mut Interpreter<'_, '_>,
) -> Result<Result<Vec<String>, (LogReject, String)>, ReadError> {
    let Some((at, text)) = records.next(interpreter)? else {
        return Ok(Err((LogReject::Empty, "it has no record".to_owned())));
    };
    let wrong = |detail: String| Ok(Err((LogReject::WrongFormat, detail)));
    let text = match text {
        Ok(text) => text,
        Err((_, detail)) => return wrong(format!("the header, at line {}: {detail}", at.line)),
    };
    let cells = records.cells.iter(&text);
    let names: Vec<String> = cells.map(|cell| cell.trim().to_owned()).collect();
    if let Some(missing) = rule.required.iter().find(|want| !names.contains(want)) {
        return wrong(format!("the header has no column {missing:?}"));
    }
    if names.len() > MAX_COLUMNS {
        return wrong(format!("the header has more than {MAX_COLUMNS} columns"));
    }
    Ok(Ok(names))
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

type Text = Result<String, (EventReject, String)>;

/// Lines put together to records. A quote that is never closed costs its own line only.
struct Records<'r, R> {
    lines: LinesAhead<R>,
    rule: &'r CsvRule,
    /// Those of the record read last.
    cells: Cells,
}

impl<R: Read> Records<'_, R> {
    /// The next record that is not blank, with its line breaks where it runs over several lines.
    fn next(
        &mut self,
        interpreter: &mut Interpreter<'_, '_>,
    ) -> Result<Option<(Position, Text)>, ReadError> {
        let max_bytes = interpreter.limits().record_bytes;
        while let Some(line) = self.lines.next(interpreter)? {
            // A row of delimiters is one of empty cells, whatever the delimiter.
            let blank = |b: u8| b.is_ascii_whitespace() && b != self.rule.delimiter;
            if self.rule.is_comment(&line.text) || line.text.bytes().all(blank) {
                continue;
            }
            let at = line.at;
            let text = if line.too_long {
                let detail = format!("longer than {max_bytes} bytes");
                Err((EventReject::TooLong, detail))
            } else if is_closed(&line.text) {
                let split = self.cells.split(&line.text, self.rule.delimiter);
                split
                    .map(|()| line.text)
                    .map_err(|detail| (EventReject::Broken, detail.to_owned()))
            } else {
                self.gather(interpreter, line.text)?
            };
            return Ok(Some((at, text)));
        }
        Ok(None)
    }

    /// The rest of a record whose quote is open at the end of its first line. Where it never
    /// closes, or closes where no cell can end, the lines read are put back.
    fn gather(
        &mut self,
        interpreter: &mut Interpreter<'_, '_>,
        first: String,
    ) -> Result<Text, ReadError> {
        let max_bytes = interpreter.limits().record_bytes;
        let mut taken: Vec<OwnLine> = Vec::new();
        let mut text = first;
        while taken.len() < MAX_LINES
            && let Some(line) = self.lines.next(interpreter)?
        {
            text.push('\n');
            text.push_str(&line.text);
            let (closes, too_long) = (!is_closed(&line.text), line.too_long);
            taken.push(line);
            if too_long || text.len() > max_bytes {
                break;
            }
            if closes {
                if self.cells.split(&text, self.rule.delimiter).is_ok() {
                    return Ok(Ok(text));
                }
                break;
            }
        }
        self.lines.put_back(taken);
        let detail = "a quote is opened and never closed".to_owned();
        Ok(Err((EventReject::Broken, detail)))
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
