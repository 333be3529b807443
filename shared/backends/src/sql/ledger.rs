//! The ledger: whether everything that was received is accounted for.
//!
//! For each product and day, `received = parsed + duplicate + rejected + erased + pending`.
//! The two sides come from different hands, so that the equation is a check and not a
//! definition:
//!
//! - **received** is what a [`super::Listing`] of the archive found, plus the duplicates that were
//!   settled at the edge and never became an object.
//! - **parsed, duplicate, rejected, erased** are rows of `log`, which storing writes.
//! - **pending** are the very logs, by id, that the listing found without a row and that have
//!   none still. It is not the difference of the others.
//!
//! So a row that is lost shows: the next listing sees an object without a row that is older than
//! the listing before and was not pending then. It is noted as **lost**, which is not pending,
//! and the day stays unbalanced until the log is stored again. A row without an object shows with
//! the next listing as well, as more accounted for than received.
//!
//! Each listing counts the rows; asking does not. What became since of the logs that it found
//! without a row is looked up; and the days of logs whose row gave way to another since (parsed
//! anew, erased) are counted again, as all are while no listing has counted them.
//!
//! Both sides count a log on the day of its archive object's time, and only if that lies
//! before the listing's `as_of`: what is archived after that is not yet looked at and alarms
//! nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use logbook_model::{Day, LogReject, ProductId, Timestamp};

use super::listing::last_listing;
use super::log::LogState;
use super::rows::{Cells, Connection, Row, bigint, statement};
use crate::{Database, Error, Result};

/// Notes how many uploads of a day were settled as duplicates at the edge, in place of what
/// was noted of it before. They count as received and as duplicate.
pub async fn set_edge_duplicates(
    db: &Database,
    product: &ProductId,
    day: Day,
    duplicates: u64,
) -> Result<()> {
    statement("REPLACE INTO ledger_edge (product, day, duplicates) VALUES (?, ?, ?)")
        .bind(product.as_str())
        .bind(day.0)
        .bind(bigint(duplicates))
        .execute(&mut db.sessions().write().await?)
        .await?;
    Ok(())
}

/// The ledger of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// The instant of the listing that it rests on: what was archived later is not in it.
    /// `None` when the archive has not been listed yet; then nothing is known as received.
    pub as_of: Option<Timestamp>,
    /// The days on which there is anything, in order.
    pub days: Vec<LedgerDay>,
}

/// One day of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerDay {
    /// The day.
    pub day: Day,
    /// Deliveries, by listing and edge counts.
    pub received: u64,
    /// Logs stored.
    pub parsed: u64,
    /// Logs and uploads whose content was there already.
    pub duplicate: u64,
    /// Logs refused, by reason.
    pub rejected: BTreeMap<LogReject, u64>,
    /// Logs erased.
    pub erased: u64,
    /// Logs in the archive that are still to be parsed.
    pub pending: u64,
    /// Logs in the archive that had a row and have none now; not part of the balance.
    pub lost: u64,
    /// Whether received = parsed + duplicate + rejected + erased + pending. `None` when the
    /// archive has not been listed yet.
    pub balanced: Option<bool>,
}

impl LedgerDay {
    const fn new(day: Day) -> Self {
        Self {
            day,
            received: 0,
            parsed: 0,
            duplicate: 0,
            rejected: BTreeMap::new(),
            erased: 0,
            pending: 0,
            lost: 0,
            balanced: None,
        }
    }

    /// The right side of the equation.
    pub fn accounted(&self) -> u64 {
        let rejected: u64 = self.rejected.values().sum();
        self.parsed + self.duplicate + rejected + self.erased + self.pending
    }
}

/// The ledger of some days.
pub async fn ledger(
    db: &Database,
    product: &ProductId,
    days: RangeInclusive<Day>,
) -> Result<Ledger> {
    // One transaction: listing and rows of the same moment.
    let mut transaction = db.sessions().snapshot().await?;
    let listing = last_listing(&mut transaction, product).await?;
    let as_of = listing.map(|last| last.as_of);
    let mut found: BTreeMap<Day, LedgerDay> = BTreeMap::new();
    read_listing(&mut transaction, product, &days, &mut found).await?;
    let before = Some(as_of.unwrap_or(Timestamp(i64::MAX)));
    if listing.is_some_and(|last| last.counted) {
        let anew = changed_days(&mut transaction, product, &days).await?;
        for (sql, before) in [(COUNTED_BY_LISTING, None), (SETTLED_SINCE, before)] {
            let rows = counts_of(&mut transaction, sql, product, &days, before).await?;
            add_counts(&rows, |day| !anew.contains(&day), &mut found)?;
        }
        for day in anew {
            let rows =
                counts_of(&mut transaction, COUNTED_NOW, product, &(day..=day), before).await?;
            add_counts(&rows, |_| true, &mut found)?;
        }
    } else {
        let rows = counts_of(&mut transaction, COUNTED_NOW, product, &days, before).await?;
        add_counts(&rows, |_| true, &mut found)?;
    }
    let mut days: Vec<LedgerDay> = found.into_values().collect();
    for day in &mut days {
        day.balanced = as_of.map(|_| day.received == day.accounted());
    }
    Ok(Ledger { as_of, days })
}

/// Adds a count where it belongs.
type Add = fn(&mut LedgerDay, u64);

fn entry(days: &mut BTreeMap<Day, LedgerDay>, day: Day) -> &mut LedgerDay {
    days.entry(day).or_insert_with(|| LedgerDay::new(day))
}

async fn read_listing(
    connection: &mut Connection,
    product: &ProductId,
    days: &RangeInclusive<Day>,
    found: &mut BTreeMap<Day, LedgerDay>,
) -> Result<()> {
    let queries: [(&'static str, Add); 4] = [
        (
            "SELECT day, received FROM ledger_received \
             WHERE product = ? AND day >= ? AND day <= ?",
            |day, n| day.received += n,
        ),
        (
            "SELECT day, duplicates FROM ledger_edge \
             WHERE product = ? AND day >= ? AND day <= ?",
            |day, n| {
                day.received += n;
                day.duplicate += n;
            },
        ),
        (
            "SELECT day, COUNT(*) FROM ledger_pending \
             WHERE product = ? AND day >= ? AND day <= ? AND lost = 0 AND NOT EXISTS \
             (SELECT 1 FROM log WHERE log.product = ledger_pending.product \
              AND log.log_id = ledger_pending.log_id) GROUP BY day",
            |day, n| day.pending += n,
        ),
        (
            "SELECT day, COUNT(*) FROM ledger_pending \
             WHERE product = ? AND day >= ? AND day <= ? AND lost = 1 AND NOT EXISTS \
             (SELECT 1 FROM log WHERE log.product = ledger_pending.product \
              AND log.log_id = ledger_pending.log_id) GROUP BY day",
            |day, n| day.lost += n,
        ),
    ];
    for (sql, add) in queries {
        let rows = statement(sql)
            .bind(product.as_str())
            .bind(days.start().0)
            .bind(days.end().0)
            .fetch_all(&mut *connection)
            .await?;
        for row in &rows {
            let mut cells = Cells::new(row);
            let day = cells.day()?;
            add(entry(found, day), cells.count()?);
        }
    }
    Ok(())
}

/// The logs that have a row, counted now.
const COUNTED_NOW: &str = "SELECT received_day, state, reason, COUNT(*) FROM log \
    WHERE product = ? AND received_day >= ? AND received_day <= ? AND archived_at < ? \
    GROUP BY received_day, state, reason";

/// The same as the last listing counted them.
const COUNTED_BY_LISTING: &str = "SELECT day, state, NULLIF(reason, ''), logs FROM ledger_counted \
    WHERE product = ? AND day >= ? AND day <= ?";

/// The logs that it found without a row, and that have one now.
const SETTLED_SINCE: &str = "SELECT log.received_day, log.state, log.reason, COUNT(*) \
    FROM ledger_pending JOIN log ON log.product = ledger_pending.product \
    AND log.log_id = ledger_pending.log_id \
    WHERE ledger_pending.product = ? AND log.received_day >= ? AND log.received_day <= ? \
    AND log.archived_at < ? GROUP BY log.received_day, log.state, log.reason";

/// The days of logs whose row gave way to another since the last listing.
async fn changed_days(
    connection: &mut Connection,
    product: &ProductId,
    days: &RangeInclusive<Day>,
) -> Result<BTreeSet<Day>> {
    let rows = statement(
        "SELECT DISTINCT day FROM ledger_changed WHERE product = ? AND day >= ? AND day <= ?",
    )
    .bind(product.as_str())
    .bind(days.start().0)
    .bind(days.end().0)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Cells::new(row).day()).collect()
}

/// Logs by day, state and reason, of which a statement counts those that were archived before an
/// instant if it asks for one.
async fn counts_of(
    connection: &mut Connection,
    sql: &'static str,
    product: &ProductId,
    days: &RangeInclusive<Day>,
    before: Option<Timestamp>,
) -> Result<Vec<Row>> {
    let query = statement(sql)
        .bind(product.as_str())
        .bind(days.start().0)
        .bind(days.end().0);
    let query = match before {
        Some(before) => query.bind(before.0),
        None => query,
    };
    query.fetch_all(connection).await
}

fn add_counts(
    rows: &[Row],
    counts: impl Fn(Day) -> bool,
    found: &mut BTreeMap<Day, LedgerDay>,
) -> Result<()> {
    for row in rows {
        let mut cells = Cells::new(row);
        let day = cells.day()?;
        if !counts(day) {
            continue;
        }
        let day = entry(found, day);
        let state = cells.named(LogState::from_name)?;
        let reason = cells.text_or_null()?;
        let n = cells.count()?;
        match state {
            LogState::Parsed => day.parsed += n,
            LogState::Duplicate => day.duplicate += n,
            LogState::Erased => day.erased += n,
            LogState::Rejected => {
                let reason = reason.as_deref().and_then(LogReject::from_name);
                let reason = reason.ok_or_else(|| Error::damaged("row", "no such reason"))?;
                *day.rejected.entry(reason).or_default() += n;
            }
        }
    }
    Ok(())
}
