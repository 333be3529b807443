//! The connections that this crate's own SQL runs on.

use logbook_backends::{Connections, Database, sqlx};
use sqlx::{Sqlite, SqlitePool, Transaction};

use crate::{Error, Result};

/// Readers and the writer.
pub(crate) fn pools(analytics: &Database) -> Result<(&SqlitePool, &SqlitePool)> {
    match analytics.connections() {
        Connections::Sqlite { readers, writer } => Ok((readers, writer)),
        _ => Err(Error::damaged("database", "no SQL for this kind")),
    }
}

/// A transaction that may write, and holds nothing until its first statement.
///
/// That statement must write to the analytics schema: it then waits for other writers of that
/// schema, and what is read of the sessions schema afterwards is of one later moment. Those
/// who write sessions are never held up.
pub(crate) async fn begin(analytics: &Database) -> Result<Transaction<'static, Sqlite>> {
    let (_, writer) = pools(analytics)?;
    Ok(writer.begin().await?)
}
