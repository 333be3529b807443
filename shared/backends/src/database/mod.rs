//! A database: connections, schema, transactions. What is asked of it is in [`crate::sql`].

mod connection;
pub(crate) mod fault;
mod migrations;
#[cfg(feature = "mysql")]
mod mysql;
mod query;
mod retry;
mod row;
pub(crate) mod sqlite;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(crate) use connection::Dialect;
pub use connection::{Connection, Transaction};
pub use migrations::Migrations;
use migrations::migrator;
#[cfg(feature = "mysql")]
pub use mysql::{Authority, Credentials, Login, LoginProvider, MySqlConfig, Tls, TokenProvider};
pub use query::{Query, Rows, Value, statement};
pub(crate) use retry::Retry;
pub use row::Row;

use crate::sql::rows::Cells;
use crate::{Boxed, Durability, Result};

/// Between two looks whether a database is there.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// A database.
#[derive(Debug, Clone)]
pub struct Database {
    backend: Backend,
}

#[derive(Debug, Clone)]
enum Backend {
    Sqlite(sqlite::Pools),
    #[cfg(feature = "mysql")]
    MySql(mysql::Pools),
}

/// Another SQLite file that each connection sees as a schema of its own, as MySQL sees two
/// schemas of one server: `name.table`. A transaction over both is atomic in each file, not
/// over both at a loss of power.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The schema's name.
    pub name: String,
    /// The file, which must have been made by [`Database::open_file`].
    pub path: PathBuf,
}

impl Database {
    /// Opens a SQLite file and makes it (0600) if there is none. The schema is left as it is:
    /// see [`Database::migrate`] and [`crate::sql::migrate`].
    pub async fn open_file(path: &Path, durability: Durability) -> Result<Self> {
        Self::open_file_with(path, durability, Vec::new()).await
    }

    /// Like [`Database::open_file`], with other files attached to each connection.
    pub async fn open_file_with(
        path: &Path,
        durability: Durability,
        attached: Vec<Attached>,
    ) -> Result<Self> {
        Ok(Self {
            backend: Backend::Sqlite(sqlite::Pools::open(path, durability, attached).await?),
        })
    }

    /// A schema of a MySQL or MariaDB server. Nothing is sent before the first use.
    #[cfg(feature = "mysql")]
    pub fn open_mysql(config: &MySqlConfig) -> Result<Self> {
        Ok(Self {
            backend: Backend::MySql(mysql::Pools::open(config)?),
        })
    }

    /// Brings the schema up to date; does nothing where it is.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<()> {
        match &self.backend {
            Backend::Sqlite(pools) => migrator(migrations.sqlite).run(pools.writer()).await?,
            #[cfg(feature = "mysql")]
            Backend::MySql(pools) => pools.pool().migrate(&migrator(migrations.mysql)).await?,
        }
        Ok(())
    }

    /// Waits until the database answers, for as long as `patience` says: one that was paused takes
    /// some fifteen seconds. An error other than that it is away is not waited out.
    pub async fn wait(&self, patience: Duration) -> Result<()> {
        let until = Instant::now() + patience;
        loop {
            match self.look().await {
                Err(error) if error.is_resuming() && Instant::now() < until => {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                looked => return looked,
            }
        }
    }

    async fn look(&self) -> Result<()> {
        let mut connection = self.read().await?;
        statement("SELECT 1").fetch_one(&mut connection).await?;
        Ok(())
    }

    /// What is wrong with the pages of the database's file, read whole for it: the first fault
    /// found, if any. A server checks its own pages whenever it reads them, and is not asked.
    pub async fn damage(&self) -> Result<Option<String>> {
        let mut connection = match &self.backend {
            Backend::Sqlite(pools) => Connection::sqlite(pools.readers().acquire().await?),
            #[cfg(feature = "mysql")]
            Backend::MySql(_) => return Ok(None),
        };
        let row = statement("PRAGMA quick_check(1)")
            .fetch_one(&mut connection)
            .await?;
        let said = Cells::new(&row).text()?;
        Ok((said != "ok").then_some(said))
    }

    /// A connection to read by.
    pub fn read(&self) -> Boxed<'_, Result<Connection>> {
        Box::pin(async move {
            match &self.backend {
                Backend::Sqlite(pools) => Ok(Connection::sqlite(pools.readers().acquire().await?)),
                #[cfg(feature = "mysql")]
                Backend::MySql(pools) => pools.pool().acquire().await,
            }
        })
    }

    /// A connection to write by, a statement at a time.
    pub fn write(&self) -> Boxed<'_, Result<Connection>> {
        Box::pin(async move {
            match &self.backend {
                Backend::Sqlite(pools) => Ok(Connection::sqlite(pools.writer().acquire().await?)),
                #[cfg(feature = "mysql")]
                Backend::MySql(pools) => pools.pool().acquire().await,
            }
        })
    }

    /// A transaction that may write. In SQLite it holds the write lock from the beginning: it
    /// never has to wait midway for a lock that another holds.
    pub fn begin(&self) -> Boxed<'_, Result<Transaction>> {
        Box::pin(async move {
            match &self.backend {
                Backend::Sqlite(pools) => Ok(Transaction::sqlite(pools.begin().await?)),
                #[cfg(feature = "mysql")]
                Backend::MySql(pools) => pools.pool().begin().await,
            }
        })
    }

    /// A transaction that may write, and holds nothing until its first statement. All that it
    /// reads is of the moment of its first read.
    ///
    /// The first statement must write to the database's own schema: it then waits for other
    /// writers of that schema, and what is read of the other afterwards is of one later
    /// moment. Those who write to the other schema are never held up.
    pub fn begin_late(&self) -> Boxed<'_, Result<Transaction>> {
        Box::pin(async move {
            match &self.backend {
                Backend::Sqlite(pools) => Ok(Transaction::sqlite(pools.writer().begin().await?)),
                #[cfg(feature = "mysql")]
                Backend::MySql(pools) => pools.pool().begin_late().await,
            }
        })
    }

    /// A transaction that reads, and sees one moment.
    pub fn snapshot(&self) -> Boxed<'_, Result<Transaction>> {
        Box::pin(async move {
            match &self.backend {
                Backend::Sqlite(pools) => Ok(Transaction::sqlite(pools.readers().begin().await?)),
                #[cfg(feature = "mysql")]
                Backend::MySql(pools) => pools.pool().snapshot().await,
            }
        })
    }

    /// Executes SQL of whoever operates the database, which is not checked in any way.
    pub async fn execute_script(&self, script: &str) -> Result<()> {
        self.write().await?.execute_script(script).await
    }

    /// Closes all connections and, for SQLite, folds the write-ahead log into the file.
    pub async fn close(&self) {
        match &self.backend {
            Backend::Sqlite(pools) => pools.close().await,
            #[cfg(feature = "mysql")]
            Backend::MySql(pools) => pools.close().await,
        }
    }

    /// The database that unqualified names of the sessions schema are looked up in. SQLite
    /// finds them in an attached file by itself; MySQL does not.
    pub(crate) fn sessions(&self) -> Self {
        match &self.backend {
            Backend::Sqlite(_) => self.clone(),
            #[cfg(feature = "mysql")]
            Backend::MySql(pools) => Self {
                backend: Backend::MySql(pools.of_sessions()),
            },
        }
    }
}
