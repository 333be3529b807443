//! Judging silence: sessions that should have ended and did not.

use std::collections::BTreeSet;

use logbook_model::{ProductId, SessionId, Timestamp};

use super::refold::{refold, settled_as_of};
use super::rows::{Cells, statement};
use crate::database::Retry;
use crate::{Database, Result};

const CHUNK: i64 = 500;

/// Judges the product's sessions that were silent for longer than `timeout_secs` before
/// `as_of`, the instant up to which the caller vouches that all has come in; their days become
/// dirty. Says how many rows were judged.
///
/// The instant is kept and never goes back: what is folded later is judged by it too. If this
/// is interrupted, calling it again does the rest.
pub async fn settle_silence(
    db: &Database,
    product: &ProductId,
    timeout_secs: u32,
    as_of: Timestamp,
) -> Result<u64> {
    let (mut judged, mut retry) = (0, Retry::default());
    loop {
        match settle_some(db, product, timeout_secs, as_of).await {
            Err(error) if retry.after(&error).await => {}
            Err(error) => return Err(error),
            Ok(some) => {
                judged += some;
                if some < CHUNK as u64 {
                    return Ok(judged);
                }
                retry = Retry::default();
            }
        }
    }
}

/// The first instant from `from` on at which silence changes a session of the product. One that lies
/// in the past was not judged yet.
pub async fn next_silence(
    db: &Database,
    product: &ProductId,
    from: Timestamp,
) -> Result<Option<Timestamp>> {
    let row = statement(
        "SELECT open_until FROM session WHERE product = ? AND open_until >= ? \
         ORDER BY open_until LIMIT 1",
    )
    .bind(product.as_str())
    .bind(from.0)
    .fetch_optional(&mut db.sessions().read().await?)
    .await?;
    row.map(|row| Cells::new(&row).time()).transpose()
}

/// Judges the first that are to be judged, in one transaction; says how many.
async fn settle_some(
    db: &Database,
    product: &ProductId,
    timeout_secs: u32,
    as_of: Timestamp,
) -> Result<u64> {
    let mut transaction = db.sessions().begin().await?;
    let as_of = settled_as_of(&mut transaction, product)
        .await?
        .map_or(as_of, |kept| kept.max(as_of));
    statement("REPLACE INTO settlement (product, as_of) VALUES (?, ?)")
        .bind(product.as_str())
        .bind(as_of.0)
        .execute(&mut transaction)
        .await?;
    let rows = statement(
        // In the order of the index on it, so that only those that are open are looked at.
        "SELECT session_id FROM session WHERE product = ? AND open_until < ? \
             ORDER BY open_until, session_id LIMIT ?",
    )
    .bind(product.as_str())
    .bind(as_of.0)
    .bind(CHUNK)
    .fetch_all(&mut transaction)
    .await?;
    let sessions = rows
        .iter()
        .map(|row| Cells::new(row).session())
        .collect::<Result<BTreeSet<SessionId>>>()?;
    refold(&mut transaction, product, &sessions, timeout_secs).await?;
    transaction.commit().await?;
    Ok(sessions.len() as u64)
}
