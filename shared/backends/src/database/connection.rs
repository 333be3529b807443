//! Connections and transactions, of whichever database.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection};
#[cfg(feature = "mysql")]
use sqlx::{MySql, MySqlConnection};

#[cfg(feature = "mysql")]
use super::mysql::Attachment;
use crate::Result;

/// A connection, or a transaction on one.
#[derive(Debug)]
pub struct Connection(Inner);

#[derive(Debug)]
enum Inner {
    Sqlite(PoolConnection<Sqlite>),
    SqliteTransaction(sqlx::Transaction<'static, Sqlite>),
    #[cfg(feature = "mysql")]
    MySql(PoolConnection<MySql>, Attachment),
    #[cfg(feature = "mysql")]
    MySqlTransaction(sqlx::Transaction<'static, MySql>, Attachment),
}

/// The driver's own connection.
pub(super) enum Driver<'c> {
    Sqlite(&'c mut SqliteConnection),
    #[cfg(feature = "mysql")]
    MySql(&'c mut MySqlConnection, &'c Attachment),
}

/// Which SQL a connection understands, where the common subset does not suffice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// SQLite: who writes has the file's only write lock, so that no row needs one.
    Sqlite,
    /// MySQL and MariaDB: rows are locked one by one.
    #[cfg(feature = "mysql")]
    MySql,
}

impl Connection {
    pub(super) const fn sqlite(connection: PoolConnection<Sqlite>) -> Self {
        Self(Inner::Sqlite(connection))
    }

    #[cfg(feature = "mysql")]
    pub(super) const fn mysql(connection: PoolConnection<MySql>, attachment: Attachment) -> Self {
        Self(Inner::MySql(connection, attachment))
    }

    pub(super) fn driver(&mut self) -> Driver<'_> {
        match &mut self.0 {
            Inner::Sqlite(connection) => Driver::Sqlite(connection),
            Inner::SqliteTransaction(transaction) => Driver::Sqlite(transaction),
            #[cfg(feature = "mysql")]
            Inner::MySql(connection, attachment) => Driver::MySql(connection, attachment),
            #[cfg(feature = "mysql")]
            Inner::MySqlTransaction(transaction, attachment) => {
                Driver::MySql(transaction, attachment)
            }
        }
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        match &self.0 {
            Inner::Sqlite(_) | Inner::SqliteTransaction(_) => Dialect::Sqlite,
            #[cfg(feature = "mysql")]
            Inner::MySql(..) | Inner::MySqlTransaction(..) => Dialect::MySql,
        }
    }

    /// Executes statements without values, none of them prepared.
    pub(super) async fn execute_script(&mut self, script: &str) -> Result<()> {
        let script = sqlx::raw_sql(AssertSqlSafe(script.to_owned()));
        match self.driver() {
            Driver::Sqlite(connection) => script.execute(connection).await.map(|_| ())?,
            #[cfg(feature = "mysql")]
            Driver::MySql(connection, _) => script.execute(connection).await.map(|_| ())?,
        }
        Ok(())
    }
}

/// A transaction; it is rolled back when it is dropped without a commit.
#[derive(Debug)]
pub struct Transaction(Connection);

impl Transaction {
    pub(super) const fn sqlite(transaction: sqlx::Transaction<'static, Sqlite>) -> Self {
        Self(Connection(Inner::SqliteTransaction(transaction)))
    }

    #[cfg(feature = "mysql")]
    pub(super) const fn mysql(
        transaction: sqlx::Transaction<'static, MySql>,
        attachment: Attachment,
    ) -> Self {
        Self(Connection(Inner::MySqlTransaction(transaction, attachment)))
    }

    /// Makes what was written durable and visible to others.
    pub async fn commit(self) -> Result<()> {
        match self.0.0 {
            Inner::SqliteTransaction(transaction) => transaction.commit().await?,
            #[cfg(feature = "mysql")]
            Inner::MySqlTransaction(transaction, _) => transaction.commit().await?,
            // A transaction is never made of a mere connection.
            _ => {}
        }
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}
