//! Comma-separated values: RFC 4180, with a header.

use std::borrow::Cow;
use std::io::Read;

use logbook_model::{EventReject, LogReject};
use memchr::{memchr, memchr_iter};

use crate::interpret::{Interpreter, Position};
use crate::lines::Lines;
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
        lines: Lines::new(source, interpreter.limits().record_bytes),
        max_bytes: interpreter.limits().record_bytes,
        ahead: Vec::new(),
    };
    let mut columns = rule
        .columns
        .clone()
        .map(|names| Columns::new(&names, &interpreter));
    let mut cells = Cells::default();
    while let Some(record) = records.next(&mut interpreter)? {
        let delimiter = rule.delimiter;
        if let Err(detail) = cells.split(&record.text, delimiter) {
            interpreter.reject(record.at, EventReject::Broken, detail.to_owned());
            continue;
        }
        let Some(columns) = &columns else {
            let names: Vec<String> = cells
                .iter(&record.text)
                .map(|cell| cell.trim().to_owned())
                .collect();
            if let Some(missing) = rule.required.iter().find(|want| !names.contains(want)) {
                let detail = format!("the header has no column {missing:?}");
                return Err(interpreter.refuse_log(LogReject::WrongFormat, detail));
            }
            if names.len() > MAX_COLUMNS {
                let detail = format!("the header has more than {MAX_COLUMNS} columns");
                return Err(interpreter.refuse_log(LogReject::WrongFormat, detail));
            }
            columns = Some(Columns::new(&names, &interpreter));
            continue;
        };
        if cells.ends.len() != columns.count {
            let detail = format!("{} cells under {} columns", cells.ends.len(), columns.count);
            interpreter.reject(record.at, EventReject::WrongCells, detail);
            continue;
        }
        let mut slots = Slots::default().reuse(columns.slots);
        for (slot, cell) in columns.slot_of.iter().zip(cells.iter(&record.text)) {
            if let Some(slot) = slot {
                slots.set(*slot, Value::Text(cell));
            }
        }
        interpreter.record(record.at, &slots);
    }
    let bytes = records.lines.offset();
    interpreter.finish(bytes)
}

/// Which slot each column fills.
struct Columns {
    count: usize,
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
            count: names.len(),
            slots: fields.len(),
            slot_of,
        }
    }
}

/// One record's text, with its line breaks where it runs over several lines.
struct RecordText {
    at: Position,
    text: String,
}

/// Lines put together to records. A quote that is never closed costs its own line only.
struct Records<R> {
    lines: Lines<R>,
    max_bytes: usize,
    /// Lines read ahead in vain, in reverse order.
    ahead: Vec<(Position, String, bool)>,
}

impl<R: Read> Records<R> {
    fn line(
        &mut self,
        interpreter: &mut Interpreter<'_, '_>,
    ) -> Result<Option<(Position, String, bool)>, ReadError> {
        if let Some(line) = self.ahead.pop() {
            return Ok(Some(line));
        }
        let Some(line) = self.lines.next_line()? else {
            return Ok(None);
        };
        if line.repaired {
            interpreter.repaired();
        }
        let at = Position {
            line: line.number,
            offset: line.offset,
        };
        Ok(Some((at, line.text.into_owned(), line.too_long)))
    }

    fn next(
        &mut self,
        interpreter: &mut Interpreter<'_, '_>,
    ) -> Result<Option<RecordText>, ReadError> {
        while let Some((at, text, too_long)) = self.line(interpreter)? {
            if too_long {
                let detail = format!("longer than {} bytes", self.max_bytes);
                interpreter.reject(at, EventReject::TooLong, detail);
            } else if text.trim_ascii().is_empty() {
                // A blank line is no record.
            } else if is_closed(&text) {
                return Ok(Some(RecordText { at, text }));
            } else {
                match self.gather(interpreter, &text)? {
                    Some(text) => return Ok(Some(RecordText { at, text })),
                    None => interpreter.reject(
                        at,
                        EventReject::Broken,
                        "a quote is opened and never closed".to_owned(),
                    ),
                }
            }
        }
        Ok(None)
    }

    /// The rest of a record whose quote is open at the end of its first line; `None`, with the
    /// lines read put back, where it never closes.
    fn gather(
        &mut self,
        interpreter: &mut Interpreter<'_, '_>,
        first: &str,
    ) -> Result<Option<String>, ReadError> {
        let mut taken = Vec::new();
        let mut bytes = first.len();
        while taken.len() < MAX_LINES
            && let Some(line) = self.line(interpreter)?
        {
            bytes += line.1.len() + 1;
            let (closes, too_long) = (!is_closed(&line.1), line.2 || bytes > self.max_bytes);
            taken.push(line);
            if too_long {
                break;
            }
            if closes {
                let mut text = first.to_owned();
                for (_, line, _) in &taken {
                    text.push('\n');
                    text.push_str(line);
                }
                return Ok(Some(text));
            }
        }
        self.ahead.extend(taken.into_iter().rev());
        Ok(None)
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
                let end = memchr(delimiter, &bytes[at..]).map_or(bytes.len(), |n| at + n);
                if memchr(b'"', &bytes[at..end]).is_some() {
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
