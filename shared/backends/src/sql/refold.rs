//! Folding sessions anew from all their parts.

use std::collections::BTreeSet;

use logbook_model::{Day, ProductId, SessionId, Timestamp};

use super::lock::{for_share, lock_sessions};
use super::rows::{Cells, Connection, statement};
use super::session::{SessionRow, days_of, delete_session, replace_sessions};
use super::{dirty, part};
use crate::Result;

const CHUNK: usize = 256;

/// Folds sessions from their parts, in key order, and marks the days before and after as out
/// of date. A session without parts is deleted.
///
/// Silence is judged as of the product's settlement, so that a row depends on the parts and
/// on that instant alone, and not on the order in which logs came.
///
/// The sessions are locked before their parts are read: of two transactions that change parts
/// of one session, the later sees what the earlier has committed.
pub(super) async fn refold(
    connection: &mut Connection,
    product: &ProductId,
    sessions: &BTreeSet<SessionId>,
    timeout_secs: u32,
) -> Result<()> {
    if sessions.is_empty() {
        return Ok(());
    }
    let as_of = settled_as_of(connection, product).await?;
    let ids: Vec<&str> = sessions.iter().map(SessionId::as_str).collect();
    lock_sessions(connection, product, &ids).await?;
    let mut dirty_days: BTreeSet<Day> = BTreeSet::new();
    for ids in ids.chunks(CHUNK) {
        let mut before = days_of(connection, product, ids).await?;
        dirty_days.extend(before.values());
        let parts = part::parts_of(connection, product, ids).await?;
        let mut rows = Vec::with_capacity(parts.len());
        for (id, parts) in &parts {
            before.remove(id);
            rows.extend(SessionRow::fold(parts, timeout_secs, as_of));
        }
        dirty_days.extend(rows.iter().map(SessionRow::day));
        replace_sessions(connection, &rows).await?;
        for id in before.keys() {
            delete_session(connection, product, id).await?;
        }
    }
    dirty::mark(connection, product, &dirty_days).await
}

/// The instant up to which the product's silence has been judged; it stays so until the
/// transaction's end.
pub(super) async fn settled_as_of(
    connection: &mut Connection,
    product: &ProductId,
) -> Result<Option<Timestamp>> {
    let tail = for_share(connection);
    let row = statement(format!(
        "SELECT as_of FROM settlement WHERE product = ?{tail}"
    ))
    .bind(product.as_str())
    .fetch_optional(connection)
    .await?;
    row.map(|row| Cells::new(&row).time()).transpose()
}
