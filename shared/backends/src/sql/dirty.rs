//! The table `dirty`: product-days whose reports are out of date.
//!
//! Every mark makes a new generation. Who brings a day's reports up to date clears the
//! generation that was read before; a mark that came meanwhile stays.

use std::collections::BTreeSet;

use logbook_model::{Day, ProductId};

use super::lock::or_next_generation;
use super::rows::{Cells, Connection, Query, insert_or, statement};
use crate::database::Retry;
use crate::{Database, Result};

/// A product-day that is out of date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirtyDay {
    /// The product.
    pub product: ProductId,
    /// The day.
    pub day: Day,
    /// The generation that was read.
    pub generation: i64,
}

pub(super) async fn mark(
    connection: &mut Connection,
    product: &ProductId,
    days: &BTreeSet<Day>,
) -> Result<()> {
    let rows: Vec<(&ProductId, Day)> = days.iter().map(|&day| (product, day)).collect();
    let (head, columns) = ("INSERT INTO dirty", "product, day, generation, cleared");
    let tail = or_next_generation(connection);
    insert_or(connection, head, columns, tail, &rows, bind).await
}

fn bind<'q>(query: Query<'q>, (product, day): &'q (&ProductId, Day)) -> Query<'q> {
    query
        .bind(product.as_str())
        .bind(day.0)
        .bind(1i64)
        .bind(0i64)
}

/// Marks days out of date for a reason that lies outside the sessions (a report's new
/// definition, a changed product setting).
pub async fn mark_dirty(db: &Database, product: &ProductId, days: &BTreeSet<Day>) -> Result<()> {
    let mut retry = Retry::default();
    loop {
        match try_mark(db, product, days).await {
            Err(error) if retry.after(&error).await => {}
            marked => return marked,
        }
    }
}

async fn try_mark(db: &Database, product: &ProductId, days: &BTreeSet<Day>) -> Result<()> {
    let mut transaction = db.sessions().begin().await?;
    mark(&mut transaction, product, days).await?;
    transaction.commit().await
}

/// The days that are out of date, by product and day, at most `limit`.
pub async fn dirty_days(
    db: &Database,
    product: Option<&ProductId>,
    limit: u32,
) -> Result<Vec<DirtyDay>> {
    let of_product = if product.is_some() {
        " AND product = ?"
    } else {
        ""
    };
    let mut query = statement(format!(
        "SELECT product, day, generation FROM dirty WHERE generation > cleared{of_product} \
         ORDER BY product, day LIMIT ?"
    ));
    if let Some(product) = product {
        query = query.bind(product.as_str());
    }
    let rows = query
        .bind(i64::from(limit))
        .fetch_all(&mut db.sessions().read().await?)
        .await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            Ok(DirtyDay {
                product: cells.product()?,
                day: cells.day()?,
                generation: cells.int()?,
            })
        })
        .collect()
}

/// Clears days in the generations that were read, and says how many are clean now; a day
/// marked since then stays dirty.
pub async fn clear_dirty(db: &Database, days: &[DirtyDay]) -> Result<u64> {
    let mut retry = Retry::default();
    loop {
        match try_clear(db, days).await {
            Err(error) if retry.after(&error).await => {}
            cleared => return cleared,
        }
    }
}

async fn try_clear(db: &Database, days: &[DirtyDay]) -> Result<u64> {
    let mut transaction = db.sessions().begin().await?;
    let mut cleared = 0;
    for day in days {
        let done = statement(
            "UPDATE dirty SET cleared = generation \
             WHERE product = ? AND day = ? AND generation = ?",
        )
        .bind(day.product.as_str())
        .bind(day.day.0)
        .bind(day.generation)
        .execute(&mut transaction)
        .await?;
        cleared += done;
    }
    transaction.commit().await?;
    Ok(cleared)
}
