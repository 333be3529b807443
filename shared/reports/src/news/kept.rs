//! What was known, and what is still to be told.

use std::collections::BTreeMap;

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, Connection, Query, insert, statement};
use logbook_model::{Day, ProductId};

use super::{Known, News, NewsKind};
use crate::lease::Lease;
use crate::{Error, Result};

/// The kind under which the last judged day is kept.
const DAY: &str = "day";
/// How many news are handed on at once.
const MAX_UNTOLD: i64 = 1000;
/// How many news of a product are kept after they were told.
const KEPT: i64 = 1000;

/// The last day for which accounts and releases were judged; `None` before anything was known.
pub(super) async fn judged(analytics: &Database, product: &ProductId) -> Result<Option<Day>> {
    let mut connection = analytics.read().await?;
    let row = statement("SELECT value FROM news_known WHERE product = ? AND kind = ?")
        .bind(product.as_str())
        .bind(DAY)
        .fetch_optional(&mut connection)
        .await?;
    let day = row.map(|row| Cells::new(&row).text()).transpose()?;
    let day = day.map(|day| day.parse()).transpose();
    day.map_err(|error| Error::damaged("row", error))
}

/// Keeps what is known now, and as news what of it changed. Mostly nothing did, and nothing is
/// written.
pub(super) async fn keep(
    analytics: &Database,
    product: &ProductId,
    lease: &Lease<'_>,
    judged: Option<Day>,
    day: Day,
    found: Vec<Known>,
) -> Result<()> {
    // Nobody else writes them while the lease is held.
    let (before, mut n) = {
        let mut connection = analytics.read().await?;
        let before = known(&mut connection, product).await?;
        (before, last(&mut connection, product).await?)
    };
    let mut changed: Vec<KnownRow<'_>> = Vec::new();
    let mut news: Vec<NewsRow<'_>> = Vec::new();
    for one in found {
        let held = before.get(&(one.kind.name().to_owned(), one.subject.clone()));
        if held == Some(&one.value) {
            continue;
        }
        if let Some(line) = told_line(&one, held).filter(|_| judged.is_some()) {
            n += 1;
            news.push((product, n, day, one.kind, one.subject.clone(), line));
        }
        changed.push((product, one.kind.name(), one.subject, one.value));
    }
    if judged.is_none_or(|judged| judged < day) {
        changed.push((product, DAY, String::new(), day.to_string()));
    }
    if changed.is_empty() {
        return Ok(());
    }
    let mut transaction = analytics.begin_late().await?;
    lease.renew(&mut transaction).await?;
    let head = "REPLACE INTO news_known";
    let columns = "product, kind, subject, value";
    insert(&mut transaction, head, columns, &changed, bind_known).await?;
    let (head, columns) = (
        "INSERT INTO news",
        "product, n, day, kind, subject, line, told",
    );
    insert(&mut transaction, head, columns, &news, bind_news).await?;
    statement("DELETE FROM news WHERE product = ? AND told = 1 AND n <= ?")
        .bind(product.as_str())
        .bind(n - KEPT)
        .execute(&mut transaction)
        .await?;
    Ok(transaction.commit().await?)
}

/// What to say of something that is not as it was. An account is news only where it was known.
fn told_line(one: &Known, held: Option<&String>) -> Option<String> {
    match (one.kind, held) {
        (NewsKind::Account, None) => None,
        (NewsKind::Account, Some(before)) => Some(format!("{}; was {before}", one.line)),
        _ => Some(one.line.clone()),
    }
}

type KnownRow<'a> = (&'a ProductId, &'static str, String, String);
type NewsRow<'a> = (&'a ProductId, i64, Day, NewsKind, String, String);

fn bind_known<'q>(query: Query<'q>, row: &'q KnownRow<'_>) -> Query<'q> {
    let (product, kind, subject, value) = row;
    query
        .bind(product.as_str())
        .bind(*kind)
        .bind(subject.as_str())
        .bind(value.as_str())
}

fn bind_news<'q>(query: Query<'q>, row: &'q NewsRow<'_>) -> Query<'q> {
    let (product, n, day, kind, subject, line) = row;
    query
        .bind(product.as_str())
        .bind(*n)
        .bind(day.to_string())
        .bind(kind.name())
        .bind(subject.as_str())
        .bind(line.as_str())
        .bind(0_i64)
}

async fn known(
    connection: &mut Connection,
    product: &ProductId,
) -> Result<BTreeMap<(String, String), String>> {
    let rows = statement("SELECT kind, subject, value FROM news_known WHERE product = ?")
        .bind(product.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            Ok(((cells.text()?, cells.text()?), cells.text()?))
        })
        .collect()
}

async fn last(connection: &mut Connection, product: &ProductId) -> Result<i64> {
    let row = statement("SELECT MAX(n) FROM news WHERE product = ?")
        .bind(product.as_str())
        .fetch_one(connection)
        .await?;
    Ok(Cells::new(&row).int_or_null()?.unwrap_or_default())
}

/// What was not told yet of a product, in the order in which it was found.
pub async fn untold(analytics: &Database, product: &ProductId) -> Result<Vec<News>> {
    let mut connection = analytics.read().await?;
    let rows = statement(
        "SELECT n, kind, subject, line FROM news WHERE product = ? AND told = 0 ORDER BY n LIMIT ?",
    )
    .bind(product.as_str())
    .bind(MAX_UNTOLD)
    .fetch_all(&mut connection)
    .await?;
    rows.iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            Ok(News {
                n: cells.int()?,
                kind: cells.named(NewsKind::from_name)?,
                subject: cells.text()?,
                line: cells.text()?,
            })
        })
        .collect()
}

/// Notes that the news of a product up to one were handed on.
pub async fn note_told(analytics: &Database, product: &ProductId, last: i64) -> Result<()> {
    let mut connection = analytics.write().await?;
    statement("UPDATE news SET told = 1 WHERE product = ? AND n <= ?")
        .bind(product.as_str())
        .bind(last)
        .execute(&mut connection)
        .await?;
    Ok(())
}
