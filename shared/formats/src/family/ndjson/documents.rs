//! JSON objects that run over several lines, stand in a list, or follow each other.

use std::io::Read;

use logbook_model::EventReject;
use memchr::memchr2;

use super::super::ahead::{LinesAhead, OwnLine};
use super::Objects;
use crate::interpret::Position;
use crate::log::{ParsedLog, ReadError};
use crate::profile::NdjsonRule;

pub(super) fn read(
    source: impl Read,
    rule: &NdjsonRule,
    mut objects: Objects<'_, '_>,
) -> Result<ParsedLog, ReadError> {
    let max_bytes = objects.interpreter.limits().record_bytes;
    let mut lines = LinesAhead::new(source, max_bytes);
    while let Some(line) = lines.next(&mut objects.interpreter)? {
        if rule.is_comment(&line.text) {
            continue;
        }
        if line.too_long {
            let detail = format!("a line longer than {max_bytes} bytes");
            let reason = EventReject::TooLong;
            objects.interpreter.reject(line.at, reason, detail);
            continue;
        }
        read_line(line, &mut lines, &mut objects)?;
    }
    objects.interpreter.finish(lines.offset())
}

/// Takes the objects that begin on a line, with the lines over which the last of them runs.
fn read_line<R: Read>(
    mut line: OwnLine,
    lines: &mut LinesAhead<R>,
    objects: &mut Objects<'_, '_>,
) -> Result<(), ReadError> {
    let limits = objects.interpreter.limits();
    let mut from = 0;
    while let Some(start) = object_start(&line.text, from) {
        let at = Position {
            line: line.at.line,
            offset: line.at.offset + start as u64,
        };
        if !line.text[start..].starts_with('{') {
            let detail = "no JSON object begins here".to_owned();
            objects.interpreter.reject(at, EventReject::Broken, detail);
            return Ok(());
        }
        let mut nesting = Nesting::default();
        match nesting.pass(&line.text[start..], limits.depth) {
            Pass::Closed(length) => {
                objects.object(at, &line.text[start..start + length]);
                from = start + length;
            }
            Pass::Open => match gather(&line.text[start..], nesting, lines, objects)? {
                Ok(Gathered { text, rest }) => {
                    objects.object(at, &text);
                    (line, from) = rest;
                }
                Err((reason, detail)) => {
                    objects.interpreter.reject(at, reason, detail);
                    return Ok(());
                }
            },
            Pass::Faulty(reason, detail) => {
                objects.interpreter.reject(at, reason, detail.to_owned());
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Where the next object begins: past blanks, commas and the brackets of a list of objects.
fn object_start(text: &str, from: usize) -> Option<usize> {
    let rest = text[from..].trim_start_matches([' ', '\t', '\r', ',', '[', ']']);
    (!rest.is_empty()).then(|| text.len() - rest.len())
}

struct Gathered {
    text: String,
    /// The line on which the object ends, and where the rest of it begins.
    rest: (OwnLine, usize),
}

/// The rest of an object that is open at the end of its first line. Where it never closes, the
/// lines read are put back: it costs its own line only.
fn gather<R: Read>(
    first: &str,
    mut nesting: Nesting,
    lines: &mut LinesAhead<R>,
    objects: &mut Objects<'_, '_>,
) -> Result<Result<Gathered, (EventReject, String)>, ReadError> {
    let limits = objects.interpreter.limits();
    let mut taken = Vec::new();
    let mut text = first.to_owned();
    let fault = loop {
        let Some(line) = lines.next(&mut objects.interpreter)? else {
            break (EventReject::Broken, "an object is never closed".to_owned());
        };
        let pass = nesting.pass(&line.text, limits.depth);
        let used = match pass {
            Pass::Closed(length) => length,
            _ => line.text.len(),
        };
        text.push('\n');
        text.push_str(&line.text[..used]);
        if line.too_long || text.len() > limits.record_bytes {
            taken.push(line);
            let detail = format!("longer than {} bytes", limits.record_bytes);
            break (EventReject::TooLong, detail);
        }
        match pass {
            Pass::Closed(_) => {
                let rest = (line, used);
                return Ok(Ok(Gathered { text, rest }));
            }
            Pass::Open => taken.push(line),
            Pass::Faulty(reason, detail) => {
                taken.push(line);
                break (reason, detail.to_owned());
            }
        }
    };
    lines.put_back(taken);
    Ok(Err(fault))
}

/// How deep in an object a line begins.
#[derive(Debug, Clone, Copy, Default)]
struct Nesting {
    depth: usize,
}

enum Pass {
    /// The object ends after this many bytes.
    Closed(usize),
    /// It goes on on the next line.
    Open,
    /// It is no good, and why.
    Faulty(EventReject, &'static str),
}

impl Nesting {
    fn pass(&mut self, text: &str, max_depth: usize) -> Pass {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'"' => match end_of_text(bytes, at + 1) {
                    Some(end) => at = end,
                    // JSON allows no line break in a text.
                    None => return Pass::Faulty(EventReject::Broken, "a text is not closed"),
                },
                b'{' | b'[' => {
                    self.depth += 1;
                    if self.depth > max_depth {
                        return Pass::Faulty(EventReject::TooDeep, "nested too deep");
                    }
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Pass::Closed(at + 1);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        Pass::Open
    }
}

/// The byte of the quote that closes a text.
fn end_of_text(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}
