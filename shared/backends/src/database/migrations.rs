//! The steps that make a schema.

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// The steps that make a schema, in order, for each kind of database: names of files, such as
/// `0001_sessions.sql`, whose numbers count from one without a gap, and their texts.
/// [`migrations!`](crate::migrations) makes one.
#[derive(Debug)]
pub struct Migrations {
    /// For SQLite.
    pub sqlite: &'static [(&'static str, &'static str)],
    /// For MySQL and MariaDB.
    pub mysql: &'static [(&'static str, &'static str)],
}

/// The [`Migrations`] in `migrations/sqlite` and `migrations/mysql` of the crate at hand, by the
/// names of the files, which are the same in both.
///
/// It does what `sqlx::migrate!` does, without its compiler of SQL, which takes as long to build as
/// all drivers once more.
#[macro_export]
macro_rules! migrations {
    ($($name:literal),+ $(,)?) => {
        $crate::Migrations {
            sqlite: &[$($crate::migrations!(@file "sqlite", $name)),+],
            mysql: &[$($crate::migrations!(@file "mysql", $name)),+],
        }
    };
    (@file $dialect:literal, $name:literal) => {
        (
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $dialect, "/", $name)),
        )
    };
}

/// What sqlx runs: step N is version N. A schema that has more steps is one of a later release, and is
/// left as it is: whoever rolls back runs the earlier release on it, and steps only ever add.
pub(super) fn migrator(files: &[(&'static str, &'static str)]) -> Migrator {
    let migrations = (1..).zip(files).map(|(version, (name, text))| {
        let name = name.strip_suffix(".sql").unwrap_or(name);
        let what = name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
        let description = what.replace('_', " ").into();
        let sql = text.into_sql_str();
        Migration::new(version, description, MigrationType::Simple, sql, false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.set_ignore_missing(true);
    migrator
}
