//! The `log` table: one row a settled log.

use std::collections::{BTreeMap, HashMap};

use logbook_model::{Consent, Day, LogId, LogReject, ProductId, Timestamp};

use super::lock::for_update;
use super::rows::{
    Cells, Connection, Query, Row, bigint, insert, select_in, select_in_and, statement,
};
use crate::disk::hex;
use crate::{Database, Error, Result};

/// The keyed hash of a log's inflated bytes and its uploader's metadata.
pub type ContentHash = [u8; 32];

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident => $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// The stable name used in stores and APIs.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The inverse of `name`.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(super) use names;

names!(
    /// How a log came in.
    Via {
        /// `POST /v1/logs`.
        Api => "api",
        /// OTLP over HTTP.
        Otlp => "otlp",
        /// A ticketed upload.
        Ticket => "ticket",
        /// An object dropped into the inbox.
        Inbox => "inbox",
    }
);

names!(
    /// How a log was settled. A log without a row is pending.
    LogState {
        /// Its parts are stored.
        Parsed => "parsed",
        /// Another log has the same content.
        Duplicate => "duplicate",
        /// It was refused, with a reason.
        Rejected => "rejected",
        /// Its content is gone for good.
        Erased => "erased",
    }
);

/// What is known of a log whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogMeta {
    /// The product.
    pub product: ProductId,
    /// The log.
    pub log: LogId,
    /// How it came in.
    pub via: Via,
    /// What its user agreed to.
    pub consent: Consent,
    /// When it was received; dates sessions whose events have no dates.
    pub received_at: Timestamp,
    /// The archive object's own time (`created_at` of the object store, not the clock of the
    /// reader): the ledger counts the log on this day, as a listing of the archive does.
    pub archived_at: Timestamp,
    /// When its message was sent.
    pub queued_at: Option<Timestamp>,
    /// When it was parsed.
    pub parsed_at: Timestamp,
    /// Bytes of the sealed object.
    pub sealed_bytes: u64,
    /// Bytes of the log itself.
    pub inflated_bytes: u64,
    /// Profile that read it, as `name@version`; empty if it never came to that.
    pub profile: String,
    /// Version of the parser.
    pub parser_version: String,
}

/// A row of `log`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// What is known whatever became of it.
    pub meta: LogMeta,
    /// What became of it.
    pub state: LogState,
    /// Content hash in hex, if this log owns its content.
    pub content_hash: Option<String>,
    /// The log with the same content.
    pub duplicate_of: Option<LogId>,
    /// Why it was rejected.
    pub reason: Option<LogReject>,
    /// The same for people.
    pub detail: Option<String>,
    /// Records, good and refused.
    pub records: u64,
    /// Refused records.
    pub rejects_total: u64,
    /// Sessions in it.
    pub sessions: u64,
    /// Records with repaired text.
    pub repaired_utf8: u64,
    /// How often time went backwards within a session.
    pub backward_steps: u64,
    /// What was flagged and kept, by kind.
    pub flagged: BTreeMap<String, u64>,
}

impl LogRow {
    /// A row with nothing but the state.
    pub(super) const fn new(meta: LogMeta, state: LogState) -> Self {
        Self {
            meta,
            state,
            content_hash: None,
            duplicate_of: None,
            reason: None,
            detail: None,
            records: 0,
            rejects_total: 0,
            sessions: 0,
            repaired_utf8: 0,
            backward_steps: 0,
            flagged: BTreeMap::new(),
        }
    }
}

pub(super) fn hash_text(hash: &ContentHash) -> String {
    hex(hash)
}

const COLUMNS: &str = "product, log_id, state, received_at, archived_at, received_day, queued_at, \
    parsed_at, via, consent, content_hash, duplicate_of, sealed_bytes, inflated_bytes, profile, \
    parser_version, reason, detail, records, rejects_total, sessions, repaired_utf8, \
    backward_steps, extra";

fn bind<'q>(query: Query<'q>, row: &'q LogRow) -> Query<'q> {
    let meta = &row.meta;
    // A map of texts to numbers always has a JSON text.
    let extra = serde_json::to_string(&row.flagged).unwrap_or_default();
    query
        .bind(meta.product.as_str())
        .bind(meta.log.as_str())
        .bind(row.state.name())
        .bind(meta.received_at.0)
        .bind(meta.archived_at.0)
        .bind(meta.archived_at.day().0)
        .bind(meta.queued_at.map(|at| at.0))
        .bind(meta.parsed_at.0)
        .bind(meta.via.name())
        .bind(meta.consent.name())
        .bind(row.content_hash.as_deref())
        .bind(row.duplicate_of.as_ref().map(LogId::as_str))
        .bind(bigint(meta.sealed_bytes))
        .bind(bigint(meta.inflated_bytes))
        .bind(&*meta.profile)
        .bind(&*meta.parser_version)
        .bind(row.reason.map(LogReject::name))
        .bind(row.detail.as_deref())
        .bind(bigint(row.records))
        .bind(bigint(row.rejects_total))
        .bind(bigint(row.sessions))
        .bind(bigint(row.repaired_utf8))
        .bind(bigint(row.backward_steps))
        .bind(extra)
}

fn read(mut cells: Cells<'_>) -> Result<LogRow> {
    let (product, log) = (cells.product()?, cells.log()?);
    let state = cells.named(LogState::from_name)?;
    let (received_at, archived_at, _day) = (cells.time()?, cells.time()?, cells.day()?);
    let (queued_at, parsed_at) = (cells.time_or_null()?, cells.time()?);
    let via = cells.named(Via::from_name)?;
    let consent = cells.named(Consent::from_name)?;
    let (content_hash, duplicate_of) = (cells.text_or_null()?, cells.text_or_null()?);
    let meta = LogMeta {
        product,
        log,
        via,
        consent,
        received_at,
        archived_at,
        queued_at,
        parsed_at,
        sealed_bytes: cells.count()?,
        inflated_bytes: cells.count()?,
        profile: cells.text()?,
        parser_version: cells.text()?,
    };
    let damaged = |error| Error::damaged("row", error);
    Ok(LogRow {
        meta,
        state,
        content_hash,
        duplicate_of: duplicate_of.map(LogId::new).transpose().map_err(damaged)?,
        reason: cells
            .text_or_null()?
            .as_deref()
            .and_then(LogReject::from_name),
        detail: cells.text_or_null()?,
        records: cells.count()?,
        rejects_total: cells.count()?,
        sessions: cells.count()?,
        repaired_utf8: cells.count()?,
        backward_steps: cells.count()?,
        flagged: serde_json::from_str(&cells.text()?)
            .map_err(|error| Error::damaged("row", error))?,
    })
}

/// Inserts rows of logs, of which some had the rows `known` before.
pub(super) async fn insert_logs(
    connection: &mut Connection,
    rows: &[LogRow],
    known: &HashMap<LogId, LogRow>,
) -> Result<()> {
    let day = |row: &LogRow| row.meta.archived_at.day();
    for row in rows {
        let before = known.get(&row.meta.log);
        if before.is_some_and(|before| day(before) != day(row)) {
            note_changed(connection, row).await?;
        }
    }
    insert(connection, "INSERT INTO log", COLUMNS, rows, bind).await
}

/// Deletes the row of a log.
pub(super) async fn delete_log(connection: &mut Connection, row: &LogRow) -> Result<()> {
    // Before the row: who clears the notes and then counts sees both or neither.
    note_changed(connection, row).await?;
    statement("DELETE FROM log WHERE product = ? AND log_id = ?")
        .bind(row.meta.product.as_str())
        .bind(row.meta.log.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes that what the last listing counted of a log's day may hold no longer.
async fn note_changed(connection: &mut Connection, row: &LogRow) -> Result<()> {
    statement("REPLACE INTO ledger_changed (product, day, log_id) VALUES (?, ?, ?)")
        .bind(row.meta.product.as_str())
        .bind(row.meta.archived_at.day().0)
        .bind(row.meta.log.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// The rows of some logs, as far as there are any.
pub(super) async fn rows_of(
    connection: &mut Connection,
    product: &ProductId,
    logs: &[&str],
) -> Result<HashMap<LogId, LogRow>> {
    let head = format!("SELECT {COLUMNS} FROM log WHERE product = ? AND log_id IN");
    let rows = select_in(connection, &head, product, logs).await?;
    rows_by_id(&rows)
}

/// The rows of some logs, locked.
pub(super) async fn lock_rows_of(
    connection: &mut Connection,
    product: &ProductId,
    logs: &[&str],
) -> Result<HashMap<LogId, LogRow>> {
    let head = format!("SELECT {COLUMNS} FROM log WHERE product = ? AND log_id IN");
    let tail = for_update(connection);
    let rows = select_in_and(connection, &head, tail, product, logs).await?;
    rows_by_id(&rows)
}

fn rows_by_id(rows: &[Row]) -> Result<HashMap<LogId, LogRow>> {
    rows.iter()
        .map(|row| {
            let row = read(Cells::new(row))?;
            Ok((row.meta.log.clone(), row))
        })
        .collect()
}

/// How a log was settled, and what that rests on.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) log: LogId,
    pub(super) state: LogState,
    pub(super) reason: Option<LogReject>,
    pub(super) duplicate_of: Option<LogId>,
    /// When: another settlement has another time.
    pub(super) at: Timestamp,
}

/// How some logs were settled, as far as they have a row.
pub(super) async fn settled_of(
    connection: &mut Connection,
    product: &ProductId,
    logs: &[&str],
) -> Result<Vec<Settled>> {
    let head = "SELECT log_id, state, reason, duplicate_of, parsed_at FROM log \
                WHERE product = ? AND log_id IN";
    let rows = select_in(connection, head, product, logs).await?;
    let settled = |row| {
        let mut cells = Cells::new(row);
        let (log, state) = (cells.log()?, cells.named(LogState::from_name)?);
        let (reason, duplicate_of) = (cells.text_or_null()?, cells.text_or_null()?);
        let damaged = |error| Error::damaged("row", error);
        Ok(Settled {
            log,
            state,
            reason: reason.as_deref().and_then(LogReject::from_name),
            duplicate_of: duplicate_of.map(LogId::new).transpose().map_err(damaged)?,
            at: cells.time()?,
        })
    };
    rows.iter().map(settled).collect()
}

/// Takes back how a log was settled, if nobody has settled it anew since.
pub(super) async fn unsettle(
    connection: &mut Connection,
    product: &ProductId,
    settled: &Settled,
) -> Result<bool> {
    let gone = statement(
        "DELETE FROM log WHERE product = ? AND log_id = ? AND state = ? AND parsed_at = ?",
    )
    .bind(product.as_str())
    .bind(settled.log.as_str())
    .bind(settled.state.name())
    .bind(settled.at.0)
    .execute(connection)
    .await?;
    Ok(gone > 0)
}

/// Which logs own some contents.
pub(super) async fn owners_of(
    connection: &mut Connection,
    product: &ProductId,
    hashes: &[&str],
) -> Result<HashMap<String, LogId>> {
    let head = "SELECT content_hash, log_id FROM log WHERE product = ? AND content_hash IN";
    let rows = select_in(connection, head, product, hashes).await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            Ok((cells.text()?, cells.log()?))
        })
        .collect()
}

/// The row of a log; `None` if it is pending or unknown.
pub async fn log_row(db: &Database, product: &ProductId, log: &LogId) -> Result<Option<LogRow>> {
    let mut connection = db.sessions().read().await?;
    let mut rows = rows_of(&mut connection, product, &[log.as_str()]).await?;
    Ok(rows.remove(log))
}

/// Whether any log of a product is settled.
pub async fn has_logs(db: &Database, product: &ProductId) -> Result<bool> {
    let found = statement("SELECT 1 FROM log WHERE product = ? LIMIT 1")
        .bind(product.as_str())
        .fetch_optional(&mut db.sessions().read().await?)
        .await?;
    Ok(found.is_some())
}

/// Whether any settled log of a product was received on a ledger day or later.
pub async fn has_logs_since(db: &Database, product: &ProductId, day: Day) -> Result<bool> {
    let found = statement("SELECT 1 FROM log WHERE product = ? AND received_day >= ? LIMIT 1")
        .bind(product.as_str())
        .bind(day.0)
        .fetch_optional(&mut db.sessions().read().await?)
        .await?;
    Ok(found.is_some())
}

/// The logs of one ledger day, by id, at most `limit` of them after `after`: the slices of the
/// archive that a replay takes.
pub async fn log_rows_of_day(
    db: &Database,
    product: &ProductId,
    day: Day,
    after: Option<&LogId>,
    limit: u32,
) -> Result<Vec<LogRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM log WHERE product = ? AND received_day = ? AND log_id > ? \
         ORDER BY log_id LIMIT ?"
    );
    let rows = statement(sql)
        .bind(product.as_str())
        .bind(day.0)
        .bind(after.map_or("", LogId::as_str))
        .bind(i64::from(limit))
        .fetch_all(&mut db.sessions().read().await?)
        .await?;
    rows.iter().map(|row| read(Cells::new(row))).collect()
}
