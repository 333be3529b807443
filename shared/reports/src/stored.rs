//! Rows of a report table as they are, a page at a time.
//!
//! Where a request puts nothing together, what was computed of a row is shown as it is: the sets
//! of persons beside it, which are large, are not looked at.

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, Value, statement};

use crate::groups::{Page, bind, days, filter, read_key, tuples};
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
        let mut page = Page {
            groups: Vec::new(),
            withheld: 0,
            next: None,
        };
        let mut after = request.after.as_ref().map(|after| after.0.clone());
        loop {
            let wanted = request.limit as usize - page.groups.len();
            // One more, to know whether any follows.
            let limit = wanted as i64 + 1;
            let mut rows = self
                .rows(analytics, request, range, after.as_deref(), limit)
                .await?;
            let more = rows.len() > wanted;
            rows.truncate(wanted);
            after = rows.last().map(|row| row.key.clone()).or(after);
            for row in rows {
                if row.users < u64::from(request.min_users) {
                    page.withheld += 1;
                } else {
                    page.groups.push((row.key, row.figures));
                }
            }
            if !more {
                return Ok(page);
            }
            if page.groups.len() >= request.limit as usize {
                page.next = after;
                return Ok(page);
            }
        }
    }

    async fn rows(
        &self,
        analytics: &Database,
        request: &ReportRequest,
        range: &Range,
        after: Option<&[String]>,
        limit: i64,
    ) -> Result<Vec<Row>> {
        let columns = self.key.join(", ");
        let (tuple, holes) = tuples(request);
        let beyond = after.map_or(String::new(), |_| format!(" AND {tuple} > {holes}"));
        let mut query = statement(format!(
            "SELECT {columns}, users, {} FROM {}{}{beyond} ORDER BY {columns} LIMIT ?",
            self.figures,
            self.table,
            filter(request)
        ));
        let (from, to) = days(request, range, after, None);
        query = bind(query, request, &from, &to);
        for cell in after.unwrap_or_default() {
            query = query.bind(cell.as_str());
        }
        let mut connection = analytics.read().await?;
        let rows = query.bind(limit).fetch_all(&mut connection).await?;
        rows.iter()
            .map(|row| {
                let mut cells = Cells::new(row);
                Ok(Row {
                    key: read_key(&mut cells, self.key.len())?,
                    users: cells.count()?,
                    figures: figures(&mut cells)?,
                })
            })
            .collect()
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
    }
}

struct Row {
    key: Vec<String>,
    users: u64,
    figures: Vec<Cell>,
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
