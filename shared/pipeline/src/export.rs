//! What an export of OpenTelemetry's will come to, told while its sender waits for an answer.

use std::io::{Cursor, Read};

use logbook_formats::{Limits, LogContext, LogFigures, ReadError, builtin, read_log};
use logbook_model::{LogId, LogReject, ProductId, Timestamp};
use logbook_seal::Inflate;

use crate::error::read_error;
use crate::{Error, MAX_SEARCHED_BYTES, Result};

/// The profile that reads exports.
pub const EXPORT_PROFILE: &str = "otlp";

/// An empty export is shorter than that.
const MAX_EMPTY_BYTES: usize = 64;

/// Records of an export that will be refused when it is parsed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RefusedRecords {
    /// How many.
    pub count: u64,
    /// Where the first is and why, in words that quote nothing of it; empty where there is none.
    pub first: String,
}

/// Reads an export as parsing will, and keeps nothing. Gives the body back, and which of its
/// records will be refused. An export that has none is good: exporters may send such.
///
/// # Errors
/// [`Error::Rejected`], where not one of its records can be read; it never quotes them.
pub async fn judge_export(
    product: ProductId,
    log: LogId,
    body: Vec<u8>,
    now: Timestamp,
) -> Result<(Vec<u8>, RefusedRecords)> {
    let work = move || {
        let refused = judge(&LogContext::new(product, log, now), &body)?;
        Ok((body, refused))
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::Task)?
}

fn judge(context: &LogContext, body: &[u8]) -> Result<RefusedRecords> {
    let Some(profile) = builtin(EXPORT_PROFILE) else {
        unreachable!("the profile is built in");
    };
    let mut source = Inflate::new(Cursor::new(body), MAX_SEARCHED_BYTES);
    let mut head = Vec::new();
    let mut start = source.by_ref().take(MAX_EMPTY_BYTES as u64);
    start.read_to_end(&mut head).map_err(read_error)?;
    if is_empty(&head) {
        return Ok(RefusedRecords::default());
    }
    let source = Cursor::new(head).chain(source);
    match read_log(source, profile, context, &Limits::default(), None) {
        Ok(parsed) => Ok(refused(&parsed.figures)),
        Err(ReadError::Rejected {
            reason: LogReject::Empty,
            ..
        }) => Ok(RefusedRecords::default()),
        Err(ReadError::Rejected { reason, detail, .. }) => Err(Error::rejected(reason, detail)),
        Err(ReadError::Source(error)) => Err(read_error(error)),
    }
}

/// Whether an export is an empty object. Of a file that could as well be anything else, and is
/// refused; an exporter says by it that it has nothing.
fn is_empty(head: &[u8]) -> bool {
    let text = head.trim_ascii();
    let inner = text
        .strip_prefix(b"{")
        .and_then(|text| text.strip_suffix(b"}"));
    head.len() < MAX_EMPTY_BYTES && inner.is_some_and(|inner| inner.trim_ascii().is_empty())
}

fn refused(figures: &LogFigures) -> RefusedRecords {
    let first = figures.rejects.iter().min_by_key(|reject| reject.offset);
    let first = first.map(|reject| {
        let (line, reason, detail) = (reject.line, reject.reason, &reject.detail);
        format!("at line {line}: {reason}: {detail}")
    });
    RefusedRecords {
        count: figures.rejects_total,
        first: first.unwrap_or_default(),
    }
}
