//! The sessions schema: what is stored of logs and sessions, and what is asked of it.
//!
//! The modules are named by what they know. SQL is static text of the subset that MySQL 8,
//! MariaDB 10.11 and SQLite share (`?`, `REPLACE INTO`, no `RETURNING`, no upsert); what is
//! particular to one database is in `lock.rs` and in [`crate::Database`]. Folding is done in Rust.
//!
//! A log that is in the archive and has no row is **pending**: nothing is ever inserted for
//! it, so that the archive alone says what must still be parsed.

mod dirty;
mod ledger;
mod listing;
mod lock;
mod log;
mod parsed;
mod part;
mod query;
mod refold;
mod reject;
mod reject_query;
pub mod rows;
mod session;
mod settle;
mod store;
mod work;

pub use dirty::{DirtyDay, clear_dirty, dirty_days, mark_dirty};
pub use ledger::{Ledger, LedgerDay, ledger, set_edge_duplicates};
pub use listing::{ListedLog, Listing, Missing, Reopen};
pub use log::{
    ContentHash, LogMeta, LogRow, LogState, Via, has_logs, has_logs_since, log_row, log_rows_of_day,
};
pub use parsed::{ParsedLog, RejectedLog, StoreOutcome};
pub use query::{SessionDetail, SessionFilter, SessionKey, count_sessions, session, sessions};
pub use reject::{MAX_SAMPLES, RejectSample, Rejects, Scope};
pub use reject_query::{RejectFilter, RejectKey, RejectRow, RejectTotal, reject_totals, rejects};
pub use session::SessionRow;
pub use settle::{next_silence, settle_silence};
pub use store::{store_erased, store_parsed, store_rejected};
pub use work::{Work, WorkKey, note_work, work};

use crate::{Database, Migrations, Result, migrations};

static MIGRATIONS: Migrations = migrations![
    "0001_sessions.sql",
    "0002_work.sql",
    "0003_live.sql",
    "0004_worth.sql",
    "0005_counted.sql",
];

/// Brings the sessions schema up to date; does nothing where it is.
pub async fn migrate(db: &Database) -> Result<()> {
    db.migrate(&MIGRATIONS).await
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_file_of_migrations_is_listed_by_its_number() {
        for (dialect, listed) in [
            ("sqlite", super::MIGRATIONS.sqlite),
            ("mysql", super::MIGRATIONS.mysql),
        ] {
            let folder = format!("{}/migrations/{dialect}", env!("CARGO_MANIFEST_DIR"));
            let files = std::fs::read_dir(folder).expect("the folder is there");
            assert_eq!(files.count(), listed.len(), "{dialect}");
            for (number, (name, _)) in (1..).zip(listed) {
                assert!(name.starts_with(&format!("{number:04}_")), "{name}");
            }
        }
    }
}
