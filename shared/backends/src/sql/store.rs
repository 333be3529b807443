//! Storing what was made of a log: one transaction a batch, one effect a log.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use logbook_model::{LogId, Part, ProductId, SessionId};

use super::log::{self, LogMeta, LogRow, LogState};
use super::parsed::{ParsedLog, RejectedLog, StoreOutcome};
use super::part;
use super::refold::refold;
use super::reject::{RejectRows, delete_rejects};
use super::rows::Connection;
use crate::database::Retry;
use crate::{Database, Error, Result};

/// Stores parsed logs and says what became of each, in their order.
///
/// All go into one transaction; if that fails, each goes into one of its own, so that one
/// that cannot be stored stops no other, unless the database is away. A log that was stored
/// before by another parser or profile version is replaced as a whole. Every session that gains,
/// loses or changes a part is folded anew from all its parts, and its days become dirty.
pub async fn store_parsed(db: &Database, logs: &[ParsedLog]) -> Vec<Result<StoreOutcome>> {
    let mut outcomes: Vec<Option<Result<StoreOutcome>>> = logs.iter().map(|_| None).collect();
    for batch in batches(logs) {
        let refs: Vec<&ParsedLog> = batch.iter().map(|&at| &logs[at]).collect();
        match store_batch(db, &refs).await {
            Ok(stored) => {
                for (&at, outcome) in batch.iter().zip(stored) {
                    outcomes[at] = Some(Ok(outcome));
                }
            }
            // One by one they would each wait for it.
            Err(error) if batch.len() == 1 || error.is_resuming() => {
                for &at in &batch[1..] {
                    outcomes[at] = Some(Err(Error::Away));
                }
                outcomes[batch[0]] = Some(Err(error));
            }
            Err(_) => {
                for at in batch {
                    let alone = store_batch(db, &[&logs[at]]).await;
                    outcomes[at] = Some(alone.and_then(only));
                }
            }
        }
    }
    outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap_or_else(|| Err(no_outcome())))
        .collect()
}

fn only(outcomes: Vec<StoreOutcome>) -> Result<StoreOutcome> {
    outcomes.into_iter().next().ok_or_else(no_outcome)
}

fn no_outcome() -> Error {
    Error::damaged("batch", "a log of it has no outcome")
}

/// Positions of logs that share a transaction: one product, no log twice, in order.
fn batches(logs: &[ParsedLog]) -> Vec<Vec<usize>> {
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut open: HashMap<&ProductId, (usize, HashSet<&LogId>)> = HashMap::new();
    for (at, log) in logs.iter().enumerate() {
        let (batch, seen) = open.entry(&log.meta.product).or_default();
        if seen.is_empty() || !seen.insert(&log.meta.log) {
            *batch = batches.len();
            seen.clear();
            seen.insert(&log.meta.log);
            batches.push(Vec::new());
        }
        batches[*batch].push(at);
    }
    batches
}

async fn store_batch(db: &Database, logs: &[&ParsedLog]) -> Result<Vec<StoreOutcome>> {
    for log in logs {
        check(log)?;
    }
    let mut retry = Retry::default();
    loop {
        match try_batch(db, logs).await {
            Err(error) if retry.after(&error).await => {}
            stored => return stored,
        }
    }
}

async fn try_batch(db: &Database, logs: &[&ParsedLog]) -> Result<Vec<StoreOutcome>> {
    let Some(first) = logs.first() else {
        return Ok(Vec::new());
    };
    let mut transaction = db.sessions().begin().await?;
    let outcomes = write(&mut transaction, &first.meta.product, logs).await?;
    transaction.commit().await?;
    Ok(outcomes)
}

/// Refuses parts that belong to another log, or two of one session: they would make the
/// parts of a log something else than what the log says.
fn check(log: &ParsedLog) -> Result<()> {
    let mut sessions = HashSet::new();
    for part in &log.parts {
        if part.product != log.meta.product || part.log != log.meta.log {
            return Err(Error::damaged("part", "it belongs to another log"));
        }
        if !sessions.insert(&part.session) {
            return Err(Error::damaged("log", "it has two parts of one session"));
        }
    }
    Ok(())
}

/// Decides on and writes the logs of one product.
async fn write(
    connection: &mut Connection,
    product: &ProductId,
    logs: &[&ParsedLog],
) -> Result<Vec<StoreOutcome>> {
    let ids: Vec<&str> = logs.iter().map(|log| log.meta.log.as_str()).collect();
    let hashes: Vec<String> = logs
        .iter()
        .map(|log| log::hash_text(&log.content_hash))
        .collect();
    let hash_texts: Vec<&str> = hashes.iter().map(String::as_str).collect();
    let known = log::lock_rows_of(connection, product, &ids).await?;
    let mut owners = log::owners_of(connection, product, &hash_texts).await?;

    let mut outcomes = Vec::with_capacity(logs.len());
    let mut changes = Vec::new();
    for (log, hash) in logs.iter().zip(hashes) {
        let held = known.get(&log.meta.log);
        let outcome = decide(log, &hash, held, &mut owners);
        let same = match &outcome {
            StoreOutcome::Duplicate { of } => {
                held.is_some_and(|row| row.duplicate_of.as_ref() == Some(of))
            }
            StoreOutcome::Stored => false,
            StoreOutcome::AlreadyStored | StoreOutcome::Erased => true,
        };
        if !same {
            changes.push((*log, row_of(log, hash, &outcome)));
        }
        outcomes.push(outcome);
    }
    replace(connection, product, &known, changes).await?;
    Ok(outcomes)
}

fn decide(
    log: &ParsedLog,
    hash: &str,
    held: Option<&LogRow>,
    owners: &mut HashMap<String, LogId>,
) -> StoreOutcome {
    if held.is_some_and(|row| row.state == LogState::Erased) {
        return StoreOutcome::Erased;
    }
    if let Some(owner) = owners.get(hash).filter(|owner| **owner != log.meta.log) {
        return StoreOutcome::Duplicate { of: owner.clone() };
    }
    let same = held.is_some_and(|row| {
        row.state == LogState::Parsed
            && row.content_hash.as_deref() == Some(hash)
            && row.meta.profile == log.meta.profile
            && row.meta.parser_version == log.meta.parser_version
    });
    if same {
        return StoreOutcome::AlreadyStored;
    }
    owners.insert(hash.to_owned(), log.meta.log.clone());
    StoreOutcome::Stored
}

fn row_of(log: &ParsedLog, hash: String, outcome: &StoreOutcome) -> LogRow {
    if let StoreOutcome::Duplicate { of } = outcome {
        return LogRow {
            duplicate_of: Some(of.clone()),
            ..LogRow::new(log.meta.clone(), LogState::Duplicate)
        };
    }
    LogRow {
        content_hash: Some(hash),
        records: log.records,
        rejects_total: log.rejects.total(),
        sessions: log.parts.len() as u64,
        repaired_utf8: log.repaired_utf8,
        backward_steps: log.parts.iter().map(|part| part.backward_steps).sum(),
        flagged: log.flagged.clone(),
        ..LogRow::new(log.meta.clone(), LogState::Parsed)
    }
}

/// Puts new rows, parts and rejects in the place of what is held of the logs.
async fn replace(
    connection: &mut Connection,
    product: &ProductId,
    known: &HashMap<LogId, LogRow>,
    changes: Vec<(&ParsedLog, LogRow)>,
) -> Result<()> {
    let Some((last, _)) = changes.last() else {
        return Ok(());
    };
    let timeout_secs = last.session_timeout_secs;
    let ids: Vec<&LogId> = changes.iter().map(|(log, _)| &log.meta.log).collect();
    let mut touched = remove(connection, product, &ids, known).await?;

    let mut parts: Vec<&Part> = Vec::new();
    let mut rejects = RejectRows::default();
    let mut rows: Vec<LogRow> = Vec::with_capacity(changes.len());
    for (log, row) in changes {
        if row.state == LogState::Parsed {
            parts.extend(&log.parts);
            rejects.add_events(&log.meta, &log.rejects);
        }
        rows.push(row);
    }
    touched.extend(parts.iter().map(|part| part.session.clone()));
    // In key order, as every store inserts them.
    rows.sort_unstable_by(|a, b| a.meta.log.cmp(&b.meta.log));
    log::insert_logs(connection, &rows, known).await?;
    part::insert_parts(connection, &mut parts).await?;
    rejects.insert(connection).await?;
    refold(connection, product, &touched, timeout_secs).await
}

/// Deletes what is held of logs, and gives the sessions that lose a part by it. Parts and
/// rejects are looked for even where the log's row is gone.
async fn remove(
    connection: &mut Connection,
    product: &ProductId,
    logs: &[&LogId],
    known: &HashMap<LogId, LogRow>,
) -> Result<BTreeSet<SessionId>> {
    let ids: Vec<&str> = logs.iter().map(|log| log.as_str()).collect();
    let mut touched = BTreeSet::new();
    let mut by_log: BTreeMap<LogId, Vec<SessionId>> = BTreeMap::new();
    for (log, session) in part::sessions_of(connection, product, &ids).await? {
        by_log.entry(log).or_default().push(session);
    }
    for (log, sessions) in by_log {
        let ids: Vec<&str> = sessions.iter().map(SessionId::as_str).collect();
        part::delete_parts(connection, product, &log, &ids).await?;
        touched.extend(sessions);
    }
    delete_rejects(connection, product, &ids).await?;
    let mut rows: Vec<&LogRow> = logs.iter().filter_map(|log| known.get(*log)).collect();
    // In the order in which a listing clears what is noted of them.
    rows.sort_unstable_by_key(|row| (row.meta.archived_at.day(), row.meta.log.as_str()));
    for row in rows {
        log::delete_log(connection, row).await?;
    }
    Ok(touched)
}

/// Stores that a log was refused as a whole, in place of what was stored of it before. An
/// erased log stays erased. A refused log owns no content: the same content may come again
/// and is judged anew.
pub async fn store_rejected(db: &Database, rejected: &RejectedLog) -> Result<StoreOutcome> {
    let mut retry = Retry::default();
    loop {
        match try_rejected(db, rejected).await {
            Err(error) if retry.after(&error).await => {}
            stored => return stored,
        }
    }
}

async fn try_rejected(db: &Database, rejected: &RejectedLog) -> Result<StoreOutcome> {
    let meta = &rejected.meta;
    let mut transaction = db.sessions().begin().await?;
    let ids = [meta.log.as_str()];
    let known = log::lock_rows_of(&mut transaction, &meta.product, &ids).await?;
    if known.values().any(|row| row.state == LogState::Erased) {
        return Ok(StoreOutcome::Erased);
    }
    let touched = remove(&mut transaction, &meta.product, &[&meta.log], &known).await?;
    let row = LogRow {
        reason: Some(rejected.reason),
        detail: Some(rejected.detail.clone()),
        rejects_total: rejected.rejects.total(),
        ..LogRow::new(meta.clone(), LogState::Rejected)
    };
    log::insert_logs(&mut transaction, &[row], &known).await?;
    let mut rejects = RejectRows::default();
    rejects.add_log(meta, rejected.reason, &rejected.detail);
    rejects.add_events(meta, &rejected.rejects);
    rejects.insert(&mut transaction).await?;
    let timeout_secs = rejected.session_timeout_secs;
    refold(&mut transaction, &meta.product, &touched, timeout_secs).await?;
    transaction.commit().await?;
    Ok(StoreOutcome::Stored)
}

/// Stores that a log is erased: its parts and rejects go, its row stays and says so, and
/// nothing stored later brings it back. `meta` is used where there is no row yet; a row that
/// is there keeps its times, so that the ledger goes on counting it on its day.
pub async fn store_erased(
    db: &Database,
    meta: &LogMeta,
    session_timeout_secs: u32,
) -> Result<StoreOutcome> {
    let mut retry = Retry::default();
    loop {
        match try_erased(db, meta, session_timeout_secs).await {
            Err(error) if retry.after(&error).await => {}
            stored => return stored,
        }
    }
}

async fn try_erased(
    db: &Database,
    meta: &LogMeta,
    session_timeout_secs: u32,
) -> Result<StoreOutcome> {
    let mut transaction = db.sessions().begin().await?;
    let ids = [meta.log.as_str()];
    let known = log::lock_rows_of(&mut transaction, &meta.product, &ids).await?;
    let held = known.get(&meta.log);
    if held.is_some_and(|row| row.state == LogState::Erased) {
        return Ok(StoreOutcome::Erased);
    }
    let kept = held.map_or(meta, |row| &row.meta).clone();
    let touched = remove(&mut transaction, &meta.product, &[&meta.log], &known).await?;
    let row = LogRow::new(kept, LogState::Erased);
    log::insert_logs(&mut transaction, &[row], &known).await?;
    refold(
        &mut transaction,
        &meta.product,
        &touched,
        session_timeout_secs,
    )
    .await?;
    transaction.commit().await?;
    Ok(StoreOutcome::Stored)
}
