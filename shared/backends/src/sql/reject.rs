//! The tables `reject` and `reject_count`: what was refused, in samples and in full number.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use logbook_model::{Day, EventReject, LogId, LogReject, ProductId};

use super::log::{LogMeta, names};
use super::rows::{Cells, Connection, Query, bigint, insert, select_in, statement};
use crate::{Database, Result};

/// Samples kept of each reason in a log.
pub const MAX_SAMPLES: usize = 100;

/// One refused record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectSample {
    /// Why.
    pub reason: EventReject,
    /// Its line, from 1.
    pub line: Option<u64>,
    /// The byte at which it starts.
    pub byte_offset: Option<u64>,
    /// The same for people; no content of the record.
    pub detail: String,
}

/// The refused records of a log: samples (the first [`MAX_SAMPLES`] of a reason are kept) and
/// the count of all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rejects {
    /// Samples, in the order of the log.
    pub samples: Vec<RejectSample>,
    /// How many in all, by reason.
    pub counts: BTreeMap<EventReject, u64>,
}

impl Rejects {
    /// How many records were refused.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

names!(
    /// What was refused.
    Scope {
        /// The log as a whole.
        Log => "log",
        /// One record of it.
        Event => "event",
    }
);

/// Where a row of `reject` stands in their order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RejectKey {
    /// The log's ledger day.
    pub day: Day,
    /// The log.
    pub log: LogId,
    /// Name of the reason: of an [`EventReject`] or, for a whole log, a [`LogReject`].
    pub reason: String,
    /// Position among the samples of this reason in the log, from 0.
    pub ordinal: u32,
}

/// A row of `reject`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectRow {
    /// Where it stands.
    pub key: RejectKey,
    /// What was refused.
    pub scope: Scope,
    /// Line of the record, from 1.
    pub line: Option<u64>,
    /// Byte at which the record starts.
    pub byte_offset: Option<u64>,
    /// The same for people.
    pub detail: String,
}

/// How many refusals of one reason fall on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectTotal {
    /// The ledger day.
    pub day: Day,
    /// Name of the reason.
    pub reason: String,
    /// What was refused.
    pub scope: Scope,
    /// Logs concerned.
    pub logs: u64,
    /// Refusals.
    pub n: u64,
}

/// Which rejects to list.
#[derive(Debug, Clone)]
pub struct RejectFilter {
    /// The product.
    pub product: ProductId,
    /// The ledger days.
    pub days: RangeInclusive<Day>,
    /// Only this reason, by name.
    pub reason: Option<String>,
}

struct SampleRow<'a> {
    meta: &'a LogMeta,
    reason: &'static str,
    ordinal: usize,
    scope: Scope,
    line: Option<u64>,
    byte_offset: Option<u64>,
    detail: &'a str,
}

struct CountRow<'a> {
    meta: &'a LogMeta,
    reason: &'static str,
    scope: Scope,
    n: u64,
}

/// The rows to insert for a batch of logs.
#[derive(Default)]
pub(super) struct RejectRows<'a> {
    samples: Vec<SampleRow<'a>>,
    counts: Vec<CountRow<'a>>,
}

impl<'a> RejectRows<'a> {
    /// Adds a log's refused records.
    pub(super) fn add_events(&mut self, meta: &'a LogMeta, rejects: &'a Rejects) {
        let mut ordinals: BTreeMap<EventReject, usize> = BTreeMap::new();
        for sample in &rejects.samples {
            let ordinal = ordinals.entry(sample.reason).or_default();
            if *ordinal < MAX_SAMPLES {
                self.samples.push(SampleRow {
                    meta,
                    reason: sample.reason.name(),
                    ordinal: *ordinal,
                    scope: Scope::Event,
                    line: sample.line,
                    byte_offset: sample.byte_offset,
                    detail: &sample.detail,
                });
            }
            *ordinal += 1;
        }
        self.counts
            .extend(rejects.counts.iter().map(|(reason, &n)| CountRow {
                meta,
                reason: reason.name(),
                scope: Scope::Event,
                n,
            }));
    }

    /// Adds the refusal of a log as a whole.
    pub(super) fn add_log(&mut self, meta: &'a LogMeta, reason: LogReject, detail: &'a str) {
        let (reason, scope) = (reason.name(), Scope::Log);
        self.samples.push(SampleRow {
            meta,
            reason,
            ordinal: 0,
            scope,
            line: None,
            byte_offset: None,
            detail,
        });
        self.counts.push(CountRow {
            meta,
            reason,
            scope,
            n: 1,
        });
    }

    pub(super) async fn insert(&self, connection: &mut Connection) -> Result<()> {
        insert(
            connection,
            "INSERT INTO reject",
            "product, log_id, reason, ordinal, scope, received_day, line, byte_offset, detail",
            &self.samples,
            bind_sample,
        )
        .await?;
        insert(
            connection,
            "INSERT INTO reject_count",
            "product, log_id, reason, scope, received_day, n",
            &self.counts,
            bind_count,
        )
        .await
    }
}

fn bind_sample(query: Query, row: &SampleRow<'_>) -> Query {
    query
        .bind(row.meta.product.as_str())
        .bind(row.meta.log.as_str())
        .bind(row.reason)
        .bind(row.ordinal as i64)
        .bind(row.scope.name())
        .bind(row.meta.archived_at.day().0)
        .bind(row.line.map(bigint))
        .bind(row.byte_offset.map(bigint))
        .bind(row.detail)
}

fn bind_count(query: Query, row: &CountRow<'_>) -> Query {
    query
        .bind(row.meta.product.as_str())
        .bind(row.meta.log.as_str())
        .bind(row.reason)
        .bind(row.scope.name())
        .bind(row.meta.archived_at.day().0)
        .bind(bigint(row.n))
}

/// Deletes what was refused of some logs.
pub(super) async fn delete_rejects(
    connection: &mut Connection,
    product: &ProductId,
    logs: &[&str],
) -> Result<()> {
    let head = "SELECT DISTINCT log_id FROM reject_count WHERE product = ? AND log_id IN";
    for row in &select_in(connection, head, product, logs).await? {
        let log = Cells::new(row).text()?;
        for sql in [
            "DELETE FROM reject WHERE product = ? AND log_id = ?",
            "DELETE FROM reject_count WHERE product = ? AND log_id = ?",
        ] {
            sqlx::query(sql)
                .bind(product.as_str())
                .bind(&log)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

/// Lists rejects in the order of [`RejectKey`], at most `limit` of them after `after`.
pub async fn rejects(
    db: &Database,
    filter: &RejectFilter,
    after: Option<&RejectKey>,
    limit: u32,
) -> Result<Vec<RejectRow>> {
    let mut sql = String::from(
        "SELECT received_day, log_id, reason, ordinal, scope, line, byte_offset, detail \
         FROM reject WHERE product = ? AND received_day >= ? AND received_day <= ?",
    );
    if filter.reason.is_some() {
        sql.push_str(" AND reason = ?");
    }
    if after.is_some() {
        sql.push_str(" AND (received_day, log_id, reason, ordinal) > (?, ?, ?, ?)");
    }
    sql.push_str(" ORDER BY received_day, log_id, reason, ordinal LIMIT ?");
    // What lies before the key's day needs not be looked at.
    let from = after.map_or(*filter.days.start(), |key| {
        key.day.max(*filter.days.start())
    });
    let mut query = statement(sql)
        .bind(filter.product.as_str())
        .bind(from.0)
        .bind(filter.days.end().0);
    if let Some(reason) = &filter.reason {
        query = query.bind(&**reason);
    }
    if let Some(key) = after {
        query = query
            .bind(key.day.0)
            .bind(key.log.as_str())
            .bind(&*key.reason)
            .bind(i64::from(key.ordinal));
    }
    let rows = query
        .bind(i64::from(limit))
        .fetch_all(db.sqlite().readers())
        .await?;
    rows.iter().map(|row| read(Cells::new(row))).collect()
}

fn read(mut cells: Cells<'_>) -> Result<RejectRow> {
    Ok(RejectRow {
        key: RejectKey {
            day: cells.day()?,
            log: cells.log()?,
            reason: cells.text()?,
            ordinal: cells.small()?,
        },
        scope: cells.named(Scope::from_name)?,
        line: cells.int_or_null()?.map(|n| n as u64),
        byte_offset: cells.int_or_null()?.map(|n| n as u64),
        detail: cells.text()?,
    })
}

/// Counts rejects by ledger day and reason, samples or not.
pub async fn reject_totals(
    db: &Database,
    product: &ProductId,
    days: RangeInclusive<Day>,
) -> Result<Vec<RejectTotal>> {
    let rows = sqlx::query(
        "SELECT received_day, reason, scope, COUNT(*), CAST(SUM(n) AS SIGNED) FROM reject_count \
         WHERE product = ? AND received_day >= ? AND received_day <= ? \
         GROUP BY received_day, reason, scope ORDER BY received_day, reason",
    )
    .bind(product.as_str())
    .bind(days.start().0)
    .bind(days.end().0)
    .fetch_all(db.sqlite().readers())
    .await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            Ok(RejectTotal {
                day: cells.day()?,
                reason: cells.text()?,
                scope: cells.named(Scope::from_name)?,
                logs: cells.count()?,
                n: cells.count()?,
            })
        })
        .collect()
}
