//! What stores need locked, and how marks are counted: the only SQL of theirs that differs by
//! database.
//!
//! In SQLite who writes holds the file's only write lock, and there is nothing to do. In MySQL
//! and MariaDB transactions run side by side at READ COMMITTED and take locks in one order:
//! the logs' rows, the product's settlement, the sessions in key order, days. What meets in
//! another order all the same (one content under two ids, a replay of the same log) is a
//! deadlock or a key that is taken, and is tried again by [`crate::database::Retry`].

use logbook_model::ProductId;

use super::rows::{Connection, Query, execute_in, insert_or};
use crate::Result;
use crate::database::Dialect;

/// What a SELECT ends in to lock its rows for writing.
pub(super) const fn for_update(connection: &Connection) -> &'static str {
    match connection.dialect() {
        Dialect::Sqlite => "",
        #[cfg(feature = "mysql")]
        Dialect::MySql => " FOR UPDATE",
    }
}

/// What a SELECT ends in to keep its rows as they are.
pub(super) const fn for_share(connection: &Connection) -> &'static str {
    match connection.dialect() {
        Dialect::Sqlite => "",
        #[cfg(feature = "mysql")]
        Dialect::MySql => " LOCK IN SHARE MODE",
    }
}

/// What an INSERT ends in to make a generation of a mark that is there.
pub(super) const fn or_next_generation(connection: &Connection) -> &'static str {
    match connection.dialect() {
        Dialect::Sqlite => " ON CONFLICT (product, day) DO UPDATE SET generation = generation + 1",
        #[cfg(feature = "mysql")]
        Dialect::MySql => " ON DUPLICATE KEY UPDATE generation = generation + 1",
    }
}

/// Locks sessions, which need not have rows yet, in key order until the transaction's end.
///
/// The rows that stand for them while they are locked are those of a table of their own: a row
/// that is inserted and deleted again in one transaction is never seen by another, but waited
/// for.
pub(super) async fn lock_sessions(
    connection: &mut Connection,
    product: &ProductId,
    sessions: &[&str],
) -> Result<()> {
    if connection.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    let rows: Vec<(&ProductId, &str)> = sessions.iter().map(|&id| (product, id)).collect();
    let tail = " ON DUPLICATE KEY UPDATE session_id = session_lock.session_id";
    let (head, columns) = ("INSERT INTO session_lock", "product, session_id");
    insert_or(connection, head, columns, tail, &rows, bind).await?;
    let head = "DELETE FROM session_lock WHERE product = ? AND session_id IN";
    execute_in(connection, head, product, sessions).await
}

fn bind<'q>(query: Query<'q>, (product, session): &'q (&ProductId, &str)) -> Query<'q> {
    query.bind(product.as_str()).bind(*session)
}
