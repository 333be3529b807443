//! Lines of text: records begin where a pattern fits, other lines continue them.

use std::borrow::Cow;
use std::io::Read;

use logbook_model::{EventReject, LogReject};
use memchr::memchr;

use super::inner::InnerPlan;
use crate::interpret::{Interpreter, Position};
use crate::lines::{Line, Lines};
use crate::log::{ParsedLog, ReadError};
use crate::profile::pattern::{Fitted, RecordPattern};
use crate::profile::{BeforeFirst, BlankLines, Layout, TextRule};
use crate::value::{Slots, Value};

/// Bytes and lines at the head of a log by which its layout is chosen.
const HEAD_BYTES: usize = 64 * 1024;
const HEAD_LINES: usize = 1000;

pub(super) fn read(
    source: impl Read,
    rule: &TextRule,
    interpreter: Interpreter<'_, '_>,
) -> Result<ParsedLog, ReadError> {
    let mut lines = Lines::new(source, interpreter.limits().record_bytes);
    let mut head = Vec::new();
    let mut head_bytes = 0;
    let chooses = rule.layouts.len() > 1;
    while chooses
        && head.len() < HEAD_LINES
        && head_bytes < HEAD_BYTES
        && let Some(line) = lines.next_line()?
    {
        let line = TextLine::new(line, rule.strip_ansi).into_owned();
        head_bytes += line.text.len() + 1;
        head.push(line);
    }
    let Some(layout) = choose(&rule.layouts, &head) else {
        let detail = "its profile has no layout for it";
        return Err(interpreter.refuse_log(LogReject::WrongFormat, detail));
    };
    let mut reader = Reader::new(rule, layout, interpreter);
    let mut ends_open = true;
    let mut last = 0;
    for line in head {
        (ends_open, last) = (line.ends_open, line.at.line);
        reader.line(line);
    }
    lines.each(|line| {
        let line = TextLine::new(line, rule.strip_ansi);
        (ends_open, last) = (line.ends_open, line.at.line);
        reader.line(line);
    })?;
    let bytes = lines.offset();
    if !ends_open && layout.blank_lines == BlankLines::Record {
        // What follows the last line break is a line too, if an empty one.
        let at = Position {
            line: last + 1,
            offset: bytes,
        };
        reader.line(TextLine::empty(at));
    }
    reader.end_record();
    reader.interpreter.finish(bytes)
}

/// One line, ready to be fitted.
struct TextLine<'a> {
    at: Position,
    text: Cow<'a, str>,
    repaired: bool,
    too_long: bool,
    /// The log ends within the line: no line break follows.
    ends_open: bool,
}

impl<'a> TextLine<'a> {
    fn new(line: Line<'a>, strip: bool) -> Self {
        Self {
            at: line.at(),
            repaired: line.repaired,
            too_long: line.too_long,
            ends_open: line.ends_open,
            text: if strip {
                strip_ansi(line.text)
            } else {
                line.text
            },
        }
    }

    const fn empty(at: Position) -> Self {
        Self {
            at,
            text: Cow::Borrowed(""),
            repaired: false,
            too_long: false,
            ends_open: true,
        }
    }

    fn into_owned(self) -> TextLine<'static> {
        TextLine {
            text: Cow::Owned(self.text.into_owned()),
            ..self
        }
    }
}

/// The first layout whose condition holds for the log's head; the one without a condition is
/// last.
fn choose<'r>(layouts: &'r [Layout], head: &[TextLine<'_>]) -> Option<&'r Layout> {
    let lines: Vec<&str> = head.iter().map(|line| &*line.text).collect();
    let head = lines.join("\n");
    layouts
        .iter()
        .find(|layout| layout.when.as_ref().is_none_or(|when| when.is_match(&head)))
}

struct Reader<'r, 'p, 'o> {
    rule: &'r TextRule,
    layout: &'r Layout,
    interpreter: Interpreter<'p, 'o>,
    /// For each pattern, where its groups stand.
    fitted: Vec<Fitted>,
    inner: Vec<InnerPlan<'p>>,
    slots: usize,
    empty: Slots<'static>,
    /// The record must be whole before it is read.
    gathers: bool,
    /// The record being gathered: its place, its text, the length of its first line, and the
    /// pattern that fits it.
    open: Option<(Position, String, usize, Option<usize>)>,
    begun: bool,
}

impl<'r, 'p, 'o> Reader<'r, 'p, 'o> {
    fn new(rule: &'r TextRule, layout: &'r Layout, interpreter: Interpreter<'p, 'o>) -> Self {
        Self {
            rule,
            layout,
            fitted: layout.records.iter().map(RecordPattern::fitted).collect(),
            inner: rule
                .inner
                .iter()
                .map(|(slot, inner)| InnerPlan::new(*slot, *inner, interpreter.profile()))
                .collect(),
            slots: interpreter.profile().fields.len(),
            empty: Slots::default(),
            gathers: rule.whole.is_some() || rule.rest.is_some(),
            open: None,
            begun: false,
            interpreter,
        }
    }

    fn line(&mut self, line: TextLine<'_>) {
        let TextLine { at, text, .. } = line;
        if line.repaired {
            self.interpreter.repaired();
        }
        let blank = text.trim_ascii().is_empty();
        if blank && self.layout.blank_lines == BlankLines::Skip {
            self.other_line(at, &text, true);
            return;
        }
        if let Some(pattern) = self.fitting(&text) {
            self.begun = true;
            if line.too_long {
                self.end_record();
                self.too_long(at);
            } else if self.gathers {
                self.end_record();
                let length = text.len();
                self.open = Some((at, text.into_owned(), length, Some(pattern)));
            } else {
                self.emit(at, &text, text.len(), Some(pattern));
            }
            return;
        }
        if line.too_long && !(self.begun && self.layout.continuation) {
            self.too_long(at);
            return;
        }
        self.other_line(at, &text, blank);
    }

    fn too_long(&mut self, at: Position) {
        let max = self.interpreter.limits().record_bytes;
        let detail = format!("longer than {max} bytes");
        self.interpreter.reject(at, EventReject::TooLong, detail);
    }

    /// A line at which no record begins.
    fn other_line(&mut self, at: Position, text: &str, blank: bool) {
        if self.begun && self.layout.continuation {
            if !blank {
                self.interpreter.continuation_line();
            }
            let max = self.interpreter.limits().record_bytes;
            if let Some((_, whole, _, _)) = &mut self.open
                && whole.len() + text.len() < max
            {
                whole.push('\n');
                whole.push_str(text);
            }
            return;
        }
        if blank {
            return;
        }
        let what = if self.begun {
            BeforeFirst::Reject
        } else {
            self.layout.before_first
        };
        match what {
            BeforeFirst::Ignore => self.interpreter.continuation_line(),
            BeforeFirst::Reject => {
                let detail = "it begins no record".to_owned();
                self.interpreter.reject(at, EventReject::Broken, detail);
            }
            BeforeFirst::Record => {
                self.begun = true;
                if self.gathers {
                    self.open = Some((at, text.to_owned(), text.len(), None));
                } else {
                    self.emit(at, text, text.len(), None);
                }
            }
        }
    }

    /// The pattern that fits a line, its groups left in its `fitted`.
    fn fitting(&mut self, text: &str) -> Option<usize> {
        let mut patterns = self.layout.records.iter().zip(&mut self.fitted);
        patterns.position(|(pattern, fitted)| pattern.fits(text, fitted))
    }

    fn end_record(&mut self) {
        if let Some((at, text, first, pattern)) = self.open.take() {
            if let Some(pattern) = pattern {
                // It fitted this very line when the record was opened.
                self.layout.records[pattern].fits(&text[..first], &mut self.fitted[pattern]);
            }
            self.emit(at, &text, first, pattern);
        }
    }

    fn emit(&mut self, at: Position, text: &str, first: usize, pattern: Option<usize>) {
        let mut slots = std::mem::take(&mut self.empty).reuse(self.slots);
        if let Some(pattern) = pattern {
            let texts = self.layout.records[pattern].texts(text, &self.fitted[pattern]);
            for (slot, text) in texts {
                slots.set(slot, Value::text(text));
            }
        }
        if let Some(slot) = self.rule.whole {
            slots.set(slot, Value::text(text));
        }
        if let Some(slot) = self.rule.rest {
            slots.set(slot, Value::text(text[first..].trim_start_matches('\n')));
        }
        let depth = self.interpreter.limits().depth;
        let filled = self
            .inner
            .iter_mut()
            .try_for_each(|inner| inner.fill(&mut slots, depth));
        match filled {
            Ok(()) => self.interpreter.record(at, &slots),
            Err((reason, detail)) => self.interpreter.reject(at, reason, detail),
        }
        self.empty = slots.retire();
    }
}

/// Without the escape sequences that colour terminals (ECMA-48 CSI).
fn strip_ansi(text: Cow<'_, str>) -> Cow<'_, str> {
    if memchr(b'\x1b', text.as_bytes()).is_none() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\x1b' && chars.peek() == Some(&'[') {
            chars.next();
            while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
        } else if c != '\x1b' {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_out() {
        let coloured = "\x1b[32m[INFO]\x1b[0m ok\x1b[1;31m!";
        assert_eq!(strip_ansi(coloured.into()), "[INFO] ok!");
    }
}
