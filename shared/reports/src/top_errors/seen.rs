//! When and in which version each error is known first and last, kept right as days change.

use std::collections::{BTreeMap, BTreeSet};

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, Connection, Query, insert, select_in, statement};
use logbook_model::{Day, ProductId};

use crate::{Environment, Error, Result, release};

/// Errors of days that a step computed anew.
#[derive(Default)]
pub(crate) struct Touched(BTreeSet<(Environment, String)>);

/// When an error is known first and last, and in which version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) first: (Day, String),
    pub(super) last: (Day, String),
}

impl Seen {
    /// The same of both.
    fn merge(&mut self, other: Self) {
        let order = |a: &(Day, String), b: &(Day, String)| {
            (a.0.cmp(&b.0)).then_with(|| release::compare(&a.1, &b.1))
        };
        if order(&other.first, &self.first).is_lt() {
            self.first = other.first;
        }
        if order(&other.last, &self.last).is_gt() {
            self.last = other.last;
        }
    }
}

struct Row<'a> {
    product: &'a ProductId,
    environment: Environment,
    error: &'a str,
    seen: Seen,
}

impl Touched {
    pub(super) fn add(&mut self, environment: Environment, error: &str) {
        self.0.insert((environment, error.to_owned()));
    }

    /// Adds the errors of a day as it was computed last.
    pub(super) async fn add_stored(
        &mut self,
        connection: &mut Connection,
        product: &ProductId,
        day: Day,
    ) -> Result<()> {
        let sql = "SELECT DISTINCT environment, error FROM top_errors \
                   WHERE product = ? AND day = ?";
        let rows = statement(sql)
            .bind(product.as_str())
            .bind(day.to_string())
            .fetch_all(connection)
            .await?;
        for row in &rows {
            let mut cells = Cells::new(row);
            let environment = cells.named(Environment::from_name)?;
            self.0.insert((environment, cells.text()?));
        }
        Ok(())
    }

    /// Finds anew when they are known first and last: two look-ups by key each.
    pub(crate) async fn finish(
        self,
        connection: &mut Connection,
        product: &ProductId,
    ) -> Result<()> {
        let mut found = Vec::new();
        for (environment, error) in &self.0 {
            let scope = (product, *environment, error.as_str());
            let first = versions_of_day(connection, scope, "MIN").await?;
            let Some((first_day, first)) = first else {
                delete(connection, scope).await?;
                continue;
            };
            let last = versions_of_day(connection, scope, "MAX").await?;
            let (last_day, last) = last.unwrap_or_else(|| (first_day, first.clone()));
            let first = first.into_iter().min_by(|a, b| release::compare(a, b));
            let last = last.into_iter().max_by(|a, b| release::compare(a, b));
            let seen = Seen {
                first: (first_day, first.unwrap_or_default()),
                last: (last_day, last.unwrap_or_default()),
            };
            found.push(Row {
                product,
                environment: *environment,
                error,
                seen,
            });
        }
        let columns = "product, environment, error, first_day, first_version, last_day, \
                       last_version";
        insert(connection, "REPLACE INTO error_seen", columns, &found, bind).await?;
        Ok(())
    }
}

fn bind<'q>(query: Query<'q>, row: &'q Row<'_>) -> Query<'q> {
    query
        .bind(row.product.as_str())
        .bind(row.environment.name())
        .bind(row.error)
        .bind(row.seen.first.0.to_string())
        .bind(row.seen.first.1.as_str())
        .bind(row.seen.last.0.to_string())
        .bind(row.seen.last.1.as_str())
}

type Scope<'a> = (&'a ProductId, Environment, &'a str);

/// The versions that have an error on the first (`MIN`) or last (`MAX`) of its days.
async fn versions_of_day(
    connection: &mut Connection,
    (product, environment, error): Scope<'_>,
    which: &str,
) -> Result<Option<(Day, Vec<String>)>> {
    let rows = statement(format!(
        "SELECT day, version FROM top_errors WHERE product = ? AND environment = ? \
         AND error = ? AND day = (SELECT {which}(day) FROM top_errors WHERE product = ? \
         AND environment = ? AND error = ?)"
    ))
    .bind(product.as_str())
    .bind(environment.name())
    .bind(error)
    .bind(product.as_str())
    .bind(environment.name())
    .bind(error)
    .fetch_all(connection)
    .await?;
    let mut found = None;
    for row in &rows {
        let mut cells = Cells::new(row);
        let day = cells.date()?;
        let (_, versions) = found.get_or_insert_with(|| (day, Vec::new()));
        versions.push(cells.text()?);
    }
    Ok(found)
}

async fn delete(
    connection: &mut Connection,
    (product, environment, error): Scope<'_>,
) -> Result<()> {
    statement("DELETE FROM error_seen WHERE product = ? AND environment = ? AND error = ?")
        .bind(product.as_str())
        .bind(environment.name())
        .bind(error)
        .execute(connection)
        .await?;
    Ok(())
}

/// When some errors are known first and last in an environment.
pub(super) async fn seen(
    analytics: &Database,
    product: &ProductId,
    environment: Environment,
    errors: &[&str],
) -> Result<BTreeMap<String, Seen>> {
    let mut connection = analytics.read().await?;
    let head = "SELECT error, environment, first_day, first_version, last_day, last_version \
                FROM error_seen WHERE product = ? AND error IN";
    let mut found: BTreeMap<String, Seen> = BTreeMap::new();
    for row in &select_in(&mut connection, head, product, errors).await? {
        let mut cells = Cells::new(row);
        let error = cells.text()?;
        if !environment.includes(cells.named(Environment::from_name)?) {
            continue;
        }
        let mut end = || Ok::<_, Error>((cells.date()?, cells.text()?));
        let (first, last) = (end()?, end()?);
        let seen = Seen { first, last };
        match found.get_mut(&error) {
            Some(known) => known.merge(seen),
            None => {
                found.insert(error, seen);
            }
        }
    }
    Ok(found)
}
