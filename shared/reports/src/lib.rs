//! What is computed of sessions for R&D and sales: definitions, tables, their upkeep, queries.
//!
//! A report is one module: its definition in prose, its columns and parameters, the SQL that
//! computes its table a day at a time, and the SQL that answers from it. [`catalogue`]
//! describes them by machine; `docs/reports.md` is made of the same text.
//!
//! [`analyze`] computes the days that are out of date, [`query`] answers. Both take the
//! analytics database with the sessions schema attached to it as [`SESSIONS_SCHEMA`].
//!
//! Days are UTC, and a session belongs to the day of its first event. Users are distinct
//! pseudonymous users, else installations. Report tables hold no wall clock and depend on
//! nothing but the sessions, so that computing them anew gives the same bytes.

mod account_features;
mod accounts;
mod active_users;
mod analyze;
mod blocks;
mod catalogue;
mod condition;
mod cost;
mod cursor;
mod day_features;
mod day_table;
mod description;
mod digest;
pub mod docs;
mod environment;
mod error;
mod feature_adoption;
mod feature_paths;
mod feature_usage;
mod fresh;
mod freshness;
mod funnel;
mod groups;
mod keys;
mod lease;
mod ledger;
mod news;
mod pages;
mod persons;
mod platforms;
mod product_settings;
mod query;
mod release;
mod release_delta;
mod release_health;
mod reply;
mod request;
mod retention;
mod shares;
mod source;
mod step;
mod stored;
pub mod tableau;
mod tables;
mod top_errors;
mod versions;
mod views;
mod words;

pub use accounts::{contracts_version, store_contracts};
pub use analyze::{Progress, Settings, analyze, rebuild};
pub use catalogue::{Report, catalogue};
pub use cursor::Cursor;
pub use description::{Column, ColumnType, Parameter, ReportDescription};
pub use digest::digest;
pub use environment::Environment;
pub use error::{Error, Result};
pub use freshness::{Freshness, finished_as_of};
pub use lease::take_back_leases;
pub use news::{News, NewsKind, note_told, notice, untold};
pub use query::query;
pub use reply::{Cell, ReportReply, csv_header, csv_row};
pub use request::{DEFAULT_LIMIT, DEFAULT_MIN_USERS, MAX_LIMIT, ReportRequest};
pub use views::{View, adds_up, grants, view_of, views};

use logbook_backends::{Database, Migrations, migrations};

/// The name under which the sessions schema is attached to the analytics database.
pub const SESSIONS_SCHEMA: &str = "sessions";

static MIGRATIONS: Migrations = migrations![
    "0001_reports.sql",
    "0002_errors.sql",
    "0003_platforms.sql",
    "0004_retention.sql",
    "0005_adoption.sql",
    "0006_accounts.sql",
    "0007_paths.sql",
    "0008_contracts.sql",
    "0009_news.sql",
    "0010_views.sql",
    "0011_groups.sql",
    "0012_days.sql",
];

/// Brings the analytics schema up to date; does nothing where it is.
pub async fn migrate(analytics: &Database) -> Result<()> {
    analytics.migrate(&MIGRATIONS).await?;
    views::keep(analytics).await
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
