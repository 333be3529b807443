//! From a log's bytes to rows.

use std::io::{self, Cursor, Read};
use std::time::Instant;

use logbook_backends::sql::{LogMeta, ParsedLog, RejectSample, RejectedLog, Rejects};
use logbook_formats::{
    HEAD_BYTES, Limits, LogContext, LogFigures, Profile, ReadError, foreign_text, guess, read_log,
};
use logbook_model::{LogId, LogReject, ProductId, Timestamp};
use logbook_seal::Inflate;

use crate::attributes::FILE_NAME;
use crate::consent::restrict;
use crate::deadline::Until;
use crate::error::read_error;
use crate::pseudonym::hide_people;
use crate::{Error, LogAttributes, Opened, Product, Result, Vault};

/// Version of the code that parses, stored with each log.
pub const PARSER_VERSION: &str = env!("CARGO_PKG_VERSION");
/// Most bytes that a log may inflate to.
pub const MAX_INFLATED_BYTES: u64 = 4 << 30;

/// What parsing made of a log.
#[derive(Debug)]
pub enum ParseOutcome {
    /// Rows.
    Parsed(Box<ParsedLog>),
    /// Refused as a whole.
    Rejected(Box<RejectedLog>),
}

/// Reads an opened log by its product's profile, until a time at most.
pub async fn parse_log(
    vault: &Vault,
    product: &Product,
    log: &LogId,
    opened: Opened,
    queued_at: Option<Timestamp>,
    now: Timestamp,
    until: Option<Instant>,
) -> Result<ParseOutcome> {
    let key = vault.keys().pseudonym_key(&product.id).await?;
    let attributes = opened.attributes.clone();
    let mut meta = log_meta(
        &product.id,
        log,
        &attributes,
        (opened.archived_at, opened.sealed_bytes),
        queued_at,
        now,
    );
    let (product, log) = (product.clone(), log.clone());
    let work = move || {
        let context = log_context(&product.id, &log, &attributes);
        let reader = opened.log.into_reader(MAX_INFLATED_BYTES);
        // What did not inflate was sealed as it came: it fails here again, and says why.
        let mut source = Until::new(Inflate::new(reader, MAX_INFLATED_BYTES), until);
        let (head, profile) = match profile_of(&product, &attributes, &mut source) {
            Ok(found) => found,
            Err(Error::Rejected { reason, detail }) => {
                return Ok(rejected(meta, reason, detail, None, &product));
            }
            Err(error) => return Err(error),
        };
        let source = Cursor::new(head).chain(source);
        meta.profile = profile.reference();
        Ok(
            match read_log(source, &profile, &context, &Limits::default(), None) {
                Ok(parsed) => {
                    let mut parts = parsed.parts;
                    for part in &mut parts {
                        hide_people(
                            &key,
                            &mut part.facts,
                            product.accounts_readable,
                            &attributes.metadata,
                        );
                        restrict(part, attributes.consent);
                    }
                    ParseOutcome::Parsed(Box::new(ParsedLog {
                        meta,
                        content_hash: attributes.content_hash,
                        parts,
                        records: parsed.figures.records,
                        repaired_utf8: parsed.figures.repaired_utf8,
                        flagged: parsed
                            .figures
                            .flags
                            .by_name()
                            .into_iter()
                            .map(|(name, n)| (name.to_owned(), n))
                            .collect(),
                        rejects: rejects(&parsed.figures),
                        session_timeout_secs: product.session_timeout_secs,
                    }))
                }
                Err(ReadError::Rejected {
                    reason,
                    detail,
                    figures,
                }) => rejected(meta, reason, detail, Some(&figures), &product),
                Err(ReadError::Source(error)) => match read_error(error) {
                    Error::Rejected { reason, detail } => {
                        rejected(meta, reason, detail, None, &product)
                    }
                    error => return Err(error),
                },
            },
        )
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Error::Task)?
}

/// The row of a log that is refused before it is opened.
pub(crate) fn refuse(
    meta: LogMeta,
    reason: LogReject,
    detail: String,
    timeout_secs: u32,
) -> RejectedLog {
    RejectedLog {
        meta,
        reason,
        detail,
        rejects: Rejects::default(),
        session_timeout_secs: timeout_secs,
    }
}

fn rejected(
    meta: LogMeta,
    reason: LogReject,
    detail: String,
    figures: Option<&LogFigures>,
    product: &Product,
) -> ParseOutcome {
    let mut row = refuse(meta, reason, detail, product.session_timeout_secs);
    if let Some(figures) = figures {
        row.rejects = rejects(figures);
    }
    ParseOutcome::Rejected(Box::new(row))
}

/// The profile that the way a log came decides, or else its product's; `auto` takes the
/// built-in one that fits. With it, what was read of the log to find out.
///
/// # Errors
/// [`Error::Rejected`] where none fits; [`Error::Registry`] where it is faulty.
pub(crate) fn profile_of(
    product: &Product,
    attributes: &LogAttributes,
    source: &mut impl Read,
) -> Result<(Vec<u8>, Profile)> {
    let wrong = |detail: String| Error::rejected(LogReject::WrongFormat, detail);
    if let Some(name) = &attributes.profile {
        let profile = product.profile_named(name)?.cloned();
        let missing = || wrong(format!("there is no profile {name:?}"));
        return Ok((Vec::new(), profile.ok_or_else(missing)?));
    }
    if let Some(fault) = &product.fault {
        return Err(fault.clone().into());
    }
    if let Some(profile) = &product.profile {
        return Ok((Vec::new(), profile.clone()));
    }
    let mut head = Vec::new();
    let mut start = source.by_ref().take(HEAD_BYTES as u64);
    start.read_to_end(&mut head).map_err(read_error)?;
    if head.is_empty() {
        return Err(Error::rejected(LogReject::Empty, "it has no bytes"));
    }
    if let Some(what) = foreign_text(&head) {
        return Err(wrong(what.to_owned()));
    }
    let Some(profile) = guess(&head).cloned() else {
        // What does not inflate, a bomb above all, is that and not a log of some other format.
        io::copy(source, &mut io::sink()).map_err(read_error)?;
        return Err(wrong("none of the built-in profiles fits it".to_owned()));
    };
    Ok((head, profile))
}

/// What is known of a log whatever becomes of it.
pub(crate) fn log_meta(
    product: &ProductId,
    log: &LogId,
    attributes: &LogAttributes,
    (archived_at, sealed_bytes): (Timestamp, u64),
    queued_at: Option<Timestamp>,
    now: Timestamp,
) -> LogMeta {
    LogMeta {
        product: product.clone(),
        log: log.clone(),
        via: attributes.via,
        consent: attributes.consent,
        received_at: attributes.received_at,
        archived_at,
        queued_at,
        parsed_at: now,
        sealed_bytes,
        inflated_bytes: attributes.inflated_bytes,
        profile: String::new(),
        parser_version: PARSER_VERSION.to_owned(),
    }
}

/// The context in which a log is read.
pub fn log_context(product: &ProductId, log: &LogId, attributes: &LogAttributes) -> LogContext {
    let mut context = LogContext::new(product.clone(), log.clone(), attributes.received_at);
    let mut metadata = attributes.metadata.clone();
    context.file_name = metadata.remove(FILE_NAME);
    context.modified_at = metadata
        .remove("modified_at")
        .and_then(|text| text.parse().ok())
        .and_then(Timestamp::from_micros);
    context.metadata = metadata;
    context
}

fn rejects(figures: &LogFigures) -> Rejects {
    Rejects {
        samples: figures
            .rejects
            .iter()
            .map(|reject| RejectSample {
                reason: reject.reason,
                line: Some(reject.line),
                byte_offset: Some(reject.offset),
                detail: reject.detail.clone(),
            })
            .collect(),
        counts: figures.rejects_by_reason.clone(),
    }
}
