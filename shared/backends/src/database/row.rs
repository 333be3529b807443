//! A row as it comes back, of whichever database.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, TypeInfo as _, ValueRef as _};

#[cfg(feature = "mysql")]
use super::mysql::date;
use super::query::Value;
use crate::Result;

/// A row of a result.
#[expect(missing_debug_implementations, reason = "rows hold what logs say")]
pub struct Row(Inner);

enum Inner {
    Sqlite(SqliteRow),
    #[cfg(feature = "mysql")]
    MySql(sqlx::mysql::MySqlRow),
}

impl From<SqliteRow> for Row {
    fn from(row: SqliteRow) -> Self {
        Self(Inner::Sqlite(row))
    }
}

#[cfg(feature = "mysql")]
impl From<sqlx::mysql::MySqlRow> for Row {
    fn from(row: sqlx::mysql::MySqlRow) -> Self {
        Self(Inner::MySql(row))
    }
}

/// Reads a cell by the type that both drivers know.
macro_rules! get {
    ($row:expr, $cell:expr) => {
        match &$row.0 {
            Inner::Sqlite(row) => Ok(row.try_get($cell)?),
            #[cfg(feature = "mysql")]
            Inner::MySql(row) => Ok(row.try_get($cell)?),
        }
    };
}

impl Row {
    /// How many cells it has.
    pub fn width(&self) -> usize {
        match &self.0 {
            Inner::Sqlite(row) => row.len(),
            #[cfg(feature = "mysql")]
            Inner::MySql(row) => row.len(),
        }
    }

    pub(crate) fn int_or_null(&self, cell: usize) -> Result<Option<i64>> {
        get!(self, cell)
    }

    pub(crate) fn int(&self, cell: usize) -> Result<i64> {
        get!(self, cell)
    }

    fn real(&self, cell: usize) -> Result<f64> {
        get!(self, cell)
    }

    pub(crate) fn str(&self, cell: usize) -> Result<&str> {
        get!(self, cell)
    }

    pub(crate) fn bytes(&self, cell: usize) -> Result<&[u8]> {
        get!(self, cell)
    }

    /// A text; a date, which only some databases have, as `YYYY-MM-DD`.
    pub(crate) fn text_or_null(&self, cell: usize) -> Result<Option<String>> {
        match &self.0 {
            Inner::Sqlite(row) => Ok(row.try_get(cell)?),
            #[cfg(feature = "mysql")]
            Inner::MySql(row) => match date(row, cell)? {
                Some(day) => Ok(Some(day.to_string())),
                None => Ok(row.try_get(cell)?),
            },
        }
    }

    /// Whatever it holds.
    pub(crate) fn value(&self, cell: usize) -> Result<Value<'_>> {
        let (null, kind) = match &self.0 {
            Inner::Sqlite(row) => {
                let raw = row.try_get_raw(cell)?;
                (raw.is_null(), raw.type_info().name().to_owned())
            }
            #[cfg(feature = "mysql")]
            Inner::MySql(row) => {
                let raw = row.try_get_raw(cell)?;
                (raw.is_null(), raw.type_info().name().to_owned())
            }
        };
        let integer = kind.contains("INT");
        Ok(match kind.as_str() {
            _ if null => Value::Null,
            _ if integer => Value::Int(self.int(cell)?),
            "REAL" | "DOUBLE" => Value::Real(self.real(cell)?),
            _ => match self.text_or_null(cell) {
                Ok(text) => Value::from(text),
                Err(_) => Value::Bytes(self.bytes(cell)?.into()),
            },
        })
    }
}
