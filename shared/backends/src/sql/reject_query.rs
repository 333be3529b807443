//! What an API asks of the rejects.

use std::ops::RangeInclusive;

use logbook_model::{Day, LogId, ProductId};

use super::reject::Scope;
use super::rows::{Cells, statement};
use crate::{Database, Result};

/// Where a row of `reject` stands in their order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RejectKey {
    /// The log's ledger day.
    pub day: Day,
    /// The log.
    pub log: LogId,
    /// Name of the reason: of an [`EventReject`](logbook_model::EventReject) or, for a whole log, a
    /// [`LogReject`](logbook_model::LogReject).
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
        .fetch_all(&mut db.sessions().read().await?)
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
    let rows = statement(
        "SELECT received_day, reason, scope, COUNT(*), CAST(SUM(n) AS SIGNED) FROM reject_count \
         WHERE product = ? AND received_day >= ? AND received_day <= ? \
         GROUP BY received_day, reason, scope ORDER BY received_day, reason",
    )
    .bind(product.as_str())
    .bind(days.start().0)
    .bind(days.end().0)
    .fetch_all(&mut db.sessions().read().await?)
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
