//! The families of formats: from bytes to records.

mod ahead;
mod csv;
mod inner;
mod json;
mod logfmt;
mod ndjson;
pub(crate) mod otlp;
mod text;

use std::io::Read;

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
    let interpreter = Interpreter::new(profile, context, limits, observer);
    match &profile.family {
        Family::Ndjson(rule) => ndjson::read(source, rule, interpreter),
        Family::Csv(rule) => csv::read(source, rule, interpreter),
        Family::Text(rule) => text::read(source, rule, interpreter),
        Family::Otlp => otlp::read(source, interpreter),
    }
}
