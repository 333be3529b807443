//! What report tables have in common: rows of a product and a day in an environment, written
//! anew as a whole.

use logbook_backends::sql::rows::{Bind, Connection, Query, insert, statement};
use logbook_model::{Day, ProductId};

use crate::{Environment, Result};

/// Where a row belongs: what the key of every table of days begins with.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) product: &'a ProductId,
    pub(crate) day: Day,
    pub(crate) environment: Environment,
}

impl Place<'_> {
    /// Binds product, day, environment.
    pub(crate) fn bind<'q>(&'q self, query: Query<'q>) -> Query<'q> {
        query
            .bind(self.product.as_str())
            .bind(self.day.to_string())
            .bind(self.environment.name())
    }
}

/// A table of days, with its columns.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static str,
}

impl Table {
    /// Puts rows in the place of all that is kept of a day.
    pub(crate) async fn replace_day<T>(
        &self,
        connection: &mut Connection,
        product: &ProductId,
        day: Day,
        rows: &[T],
        bind: Bind<T>,
    ) -> Result<()> {
        let name = self.name;
        statement(format!("DELETE FROM {name} WHERE product = ? AND day = ?"))
            .bind(product.as_str())
            .bind(day.to_string())
            .execute(connection)
            .await?;
        let head = format!("INSERT INTO {name}");
        insert(connection, &head, self.columns, rows, bind).await?;
        Ok(())
    }
}

/// Deletes all that tables keep of a product.
pub(crate) async fn delete_all(
    connection: &mut Connection,
    tables: &[&str],
    product: &ProductId,
) -> Result<()> {
    for table in tables {
        statement(format!("DELETE FROM {table} WHERE product = ?"))
            .bind(product.as_str())
            .execute(connection)
            .await?;
    }
    Ok(())
}
