//! How long the stages worked.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use logbook_model::{Day, ProductId};

use super::rows::{Cells, Query, bigint, insert, statement};
use crate::{Database, Result};

/// What was worked for a product on a day, by a stage with so much memory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkKey {
    /// The product.
    pub product: ProductId,
    /// The UTC day on which it was noted.
    pub day: Day,
    /// The stage: upload, intake, parse, analyze.
    pub stage: String,
    /// The memory that its process may use, in MB.
    pub memory_mb: u32,
}

/// How much was worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Calls.
    pub calls: u64,
    /// How long they took together, in microseconds.
    pub work_us: u64,
    /// Sessions in the logs that they stored; one that comes in several logs counts for each.
    pub sessions: u64,
}

impl Work {
    /// Adds other work.
    pub const fn add(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.work_us = self.work_us.saturating_add(other.work_us);
        self.sessions = self.sessions.saturating_add(other.sessions);
    }
}

/// Notes all that a process knows of some work, in place of what it noted of it before.
pub async fn note_work(db: &Database, worker: u32, sums: &[(WorkKey, Work)]) -> Result<()> {
    let rows: Vec<Row<'_>> = sums
        .iter()
        .map(|(key, work)| (key, worker, *work))
        .collect();
    let mut connection = db.sessions().write().await?;
    let columns = "product, day, stage, memory_mb, worker, calls, work_us, sessions";
    insert(
        &mut connection,
        "REPLACE INTO stage_work",
        columns,
        &rows,
        bind,
    )
    .await
}

type Row<'a> = (&'a WorkKey, u32, Work);

fn bind<'q>(query: Query<'q>, (key, worker, work): &'q Row<'_>) -> Query<'q> {
    query
        .bind(key.product.as_str())
        .bind(key.day.0)
        .bind(key.stage.as_str())
        .bind(i64::from(key.memory_mb))
        .bind(i64::from(*worker))
        .bind(bigint(work.calls))
        .bind(bigint(work.work_us))
        .bind(bigint(work.sessions))
}

/// The work of some days, of all processes together.
pub async fn work(
    db: &Database,
    product: &ProductId,
    days: RangeInclusive<Day>,
) -> Result<BTreeMap<WorkKey, Work>> {
    let mut connection = db.sessions().read().await?;
    let rows = statement(
        "SELECT day, stage, memory_mb, calls, work_us, sessions FROM stage_work \
         WHERE product = ? AND day >= ? AND day <= ?",
    )
    .bind(product.as_str())
    .bind(days.start().0)
    .bind(days.end().0)
    .fetch_all(&mut connection)
    .await?;
    let mut found = BTreeMap::<WorkKey, Work>::new();
    for row in &rows {
        let mut cells = Cells::new(row);
        let key = WorkKey {
            product: product.clone(),
            day: cells.day()?,
            stage: cells.text()?,
            memory_mb: cells.small()?,
        };
        let work = Work {
            calls: cells.count()?,
            work_us: cells.count()?,
            sessions: cells.count()?,
        };
        found.entry(key).or_default().add(work);
    }
    Ok(found)
}
