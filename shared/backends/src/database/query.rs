//! A statement with its values, for whichever database it is executed on.

use std::borrow::Cow;
use std::pin::Pin;

use futures_util::{Stream, TryStreamExt as _};
use sqlx::Arguments as _;
#[cfg(feature = "mysql")]
use sqlx::mysql::{MySqlArguments, MySqlRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use super::connection::{Connection, Driver};
use super::row::Row;
use crate::{Boxed, Result};

/// A value of a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'q> {
    /// NULL.
    Null,
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Real(f64),
    /// A text.
    Text(Cow<'q, str>),
    /// A byte string.
    Bytes(Cow<'q, [u8]>),
}

impl Value<'_> {
    /// About how many bytes it takes on the wire.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Null => 0,
            Self::Int(_) | Self::Real(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Value<'_> {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl<'q> From<&'q str> for Value<'q> {
    fn from(value: &'q str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl From<Vec<u8>> for Value<'_> {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(Cow::Owned(value))
    }
}

impl<'q, T: Into<Value<'q>>> From<Option<T>> for Value<'q> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A statement of the subset of SQL that all databases share, with its values in order.
#[derive(Debug)]
pub struct Query<'q> {
    text: Cow<'static, str>,
    values: Vec<Value<'q>>,
}

/// A statement whose text is made of literals, never of values.
pub fn statement<'q>(text: impl Into<Cow<'static, str>>) -> Query<'q> {
    Query {
        text: text.into(),
        values: Vec::new(),
    }
}

impl<'q> Query<'q> {
    /// Binds the next value.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// A statement with these values.
    pub(crate) fn with(text: String, values: Vec<Value<'q>>) -> Self {
        Self {
            text: Cow::Owned(text),
            values,
        }
    }

    pub(crate) fn into_values(self) -> Vec<Value<'q>> {
        self.values
    }

    /// About how many bytes the last values take.
    pub(crate) fn bytes_of_last(&self, count: usize) -> usize {
        self.values.iter().rev().take(count).map(Value::size).sum()
    }

    /// Executes it and says how many rows it inserted, deleted or, changed or not, matched for
    /// an update.
    pub fn execute<'c>(self, connection: &'c mut Connection) -> Boxed<'c, Result<u64>>
    where
        'q: 'c,
    {
        Box::pin(async move {
            match connection.driver() {
                Driver::Sqlite(connection) => {
                    let done = self.sqlite()?.execute(connection).await?;
                    Ok(done.rows_affected())
                }
                #[cfg(feature = "mysql")]
                Driver::MySql(connection, attachment) => {
                    let done = self.mysql(attachment)?.execute(connection).await?;
                    Ok(done.rows_affected())
                }
            }
        })
    }

    /// All rows.
    pub fn fetch_all<'c>(self, connection: &'c mut Connection) -> Boxed<'c, Result<Vec<Row>>>
    where
        'q: 'c,
    {
        Box::pin(async move {
            match connection.driver() {
                Driver::Sqlite(connection) => {
                    let rows = self.sqlite()?.fetch_all(connection).await?;
                    Ok(rows.into_iter().map(Row::from).collect())
                }
                #[cfg(feature = "mysql")]
                Driver::MySql(connection, attachment) => {
                    let rows = self.mysql(attachment)?.fetch_all(connection).await?;
                    Ok(rows.into_iter().map(Row::from).collect())
                }
            }
        })
    }

    /// The first row, if there is one.
    pub fn fetch_optional<'c>(
        self,
        connection: &'c mut Connection,
    ) -> Boxed<'c, Result<Option<Row>>>
    where
        'q: 'c,
    {
        Box::pin(async move {
            match connection.driver() {
                Driver::Sqlite(connection) => {
                    let row = self.sqlite()?.fetch_optional(connection).await?;
                    Ok(row.map(Row::from))
                }
                #[cfg(feature = "mysql")]
                Driver::MySql(connection, attachment) => {
                    let row = self.mysql(attachment)?.fetch_optional(connection).await?;
                    Ok(row.map(Row::from))
                }
            }
        })
    }

    /// The first row; that there is none is an error.
    pub async fn fetch_one(self, connection: &mut Connection) -> Result<Row> {
        let row = self.fetch_optional(connection).await?;
        row.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// The rows one by one, as the database gives them.
    pub fn fetch(self, connection: &mut Connection) -> Result<Rows<'_>> {
        Ok(Rows(match connection.driver() {
            Driver::Sqlite(connection) => RowStream::Sqlite(self.sqlite()?.fetch(connection)),
            #[cfg(feature = "mysql")]
            Driver::MySql(connection, attachment) => {
                RowStream::MySql(self.mysql(attachment)?.fetch(connection))
            }
        }))
    }

    fn sqlite(self) -> Result<sqlx::query::Query<'static, sqlx::Sqlite, SqliteArguments>> {
        let mut arguments = SqliteArguments::default();
        arguments.reserve(self.values.len(), 0);
        for value in self.values {
            let added = match value {
                Value::Null => arguments.add(None::<i64>),
                Value::Int(value) => arguments.add(value),
                Value::Real(value) => arguments.add(value),
                Value::Text(Cow::Borrowed(text)) => arguments.add(text),
                Value::Text(Cow::Owned(text)) => arguments.add(text),
                Value::Bytes(bytes) => arguments.add(bytes.into_owned()),
            };
            added.map_err(sqlx::Error::Encode)?;
        }
        Ok(sqlx::query_with(text(self.text), arguments))
    }

    #[cfg(feature = "mysql")]
    fn mysql(
        self,
        attachment: &super::mysql::Attachment,
    ) -> Result<sqlx::query::Query<'static, sqlx::MySql, MySqlArguments>> {
        let mut arguments = MySqlArguments::default();
        let size = self.values.iter().map(|value| value.size() + 9).sum();
        arguments.reserve(self.values.len(), size);
        for value in &self.values {
            let added = match value {
                Value::Null => arguments.add(None::<i64>),
                Value::Int(value) => arguments.add(value),
                Value::Real(value) => arguments.add(value),
                Value::Text(text) => arguments.add(&**text),
                Value::Bytes(bytes) => arguments.add(&**bytes),
            };
            added.map_err(sqlx::Error::Encode)?;
        }
        let text = text(attachment.rename(self.text));
        Ok(sqlx::query_with(text, arguments))
    }
}

fn text(text: Cow<'static, str>) -> SqlStr {
    match text {
        Cow::Borrowed(text) => text.into_sql_str(),
        Cow::Owned(text) => AssertSqlSafe(text).into_sql_str(),
    }
}

type BoxedStream<'c, T> = Pin<Box<dyn Stream<Item = sqlx::Result<T>> + Send + 'c>>;

enum RowStream<'c> {
    Sqlite(BoxedStream<'c, SqliteRow>),
    #[cfg(feature = "mysql")]
    MySql(BoxedStream<'c, MySqlRow>),
}

/// Rows that come one by one: no more are held than the caller holds.
#[expect(missing_debug_implementations, reason = "it is a stream under way")]
pub struct Rows<'c>(RowStream<'c>);

impl Rows<'_> {
    /// The next row; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Row>> {
        Ok(match &mut self.0 {
            RowStream::Sqlite(rows) => rows.try_next().await?.map(Row::from),
            #[cfg(feature = "mysql")]
            RowStream::MySql(rows) => rows.try_next().await?.map(Row::from),
        })
    }
}
