//! Rows of a report table as they are, a page at a time.
//!
//! Where a request puts nothing together, what was computed of a row is shown as it is: the sets
//! of persons beside it, which are large, are not looked at.

use std::collections::BTreeMap;

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, Value, statement};

use crate::condition::{Condition, Span};
use crate::groups::{Found, Page, read_key};
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;
use crate::{Environment, Error, Result};

/// A table whose rows can be shown as they are.
pub(crate) struct Stored {
    pub(crate) table: &'static str,
    /// What tells its rows apart beside product and environment.
    pub(crate) key: &'static [&'static str],
    /// The columns that are shown after the key.
    pub(crate) figures: &'static str,
}

impl Stored {
    /// Whether a request asks for the rows themselves.
    pub(crate) fn has_rows_of(&self, request: &ReportRequest) -> bool {
        request.environment != Environment::All && request.grouping() == self.key
    }

    /// The rows that follow the request's `after`, as many as it asks for: as
    /// [`crate::groups::page`] of groups.
    pub(crate) async fn page(
        &self,
        analytics: &Database,
        request: &ReportRequest,
        range: &Range,
    ) -> Result<Page<Vec<Cell>>> {
        let mut rows = self.rows(analytics, request, range).await?;
        // One more was asked for, to know whether any follows.
        let more = rows.len() > request.limit as usize;
        rows.truncate(request.limit as usize);
        let next = rows.last().map(|(key, _)| key.clone()).filter(|_| more);
        Ok(Page {
            withheld: self
                .withheld(analytics, request, range, next.as_deref())
                .await?,
            groups: rows,
            days: BTreeMap::new(),
            next,
        })
    }

    /// The rows that may be shown, in order, and one more than are asked for.
    async fn rows(
        &self,
        analytics: &Database,
        request: &ReportRequest,
        range: &Range,
    ) -> Result<Found<Vec<Cell>>> {
        let columns = self.key.join(", ");
        let span = Span {
            after: request.after.as_ref().map(|after| after.0.as_slice()),
            ..Span::default()
        };
        let condition = Condition::new(request, range, span);
        let query = statement(format!(
            "SELECT {columns}, {} FROM {}{} AND users >= ? ORDER BY {columns} LIMIT ?",
            self.figures,
            self.table,
            condition.text(),
        ));
        let mut connection = analytics.read().await?;
        let rows = condition
            .bind(query)
            .bind(i64::from(request.min_users))
            .bind(i64::from(request.limit) + 1)
            .fetch_all(&mut connection)
            .await?;
        rows.iter()
            .map(|row| {
                let mut cells = Cells::new(row);
                Ok((read_key(&mut cells, self.key.len())?, figures(&mut cells)?))
            })
            .collect()
    }

    /// How many rows up to the last of a page are of too few persons.
    async fn withheld(
        &self,
        analytics: &Database,
        request: &ReportRequest,
        range: &Range,
        last: Option<&[String]>,
    ) -> Result<u64> {
        if request.min_users == 0 {
            return Ok(0);
        }
        let span = Span {
            after: request.after.as_ref().map(|after| after.0.as_slice()),
            last,
            first: None,
        };
        let condition = Condition::new(request, range, span);
        let query = statement(format!(
            "SELECT COUNT(*) FROM {}{} AND users < ?",
            self.table,
            condition.text(),
        ));
        let mut connection = analytics.read().await?;
        let row = condition
            .bind(query)
            .bind(i64::from(request.min_users))
            .fetch_one(&mut connection)
            .await?;
        Ok(Cells::new(&row).count()?)
    }
}

/// A page without anything to add to its rows.
pub(crate) fn rows(request: &ReportRequest, page: Page<Vec<Cell>>) -> Rows {
    let row = |(key, figures): (Vec<String>, Vec<Cell>)| {
        let mut cells = crate::groups::key_cells(request.grouping(), key);
        cells.extend(figures);
        cells
    };
    Rows {
        cells: page.groups.into_iter().map(row).collect(),
        withheld: page.withheld,
        next: page.next,
        ..Rows::default()
    }
}

/// Counts and ratios; all that tables keep of rows beside their keys.
fn figures(cells: &mut Cells<'_>) -> Result<Vec<Cell>> {
    let mut found = Vec::new();
    while let Some(cell) = cells.value() {
        found.push(match cell? {
            Value::Null => Cell::Null,
            Value::Int(count) => Cell::Integer(count),
            Value::Real(ratio) => Cell::Ratio(ratio),
            Value::Text(_) | Value::Bytes(_) => {
                return Err(Error::damaged("row", "a figure is no number"));
            }
        });
    }
    Ok(found)
}
