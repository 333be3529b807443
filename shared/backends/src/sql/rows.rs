//! Rows in and out: multi-row inserts, `IN` lists, and cells read in order.
//!
//! Inserts and lists of keys vary in their number only by powers of two, so that few texts serve
//! all sizes and each is prepared once a connection.

use logbook_model::{Day, EventTime, LogId, ProductId, SessionId, Timestamp, Zone};

use crate::database::Dialect;
pub use crate::database::{Connection, Query, Row, Rows, Transaction, Value, statement};
use crate::{Error, Result};

/// Rows of an insert at most.
const MAX_ROWS: usize = 256;
/// Bytes of an insert's values, about, after which no row is added: well within the 16 MiB that
/// a server takes in one packet unless told otherwise.
const MAX_BYTES: usize = 1 << 20;
const MAX_KEYS: usize = 256;

/// Binds the values of a row, in the order of the columns.
pub type Bind<T> = for<'q> fn(Query<'q>, &'q T) -> Query<'q>;

/// Inserts rows: `head` is `INSERT INTO` or `REPLACE INTO` with table, `columns` their names.
pub async fn insert<T>(
    connection: &mut Connection,
    head: &str,
    columns: &str,
    rows: &[T],
    bind: Bind<T>,
) -> Result<()> {
    insert_or(connection, head, columns, "", rows, bind).await
}

/// Like [`insert`], with a `tail` that says what to do with rows that are there.
pub(super) async fn insert_or<T>(
    connection: &mut Connection,
    head: &str,
    columns: &str,
    tail: &str,
    rows: &[T],
    bind: Bind<T>,
) -> Result<()> {
    let width = columns.split(',').count();
    let tuple = format!("({})", list(width));
    let mut rest = rows;
    while !rest.is_empty() {
        let mut values = statement("");
        let (mut taken, mut bytes) = (0, 0);
        let most = power_below(rest.len().min(MAX_ROWS));
        while taken < most && bytes < MAX_BYTES {
            values = bind(values, &rest[taken]);
            taken += 1;
            bytes += values.bytes_of_last(width);
        }
        let size = power_below(taken);
        let mut values = values.into_values();
        values.truncate(size * width);
        let tuples = vec![tuple.as_str(); size].join(",");
        let text = format!("{head} ({columns}) VALUES {tuples}{tail}");
        Query::with(text, values).execute(&mut *connection).await?;
        rest = &rest[size..];
    }
    Ok(())
}

/// The rows of several queries, of which each may have an order and a limit of its own.
pub fn union_all(connection: &Connection, queries: &[String]) -> String {
    match connection.dialect() {
        Dialect::Sqlite => format!(
            "SELECT * FROM ({})",
            queries.join(") UNION ALL SELECT * FROM (")
        ),
        #[cfg(feature = "mysql")]
        Dialect::MySql => format!("({})", queries.join(") UNION ALL (")),
    }
}

/// Rows of `head` — which ends in `WHERE product = ? AND column IN` — for any number of keys.
pub async fn select_in(
    connection: &mut Connection,
    head: &str,
    product: &ProductId,
    keys: &[&str],
) -> Result<Vec<Row>> {
    select_in_and(connection, head, "", product, keys).await
}

/// Like [`select_in`], with a `tail`.
pub(super) async fn select_in_and(
    connection: &mut Connection,
    head: &str,
    tail: &str,
    product: &ProductId,
    keys: &[&str],
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (holes, keys) in filled(keys) {
        let query = keys.into_iter().fold(
            statement(format!("{head} ({holes}){tail}")).bind(product.as_str()),
            Query::bind,
        );
        rows.append(&mut query.fetch_all(&mut *connection).await?);
    }
    Ok(rows)
}

/// Executes `head`, as of [`select_in`], for any number of keys.
pub(super) async fn execute_in(
    connection: &mut Connection,
    head: &str,
    product: &ProductId,
    keys: &[&str],
) -> Result<()> {
    for (holes, keys) in filled(keys) {
        let query = keys.into_iter().fold(
            statement(format!("{head} ({holes})")).bind(product.as_str()),
            Query::bind,
        );
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Keys in lists whose sizes are powers of two, filled up with their last, with as many holes.
pub(super) fn filled<'k>(keys: &[&'k str]) -> impl Iterator<Item = (String, Vec<&'k str>)> {
    keys.chunks(MAX_KEYS).map(|keys| {
        let size = keys.len().next_power_of_two();
        let mut filled = keys.to_vec();
        filled.resize(size, keys.last().copied().unwrap_or_default());
        (list(size), filled)
    })
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
pub(super) fn bind_event_time(query: Query<'_>, time: Option<EventTime>) -> Query<'_> {
    query
        .bind(time.map(|time| time.at.0))
        .bind(time.map(|time| i64::from(time.zone == Zone::Local)))
}

/// The cells of a row, from left to right.
#[expect(missing_debug_implementations, reason = "rows hold what logs say")]
pub struct Cells<'r> {
    row: &'r Row,
    next: usize,
}

impl<'r> Cells<'r> {
    /// The cells of a row, before its first.
    pub const fn new(row: &'r Row) -> Self {
        Self::after(row, 0)
    }

    /// The cells of a row that come after so many.
    pub const fn after(row: &'r Row, cells: usize) -> Self {
        Self { row, next: cells }
    }

    const fn take(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    /// A text, or a day as `YYYY-MM-DD`.
    pub fn text(&mut self) -> Result<String> {
        let text = self.text_or_null()?;
        text.ok_or_else(|| Error::damaged("row", "a text is missing"))
    }

    /// A text, a day or NULL.
    pub fn text_or_null(&mut self) -> Result<Option<String>> {
        let cell = self.take();
        self.row.text_or_null(cell)
    }

    /// A text as it lies in the row; never a day.
    pub fn str(&mut self) -> Result<&'r str> {
        let cell = self.take();
        self.row.str(cell)
    }

    /// A byte string as it lies in the row.
    pub fn bytes(&mut self) -> Result<&'r [u8]> {
        let cell = self.take();
        self.row.bytes(cell)
    }

    /// An integer.
    pub fn int(&mut self) -> Result<i64> {
        let cell = self.take();
        self.row.int(cell)
    }

    /// An integer or NULL.
    pub fn int_or_null(&mut self) -> Result<Option<i64>> {
        let cell = self.take();
        self.row.int_or_null(cell)
    }

    /// Whatever it is; `None` after the last.
    pub fn value(&mut self) -> Option<Result<Value<'r>>> {
        let cell = self.take();
        (cell < self.row.width()).then(|| self.row.value(cell))
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

    /// A day of a column of dates, which is text in SQLite.
    pub fn date(&mut self) -> Result<Day> {
        let day = self.date_or_null()?;
        day.ok_or_else(|| Error::damaged("row", "a day is missing"))
    }

    /// A day of a column of dates, or NULL.
    pub fn date_or_null(&mut self) -> Result<Option<Day>> {
        let day = self.text_or_null()?.map(|day| day.parse()).transpose();
        day.map_err(|error| Error::damaged("row", error))
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
