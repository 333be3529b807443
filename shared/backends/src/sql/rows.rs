//! Rows in and out: multi-row inserts, `IN` lists, and cells read in order.
//!
//! Statements vary in the number of their rows only by powers of two, so that few texts serve
//! all sizes and each is prepared once a connection.

use logbook_model::{Day, EventTime, LogId, ProductId, SessionId, Timestamp, Zone};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Row, Sqlite};

use crate::{Error, Result};

/// A connection, or a transaction on one.
pub type Connection = sqlx::SqliteConnection;
/// A statement whose values are bound one by one.
pub type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

const MAX_ROWS: usize = 64;
const MAX_KEYS: usize = 256;

/// A statement whose text is made here of literals, never of values.
pub fn statement(text: String) -> Query {
    sqlx::query(AssertSqlSafe(text))
}

/// Inserts rows: `head` is `INSERT INTO` or `REPLACE INTO` with table, `columns` their names.
pub async fn insert<T>(
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
pub async fn select_in(
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
pub fn bigint(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Binds an event's time to its two columns.
pub(super) fn bind_event_time(query: Query, time: Option<EventTime>) -> Query {
    query
        .bind(time.map(|time| time.at.0))
        .bind(time.map(|time| i64::from(time.zone == Zone::Local)))
}

/// The cells of a row, from left to right.
#[derive(Debug)]
pub struct Cells<'r> {
    row: &'r SqliteRow,
    next: usize,
}

impl<'r> Cells<'r> {
    /// The cells of a row, before its first.
    pub const fn new(row: &'r SqliteRow) -> Self {
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

    /// A text.
    pub fn text(&mut self) -> Result<String> {
        self.take()
    }

    /// A text or NULL.
    pub fn text_or_null(&mut self) -> Result<Option<String>> {
        self.take()
    }

    /// A byte string.
    pub fn bytes(&mut self) -> Result<Vec<u8>> {
        self.take()
    }

    /// An integer.
    pub fn int(&mut self) -> Result<i64> {
        self.take()
    }

    /// An integer or NULL.
    pub fn int_or_null(&mut self) -> Result<Option<i64>> {
        self.take()
    }

    /// An integer that is never below zero.
    pub fn count(&mut self) -> Result<u64> {
        Ok(self.int()?.max(0) as u64)
    }

    /// An integer that fits 32 bits.
    pub fn small(&mut self) -> Result<u32> {
        u32::try_from(self.int()?).map_err(|error| Error::damaged("row", error))
    }

    /// 0 or 1.
    pub fn flag(&mut self) -> Result<bool> {
        Ok(self.int()? != 0)
    }

    /// A day, as days since 1970.
    pub fn day(&mut self) -> Result<Day> {
        let day = i32::try_from(self.int()?).map_err(|error| Error::damaged("row", error))?;
        Ok(Day(day))
    }

    /// An instant, as microseconds since 1970.
    pub fn time(&mut self) -> Result<Timestamp> {
        self.int().map(Timestamp)
    }

    /// An instant or NULL.
    pub fn time_or_null(&mut self) -> Result<Option<Timestamp>> {
        Ok(self.int_or_null()?.map(Timestamp))
    }

    /// An event's time, in two columns.
    pub fn event_time(&mut self) -> Result<Option<EventTime>> {
        let (at, local) = (self.time_or_null()?, self.int_or_null()?);
        let zone = if local == Some(1) {
            Zone::Local
        } else {
            Zone::Utc
        };
        Ok(at.map(|at| EventTime { at, zone }))
    }

    /// A product id.
    pub fn product(&mut self) -> Result<ProductId> {
        ProductId::new(self.text()?).map_err(|error| Error::damaged("row", error))
    }

    /// A log id.
    pub fn log(&mut self) -> Result<LogId> {
        LogId::new(self.text()?).map_err(|error| Error::damaged("row", error))
    }

    /// A session id.
    pub fn session(&mut self) -> Result<SessionId> {
        Ok(SessionId::from_text(&self.text()?))
    }

    /// A cell with one of a closed set of names.
    pub fn named<T>(&mut self, from_name: fn(&str) -> Option<T>) -> Result<T> {
        let name = self.text()?;
        from_name(&name).ok_or_else(|| Error::damaged("row", format!("{name:?} is no such name")))
    }
}
