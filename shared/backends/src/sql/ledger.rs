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
//! So a row that is lost shows: its object was received, it is not among the rows, and the
//! listing did not note it as pending. The next listing sees an object without a row that is
//! older than the listing before and was not pending then: it is noted as **lost**, which is
//! not pending either, and the day stays unbalanced until the log is stored again. A row
//! without an object shows as well, as more accounted for than received.
//!
//! Both sides count a log on the day of its archive object's time, and only if that lies
//! before the listing's `as_of`: what is archived after that is not yet looked at and alarms
//! nobody.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use logbook_model::{Day, LogReject, ProductId, Timestamp};

use super::listing::listed_as_of;
use super::log::LogState;
use super::rows::{Cells, Connection, bigint, statement};
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
    let as_of = listed_as_of(&mut transaction, product).await?;
    let mut found: BTreeMap<Day, LedgerDay> = BTreeMap::new();
    read_listing(&mut transaction, product, &days, &mut found).await?;
    read_rows(&mut transaction, product, &days, as_of, &mut found).await?;
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

async fn read_rows(
    connection: &mut Connection,
    product: &ProductId,
    days: &RangeInclusive<Day>,
    as_of: Option<Timestamp>,
    found: &mut BTreeMap<Day, LedgerDay>,
) -> Result<()> {
    let rows = statement(
        "SELECT received_day, state, reason, COUNT(*) FROM log \
         WHERE product = ? AND received_day >= ? AND received_day <= ? AND archived_at < ? \
         GROUP BY received_day, state, reason",
    )
    .bind(product.as_str())
    .bind(days.start().0)
    .bind(days.end().0)
    .bind(as_of.map_or(i64::MAX, |as_of| as_of.0))
    .fetch_all(connection)
    .await?;
    for row in &rows {
        let mut cells = Cells::new(row);
        let day = entry(found, cells.day()?);
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
