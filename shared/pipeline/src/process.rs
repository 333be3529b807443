//! What the parse function does with a batch of jobs.

use std::time::Instant;

use logbook_backends::sql::{
    LogMeta, LogState, ParsedLog, RejectedLog, StoreOutcome, Via, log_row, store_parsed,
    store_rejected,
};
use logbook_backends::{Boxed, Database};
use logbook_model::{Consent, LogReject, ProductId, Timestamp};

use crate::deadline::{over, share};
use crate::meter::{Done, Stage};
use crate::open::{find, open_found};
use crate::parse::{PARSER_VERSION, log_meta, refuse};
use crate::{Error, Job, ParseOutcome, Result, Snapshot, Vault, parse_log, steps};

/// What became of a job. Everything but `Retry` is final: its message may go.
///
/// What is wrong with an archived object for good is the log's own fault, and rejects it. What
/// is wrong with the database never is: where a stored row is damaged, or a value is refused
/// that parsing let through, trying again does not help until someone mends it, and the log
/// must not be written off. Its message fails until it is a dead letter, where it is seen, and
/// from where it is brought back. So does one that names no object of the archive.
#[derive(Debug)]
pub enum JobOutcome {
    /// The log's rows are committed, or were before.
    Parsed,
    /// Its content was parsed under another id.
    Duplicate,
    /// It is refused, and its rejection committed.
    Rejected(LogReject),
    /// It was erased: nothing is to be done.
    Erased,
    /// It was not the log that failed: the message goes back, and in the end to the dead letters.
    Retry(Error),
}

enum Prepared {
    Parsed(Box<ParsedLog>),
    Rejected(Box<RejectedLog>),
    Erased,
    Retry(Error),
}

/// Parses the logs of a batch and stores what they say; one outcome a job, in order.
///
/// Logs are parsed one after the other (memory holds one at a time) and stored together. A job
/// that fails does not touch the others, and one whose log takes long leaves them half of the time
/// that is left `until` all must be read: what is not read by then is to be tried again.
pub fn process<'a>(
    vault: &'a Vault,
    products: &'a Snapshot,
    database: &'a Database,
    jobs: &'a [Job],
    now: Timestamp,
    until: Option<Instant>,
) -> Boxed<'a, Vec<JobOutcome>> {
    Box::pin(async move {
        let mut prepared = Vec::with_capacity(jobs.len());
        let mut work = Vec::new();
        for (at, job) in jobs.iter().enumerate() {
            let until = share(until, jobs.len() - at);
            let told = job.work.and_then(Done::checked);
            work.extend(told.map(|done| (job.product.clone(), done)));
            prepared.push(
                match prepare(vault, products, job, now, until, &mut work).await {
                    Ok(prepared) => prepared,
                    Err(Error::Erased) => Prepared::Erased,
                    Err(error) => Prepared::Retry(error),
                },
            );
        }
        steps::reach("parse.before_store");
        // What is parsed is stored together; what is left keeps its place.
        let mut parsed: Vec<ParsedLog> = Vec::new();
        let mut others = Vec::with_capacity(jobs.len());
        for one in prepared {
            match one {
                Prepared::Parsed(log) => {
                    parsed.push(*log);
                    others.push(None);
                }
                other => others.push(Some(other)),
            }
        }
        let stored = store_parsed(database, &parsed).await;
        steps::reach("parse.after_store");
        work.extend(parsed.iter().zip(&stored).filter_map(|(log, stored)| {
            let is_stored = matches!(stored, Ok(StoreOutcome::Stored));
            let sessions = log.parts.len() as u64;
            is_stored.then(|| (log.meta.product.clone(), vault.meter.stored(sessions)))
        }));
        let mut stored = stored.into_iter();
        let mut outcomes = Vec::with_capacity(jobs.len());
        for one in others {
            outcomes.push(match one {
                None | Some(Prepared::Parsed(_)) => outcome_of(stored.next()),
                Some(Prepared::Rejected(row)) => match reject(database, &row).await {
                    Ok(outcome) => outcome,
                    Err(error) => JobOutcome::Retry(error.into()),
                },
                Some(Prepared::Erased) => JobOutcome::Erased,
                Some(Prepared::Retry(error)) => JobOutcome::Retry(error),
            });
        }
        if let Some(job) = jobs.first() {
            let done = vault.meter.take(Stage::Parse);
            work.extend(done.map(|done| (job.product.clone(), done)));
        }
        vault.meter.note(database, now, work).await;
        steps::reach("parse.before_ack");
        outcomes
    })
}

/// Stores that a log was refused. One that was parsed while its product was known stays parsed: a
/// message that comes late tells nothing new of it.
async fn reject(database: &Database, row: &RejectedLog) -> logbook_backends::Result<JobOutcome> {
    if row.reason == LogReject::UnknownProduct {
        let held = log_row(database, &row.meta.product, &row.meta.log).await?;
        match held.map(|held| held.state) {
            Some(LogState::Parsed) => return Ok(JobOutcome::Parsed),
            Some(LogState::Duplicate) => return Ok(JobOutcome::Duplicate),
            _ => {}
        }
    }
    Ok(match store_rejected(database, row).await? {
        StoreOutcome::Erased => JobOutcome::Erased,
        _ => JobOutcome::Rejected(row.reason),
    })
}

fn outcome_of(stored: Option<logbook_backends::Result<StoreOutcome>>) -> JobOutcome {
    match stored {
        Some(Ok(StoreOutcome::Stored | StoreOutcome::AlreadyStored)) => JobOutcome::Parsed,
        Some(Ok(StoreOutcome::Duplicate { .. })) => JobOutcome::Duplicate,
        Some(Ok(StoreOutcome::Erased)) => JobOutcome::Erased,
        Some(Err(error)) => JobOutcome::Retry(error.into()),
        None => JobOutcome::Retry(Error::Task),
    }
}

async fn prepare(
    vault: &Vault,
    products: &Snapshot,
    job: &Job,
    now: Timestamp,
    until: Option<Instant>,
    work: &mut Vec<(ProductId, Done)>,
) -> Result<Prepared> {
    if until.is_some_and(|until| until <= Instant::now()) {
        return Err(Error::Read(over()));
    }
    let found = match find(vault, &job.product, &job.log_id).await {
        Ok(found) => found,
        // An object that says nothing valid of itself, or a body that is not what was written.
        Err(error)
            if !error.is_transient() && !matches!(error, Error::NotFound | Error::Erased) =>
        {
            return refused_unopened(vault, job, &error, now).await;
        }
        Err(error) => return Err(error),
    };
    let told = found.attributes.work;
    work.extend(told.map(|done| (job.product.clone(), done)));
    let queued_at = (job.queued_at > 0).then_some(Timestamp(job.queued_at));
    let object = (found.object.created_at, found.object.body.len() as u64);
    let meta = log_meta(
        &job.product,
        &job.log_id,
        &found.attributes,
        object,
        queued_at,
        now,
    );
    let Some(product) = products.product(&job.product)? else {
        let detail = format!("no product {} is registered", job.product);
        let row = refuse(
            meta,
            LogReject::UnknownProduct,
            detail,
            crate::registry::DEFAULT_TIMEOUT_SECS,
        );
        return Ok(Prepared::Rejected(Box::new(row)));
    };
    if let Some(refusal) = &found.attributes.refused {
        let (reason, detail) = refusal.reject();
        let row = refuse(meta, reason, detail, product.session_timeout_secs);
        return Ok(Prepared::Rejected(Box::new(row)));
    }
    if found.attributes.consent == Consent::Off {
        let detail = "its consent is off".to_owned();
        let row = refuse(
            meta,
            LogReject::ConsentOff,
            detail,
            product.session_timeout_secs,
        );
        return Ok(Prepared::Rejected(Box::new(row)));
    }
    let opened = match open_found(vault, &job.product, &job.log_id, found).await {
        Ok(opened) => opened,
        Err(Error::Rejected { reason, detail }) => {
            let row = refuse(meta, reason, detail, product.session_timeout_secs);
            return Ok(Prepared::Rejected(Box::new(row)));
        }
        Err(error) => return Err(error),
    };
    Ok(
        match parse_log(vault, product, &job.log_id, opened, queued_at, now, until).await? {
            ParseOutcome::Parsed(log) => Prepared::Parsed(log),
            ParseOutcome::Rejected(row) => Prepared::Rejected(row),
        },
    )
}

/// The rejection of a log whose object cannot even be read. A listing still knows its time and
/// size.
async fn refused_unopened(
    vault: &Vault,
    job: &Job,
    error: &Error,
    now: Timestamp,
) -> Result<Prepared> {
    let key = crate::archive_key(&job.product, &job.log_id);
    let listed = vault.archive.list(&key, None, 1).await?.objects;
    let Some(object) = listed.into_iter().find(|object| object.key == key) else {
        return Err(Error::NotFound);
    };
    let meta = LogMeta {
        product: job.product.clone(),
        log: job.log_id.clone(),
        via: Via::Inbox,
        consent: Consent::Usage,
        received_at: object.created_at,
        archived_at: object.created_at,
        queued_at: None,
        parsed_at: now,
        sealed_bytes: object.size,
        inflated_bytes: 0,
        profile: String::new(),
        parser_version: PARSER_VERSION.to_owned(),
    };
    let reason = match error {
        Error::Store(logbook_backends::Error::TooLarge { .. }) => LogReject::TooLarge,
        Error::Store(_) => LogReject::WrongTag,
        _ => LogReject::WrongFormat,
    };
    let row = refuse(
        meta,
        reason,
        error.to_string(),
        crate::registry::DEFAULT_TIMEOUT_SECS,
    );
    Ok(Prepared::Rejected(Box::new(row)))
}
