//! The families of formats: from bytes to records.

mod ahead;
mod csv;
mod inner;
mod json;
mod logfmt;
mod ndjson;
pub(crate) mod otlp;
mod text;

use std::io::{self, Cursor, Read};

use logbook_model::LogReject;

use crate::interpret::Interpreter;
use crate::limits::Limits;
use crate::log::{LogContext, ParsedLog, ReadError};
use crate::profile::{Family, Profile};
use crate::sessions::Observer;

/// Reads a whole log (inflated) by a profile into the parts of its sessions.
///
/// The source is read once, in order; what is kept in memory is bounded by `limits`, whatever
/// the log's size. Where single events are wanted, `observer` sees each of them when its
/// session is settled.
///
/// # Errors
/// [`ReadError::Source`] where the source fails, [`ReadError::Rejected`] where the log as a
/// whole is refused.
pub fn read_log(
    source: impl Read,
    profile: &Profile,
    context: &LogContext,
    limits: &Limits,
    observer: Option<Observer<'_>>,
) -> Result<ParsedLog, ReadError> {
    let (head, source) = marked(source)?;
    if let Some(what) = foreign_text(&head) {
        return Err(ReadError::Rejected {
            reason: LogReject::WrongFormat,
            detail: what.to_owned(),
            figures: Box::default(),
        });
    }
    let source = Cursor::new(head).chain(source);
    let interpreter = Interpreter::new(profile, context, limits, observer);
    match &profile.family {
        Family::Ndjson(rule) => ndjson::read(source, rule, interpreter),
        Family::Csv(rule) => csv::read(source, rule, interpreter),
        Family::Text(rule) => text::read(source, rule, interpreter),
        Family::Otlp => otlp::read(source, interpreter),
    }
}

/// What a log's first bytes tell of an encoding that is not read; `None` for all others.
pub fn foreign_text(head: &[u8]) -> Option<&'static str> {
    let marked = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    marked.then_some("it is text in UTF-16; send it in UTF-8")
}

/// Takes as much from a source as a byte order mark has.
fn marked<R: Read>(mut source: R) -> io::Result<(Vec<u8>, R)> {
    let mut head = Vec::with_capacity(2);
    source.by_ref().take(2).read_to_end(&mut head)?;
    Ok((head, source))
}
