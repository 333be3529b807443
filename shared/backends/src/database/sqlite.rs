//! SQLite: one connection that writes, a few that read.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection, Sqlite, Transaction};

use super::Attached;
use crate::disk::create_private;
use crate::{Durability, Result};

const READERS: u32 = 4;
const STATEMENTS: usize = 400;
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// The connections to one file.
#[derive(Debug, Clone)]
pub(crate) struct Pools {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Pools {
    pub(crate) async fn open(
        path: &Path,
        durability: Durability,
        attached: Vec<Attached>,
    ) -> Result<Self> {
        let writer = writer(path, durability, attached.clone()).await?;
        let readers = attaching(attached)
            .max_connections(READERS)
            .min_connections(0)
            .connect_lazy_with(options(path, durability).pragma("query_only", "ON"));
        Ok(Self { writer, readers })
    }

    pub(crate) const fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    pub(crate) const fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// A transaction that may write, begun as one: it never has to wait midway for a lock that
    /// another holds.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// A pool of the one connection that writes; the file is made (0600) if there is none.
pub(crate) async fn writer(
    path: &Path,
    durability: Durability,
    attached: Vec<Attached>,
) -> Result<SqlitePool> {
    let owned = path.to_owned();
    tokio::task::spawn_blocking(move || create_private(&owned)).await??;
    let pool = attaching(attached)
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options(path, durability))
        .await?;
    Ok(pool)
}

/// A pool whose every connection has other files attached, and is given out in no transaction.
///
/// SQLite ends a transaction by itself when the disk is full or fails. Rolling it back then fails
/// as well, and the driver takes it for open ever after: such a connection is replaced.
fn attaching(attached: Vec<Attached>) -> SqlitePoolOptions {
    let attached = Arc::new(attached);
    let options = SqlitePoolOptions::new().before_acquire(|connection, _| {
        let usable = !connection.is_in_transaction();
        Box::pin(async move { Ok(usable) })
    });
    options.after_connect(move |connection, _| {
        let attached = Arc::clone(&attached);
        Box::pin(async move {
            for Attached { name, path } in attached.iter() {
                sqlx::query("ATTACH DATABASE ? AS ?")
                    .bind(path.to_string_lossy().as_ref())
                    .bind(name)
                    .execute(&mut *connection)
                    .await?;
            }
            Ok(())
        })
    })
}

fn options(path: &Path, durability: Durability) -> SqliteConnectOptions {
    let synchronous = match durability {
        Durability::Fsync => SqliteSynchronous::Full,
        Durability::Process => SqliteSynchronous::Normal,
    };
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(STATEMENTS)
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", "-32000")
        // A slow disk would fill the program's log with whole statements.
        .disable_statement_logging()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_disk_is_got_over_without_opening_the_file_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        let pools = Pools::open(&path, Durability::Process, Vec::new())
            .await
            .unwrap();
        let run = |sql| sqlx::query(sql).execute(pools.writer());
        run("CREATE TABLE some (bytes BLOB)").await.unwrap();
        // As good as a full disk: the file may not grow.
        run("PRAGMA max_page_count = 4").await.unwrap();
        let insert = "INSERT INTO some (bytes) VALUES (zeroblob(100000))";
        let mut transaction = pools.begin().await.unwrap();
        let full = sqlx::query(insert).execute(&mut *transaction).await;
        assert!(full.unwrap_err().to_string().contains("full"));
        drop(transaction);

        let mut transaction = pools.begin().await.unwrap();
        let insert = sqlx::query(insert).execute(&mut *transaction);
        insert.await.unwrap();
        transaction.commit().await.unwrap();
        let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM some")
            .fetch_one(pools.readers())
            .await
            .unwrap();
        assert_eq!(rows, 1);
    }
}
