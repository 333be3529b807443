//! A database: connections, schema, transactions. What is asked of it is in [`crate::sql`].

pub(crate) mod sqlite;

use std::path::{Path, PathBuf};

use sqlx::SqlitePool;
use sqlx::migrate::Migrator;

use crate::{Durability, Result};

/// A database.
#[derive(Debug, Clone)]
pub struct Database {
    backend: Backend,
}

#[derive(Debug, Clone)]
enum Backend {
    Sqlite(sqlite::Pools),
}

/// The connections of a database, for crates that bring SQL of their own.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Connections<'a> {
    /// SQLite: any number may read while one writes.
    Sqlite {
        /// Read-only connections.
        readers: &'a SqlitePool,
        /// The one connection that writes.
        writer: &'a SqlitePool,
    },
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

    /// Brings the schema up to date; does nothing where it is.
    pub async fn migrate(&self, migrations: &Migrator) -> Result<()> {
        match &self.backend {
            Backend::Sqlite(pools) => migrations.run(pools.writer()).await?,
        }
        Ok(())
    }

    /// The connections themselves.
    pub fn connections(&self) -> Connections<'_> {
        match &self.backend {
            Backend::Sqlite(pools) => Connections::Sqlite {
                readers: pools.readers(),
                writer: pools.writer(),
            },
        }
    }

    /// Closes all connections and, for SQLite, folds the write-ahead log into the file.
    pub async fn close(&self) {
        match &self.backend {
            Backend::Sqlite(pools) => pools.close().await,
        }
    }

    pub(crate) const fn sqlite(&self) -> &sqlite::Pools {
        match &self.backend {
            Backend::Sqlite(pools) => pools,
        }
    }
}
