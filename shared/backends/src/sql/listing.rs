//! The ledger's own side: what a listing of the archive finds. See [`super::ledger()`].

use std::collections::{BTreeMap, HashMap, HashSet};

use logbook_model::{Day, LogId, LogReject, ProductId, Timestamp};

use super::lock::for_update;
use super::log::{LogState, Settled, settled_of, unsettle};
use super::reject::delete_rejects;
use super::rows::{Cells, Connection, Query, bigint, insert, select_in, statement};
use crate::database::Retry;
use crate::{Database, Result};

/// An object of the archive, as a listing finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedLog {
    /// The log.
    pub log: LogId,
    /// The object's time. Of the tombstone of an erased log: the time of the object that was
    /// there before it.
    pub archived_at: Timestamp,
}

/// A log that a listing found without a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The log.
    pub log: LogId,
    /// The object's time.
    pub archived_at: Timestamp,
    /// Whether the listing before found it without a row too.
    pub noted: bool,
    /// Whether it was settled, and what that rested on is no more.
    pub reopened: bool,
}

/// Which logs that are settled a listing takes for pending again, because what that rested on is no
/// more: always a duplicate of a log that was refused since, or has no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reopen {
    /// Logs that were refused because nobody knew their product: somebody has registered it.
    pub unknown_product: bool,
}

/// A listing of one product's archive under way. Nothing is stored before it is finished.
#[derive(Debug)]
pub struct Listing {
    product: ProductId,
    as_of: Timestamp,
    previous: Option<Timestamp>,
    received: BTreeMap<Day, u64>,
    without_row: Vec<WithoutRow>,
    reopen: Option<Reopen>,
    reopened: Vec<Settled>,
}

#[derive(Debug)]
struct WithoutRow {
    product: ProductId,
    log: LogId,
    day: Day,
    lost: bool,
}

impl Listing {
    /// Begins a listing. `as_of` is an instant before which every object is sure to be found,
    /// some minutes before now to allow for clocks that differ. `None` for `reopen` leaves what is
    /// settled as it is; else call it only if what is missing is sent to be parsed.
    pub async fn begin(
        db: &Database,
        product: &ProductId,
        as_of: Timestamp,
        reopen: Option<Reopen>,
    ) -> Result<Self> {
        let mut connection = db.sessions().read().await?;
        Ok(Self {
            product: product.clone(),
            as_of,
            previous: last_listing(&mut connection, product)
                .await?
                .map(|last| last.as_of),
            received: BTreeMap::new(),
            without_row: Vec::new(),
            reopen,
            reopened: Vec::new(),
        })
    }

    /// The instant of the listing before.
    pub const fn previous(&self) -> Option<Timestamp> {
        self.previous
    }

    /// Takes a page of the listing and gives the logs of it that have no row. Objects that are not
    /// older than `as_of` are passed over.
    pub async fn add(&mut self, db: &Database, page: &[ListedLog]) -> Result<Vec<Missing>> {
        let page: Vec<&ListedLog> = page
            .iter()
            .filter(|log| log.archived_at < self.as_of)
            .collect();
        let ids: Vec<&str> = page.iter().map(|log| log.log.as_str()).collect();
        let mut connection = db.sessions().read().await?;
        let settled = settled_of(&mut connection, &self.product, &ids).await?;
        let (baseless, settled) = self.part(&mut connection, settled).await?;
        let noted = noted_of(&mut connection, &self.product, &ids).await?;
        let mut missing = Vec::new();
        for listed in page {
            let day = listed.archived_at.day();
            *self.received.entry(day).or_default() += 1;
            if settled.contains(&listed.log) {
                continue;
            }
            let reopened = baseless.contains(&listed.log);
            let older = self
                .previous
                .is_some_and(|previous| listed.archived_at < previous);
            self.without_row.push(WithoutRow {
                product: self.product.clone(),
                log: listed.log.clone(),
                day,
                lost: !reopened && noted.get(&listed.log).copied().unwrap_or(older),
            });
            missing.push(Missing {
                log: listed.log.clone(),
                archived_at: listed.archived_at,
                noted: noted.contains_key(&listed.log),
                reopened,
            });
        }
        Ok(missing)
    }

    /// Parts what is settled into that which is to be reopened, and the rest.
    async fn part(
        &mut self,
        connection: &mut Connection,
        settled: Vec<Settled>,
    ) -> Result<(HashSet<LogId>, HashSet<LogId>)> {
        let Some(reopen) = self.reopen else {
            let settled = settled.into_iter().map(|settled| settled.log);
            return Ok((HashSet::new(), settled.collect()));
        };
        let originals: Vec<&LogId> = settled
            .iter()
            .filter_map(|s| s.duplicate_of.as_ref())
            .collect();
        let originals: Vec<&str> = originals.into_iter().map(LogId::as_str).collect();
        let originals = settled_of(connection, &self.product, &originals).await?;
        let refused = |one: &&Settled| one.state == LogState::Rejected;
        let held: HashSet<&LogId> = originals
            .iter()
            .filter(|one| !refused(one))
            .map(|one| &one.log)
            .collect();
        let is_baseless = |one: &Settled| match &one.duplicate_of {
            Some(of) => !held.contains(of),
            None => reopen.unknown_product && one.reason == Some(LogReject::UnknownProduct),
        };
        let (baseless, settled): (Vec<Settled>, Vec<Settled>) =
            settled.into_iter().partition(is_baseless);
        let ids = baseless.iter().map(|one| one.log.clone()).collect();
        self.reopened.extend(baseless);
        Ok((ids, settled.into_iter().map(|one| one.log).collect()))
    }

    /// Stores the listing in place of the one before. Call it only after the last page.
    pub async fn finish(self, db: &Database) -> Result<()> {
        let mut retry = Retry::default();
        loop {
            match self.try_finish(db).await {
                Err(error) if retry.after(&error).await => {}
                finished => return finished,
            }
        }
    }

    async fn try_finish(&self, db: &Database) -> Result<()> {
        let mut transaction = db.sessions().begin().await?;
        // First, so that of two that finish at once one waits for the other. What it found without
        // a row may be another's to count, if that one finished since this began.
        let last = lock_listing(&mut transaction, &self.product).await?;
        let written = statement("REPLACE INTO ledger_listing (product, as_of) VALUES (?, ?)")
            .bind(self.product.as_str())
            .bind(self.as_of.0)
            .execute(&mut transaction)
            .await?;
        // Of two first ones nothing was there to be locked; the second takes the first's place.
        let is_alone = last.is_some() || written <= 1;
        let counts = is_alone && last.map(|last| last.as_of) == self.previous;
        for sql in [
            "DELETE FROM ledger_received WHERE product = ?",
            "DELETE FROM ledger_pending WHERE product = ?",
            "DELETE FROM ledger_counted WHERE product = ?",
        ] {
            statement(sql)
                .bind(self.product.as_str())
                .execute(&mut transaction)
                .await?;
        }
        let received: Vec<(&ProductId, Day, u64)> = self
            .received
            .iter()
            .map(|(&day, &n)| (&self.product, day, n))
            .collect();
        let (head, columns) = ("INSERT INTO ledger_received", "product, day, received");
        insert(&mut transaction, head, columns, &received, bind_received).await?;
        let (head, columns) = ("INSERT INTO ledger_pending", "product, log_id, day, lost");
        insert(
            &mut transaction,
            head,
            columns,
            &self.without_row,
            bind_without_row,
        )
        .await?;
        for settled in &self.reopened {
            if unsettle(&mut transaction, &self.product, settled).await? {
                let log = [settled.log.as_str()];
                delete_rejects(&mut transaction, &self.product, &log).await?;
            }
        }
        if counts {
            self.count(&mut transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Counts the logs that have a row, but for those that are noted as without one: they are few,
    /// and looked at whenever the ledger is.
    async fn count(&self, connection: &mut Connection) -> Result<()> {
        // Waits for those that are changing rows now. A note that comes later stays, and its day is
        // counted when it is asked for.
        statement("DELETE FROM ledger_changed WHERE product = ?")
            .bind(self.product.as_str())
            .execute(&mut *connection)
            .await?;
        statement(
            "INSERT INTO ledger_counted (product, day, state, reason, logs) \
             SELECT product, received_day, state, COALESCE(reason, ''), COUNT(*) FROM log \
             WHERE product = ? AND archived_at < ? AND NOT EXISTS \
             (SELECT 1 FROM ledger_pending WHERE ledger_pending.product = log.product \
              AND ledger_pending.log_id = log.log_id) \
             GROUP BY product, received_day, state, reason",
        )
        .bind(self.product.as_str())
        .bind(self.as_of.0)
        .execute(&mut *connection)
        .await?;
        statement("UPDATE ledger_listing SET counted = 1 WHERE product = ?")
            .bind(self.product.as_str())
            .execute(connection)
            .await?;
        Ok(())
    }
}

fn bind_received<'q>(query: Query<'q>, (product, day, n): &'q (&ProductId, Day, u64)) -> Query<'q> {
    query.bind(product.as_str()).bind(day.0).bind(bigint(*n))
}

fn bind_without_row<'q>(query: Query<'q>, row: &'q WithoutRow) -> Query<'q> {
    query
        .bind(row.product.as_str())
        .bind(row.log.as_str())
        .bind(row.day.0)
        .bind(i64::from(row.lost))
}

/// Which of some logs the last listing noted as without a row, and whether as lost.
async fn noted_of(
    connection: &mut Connection,
    product: &ProductId,
    logs: &[&str],
) -> Result<HashMap<LogId, bool>> {
    let head = "SELECT log_id, lost FROM ledger_pending WHERE product = ? AND log_id IN";
    let rows = select_in(connection, head, product, logs).await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            Ok((cells.log()?, cells.flag()?))
        })
        .collect()
}

/// What is known of the last listing.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastListing {
    /// Its instant.
    pub(super) as_of: Timestamp,
    /// Whether it counted the rows of logs.
    pub(super) counted: bool,
}

/// The last listing.
pub(super) async fn last_listing(
    connection: &mut Connection,
    product: &ProductId,
) -> Result<Option<LastListing>> {
    read_listing(connection, product, "").await
}

/// The last listing, which nobody replaces before the transaction's end.
async fn lock_listing(
    connection: &mut Connection,
    product: &ProductId,
) -> Result<Option<LastListing>> {
    let tail = for_update(connection);
    read_listing(connection, product, tail).await
}

async fn read_listing(
    connection: &mut Connection,
    product: &ProductId,
    tail: &str,
) -> Result<Option<LastListing>> {
    let text = format!("SELECT as_of, counted FROM ledger_listing WHERE product = ?{tail}");
    let query = statement(text).bind(product.as_str());
    let row = query.fetch_optional(connection).await?;
    row.map(|row| {
        let mut cells = Cells::new(&row);
        Ok(LastListing {
            as_of: cells.time()?,
            counted: cells.flag()?,
        })
    })
    .transpose()
}
