//! Rows in and out: multi-row inserts, `IN` lists, and cells read in order.
//!
//! Statements vary in the number of their rows only by powers of two, so that few texts serve
//! all sizes and each is prepared once a connection.

use logbook_model::{Day, EventTime, LogId, ProductId, SessionId, Timestamp, Zone};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Row, Sqlite};

use crate::{Error, Result};

pub(super) type Connection = sqlx::SqliteConnection;
pub(super) type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

const MAX_ROWS: usize = 64;
const MAX_KEYS: usize = 256;

/// A statement whose text is made here of literals, never of values.
pub(super) fn statement(text: String) -> Query {
    sqlx::query(AssertSqlSafe(text))
}

/// Inserts rows: `head` is `INSERT INTO` or `REPLACE INTO` with table, `columns` their names.
pub(super) async fn insert<T>(
    connection: &mut Connection,
    head: &str,
    columns: &str,
    rows: &[T],
    bind: fn(Query, &T) -> Query,
) -> Result<()> {
    let width = columns.split(',').count();
    let tuple = format!("({})", list(width));
    let mut rest = rows;
    while !rest.is_empty() {
        let size = power_below(rest.len().min(MAX_ROWS));
        let (now, later) = rest.split_at(size);
        let tuples = vec![tuple.as_str(); size].join(",");
        let mut query = statement(format!("{head} ({columns}) VALUES {tuples}"));
        for row in now {
            query = bind(query, row);
        }
        query.execute(&mut *connection).await?;
        rest = later;
    }
    Ok(())
}

/// Rows of `head` — which ends in `WHERE product = ? AND column IN` — for any number of keys.
pub(super) async fn select_in(
    connection: &mut Connection,
    head: &str,
    product: &ProductId,
    keys: &[&str],
) -> Result<Vec<SqliteRow>> {
    let mut rows = Vec::new();
    for keys in keys.chunks(MAX_KEYS) {
        let size = keys.len().next_power_of_two();
        let mut query = statement(format!("{head} ({})", list(size))).bind(product.as_str());
        let last = keys.last().copied().unwrap_or_default();
        for key in keys
            .iter()
            .copied()
            .chain(std::iter::repeat_n(last, size - keys.len()))
        {
            query = query.bind(key);
        }
        rows.append(&mut query.fetch_all(&mut *connection).await?);
    }
    Ok(rows)
}

fn list(size: usize) -> String {
    vec!["?"; size].join(",")
}

const fn power_below(n: usize) -> usize {
    1 << n.ilog2()
}

/// A count as the column holds it.
pub(super) fn bigint(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Binds an event's time to its two columns.
pub(super) fn bind_event_time(query: Query, time: Option<EventTime>) -> Query {
    query
        .bind(time.map(|time| time.at.0))
        .bind(time.map(|time| i64::from(time.zone == Zone::Local)))
}

/// The cells of a row, from left to right.
pub(super) struct Cells<'r> {
    row: &'r SqliteRow,
    next: usize,
}

impl<'r> Cells<'r> {
    pub(super) const fn new(row: &'r SqliteRow) -> Self {
        Self { row, next: 0 }
    }

    fn take<T>(&mut self) -> Result<T>
    where
        T: sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>,
    {
        let cell = self.next;
        self.next += 1;
        Ok(self.row.try_get(cell)?)
    }

    pub(super) fn text(&mut self) -> Result<String> {
        self.take()
    }

    pub(super) fn text_or_null(&mut self) -> Result<Option<String>> {
        self.take()
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>> {
        self.take()
    }

    pub(super) fn int(&mut self) -> Result<i64> {
        self.take()
    }

    pub(super) fn int_or_null(&mut self) -> Result<Option<i64>> {
        self.take()
    }

    pub(super) fn count(&mut self) -> Result<u64> {
        Ok(self.int()?.max(0) as u64)
    }

    pub(super) fn small(&mut self) -> Result<u32> {
        u32::try_from(self.int()?).map_err(|error| Error::damaged("row", error))
    }

    pub(super) fn flag(&mut self) -> Result<bool> {
        Ok(self.int()? != 0)
    }

    pub(super) fn day(&mut self) -> Result<Day> {
        let day = i32::try_from(self.int()?).map_err(|error| Error::damaged("row", error))?;
        Ok(Day(day))
    }

    pub(super) fn time(&mut self) -> Result<Timestamp> {
        self.int().map(Timestamp)
    }

    pub(super) fn time_or_null(&mut self) -> Result<Option<Timestamp>> {
        Ok(self.int_or_null()?.map(Timestamp))
    }

    pub(super) fn event_time(&mut self) -> Result<Option<EventTime>> {
        let (at, local) = (self.time_or_null()?, self.int_or_null()?);
        let zone = if local == Some(1) {
            Zone::Local
        } else {
            Zone::Utc
        };
        Ok(at.map(|at| EventTime { at, zone }))
    }

    pub(super) fn product(&mut self) -> Result<ProductId> {
        ProductId::new(self.text()?).map_err(|error| Error::damaged("row", error))
    }

    pub(super) fn log(&mut self) -> Result<LogId> {
        LogId::new(self.text()?).map_err(|error| Error::damaged("row", error))
    }

    pub(super) fn session(&mut self) -> Result<SessionId> {
        Ok(SessionId::from_text(&self.text()?))
    }

    /// A cell with one of a closed set of names.
    pub(super) fn named<T>(&mut self, from_name: fn(&str) -> Option<T>) -> Result<T> {
        let name = self.text()?;
        from_name(&name).ok_or_else(|| Error::damaged("row", format!("{name:?} is no such name")))
    }
}
