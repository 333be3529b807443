//! The steps that make a schema.

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// The steps that make a schema, in order, for each kind of database: names of files, such as
/// `0001_sessions.sql`, whose numbers ascend, and their texts.
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

/// What sqlx runs: the version of a step is the number that its file's name begins with.
pub(super) fn migrator(files: &[(&'static str, &'static str)]) -> Migrator {
    let migrations = files.iter().map(|(name, text)| {
        let digits = name.bytes().take_while(u8::is_ascii_digit);
        let version = digits.fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
        let name = name.strip_suffix(".sql").unwrap_or(name);
        let what = name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
        let description = what.replace('_', " ").into();
        let sql = text.into_sql_str();
        Migration::new(version, description, MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect())
}
