//! Rows of a report table as they are, a page at a time.
//!
//! Where a request puts nothing together, what was computed of a row is shown as it is: the sets
//! of persons beside it, which are large, are not looked at.

use logbook_backends::Database;
use logbook_backends::sql::rows::{Cells, Value, bigint, statement};

use crate::condition::{Condition, Span};
use crate::day_table::DayTable;
use crate::groups::{Page, is_full, read_key};
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;
use crate::{Environment, Error, Result};

/// A table whose rows can be shown as they are.
pub(crate) struct Stored {
    pub(crate) table: DayTable,
    /// The columns that are shown after the key.
    pub(crate) figures: &'static str,
}

/// A row of it.
struct OneRow {
    key: Vec<String>,
    /// How many persons it rests on.
    users: u64,
    figures: Vec<Cell>,
}

/// Rows looked at after which a page of enough rows ends, unless it is asked for by its size.
const WORK: usize = 2000;
/// Rows that are read at once at least, where a page needs more.
const SOME: usize = 100;

impl Stored {
    /// Whether a request asks for the rows themselves.
    pub(crate) fn has_rows_of(&self, request: &ReportRequest) -> bool {
        request.environment != Environment::All && request.grouping() == self.key()
    }

    /// What tells its rows apart beside product and environment.
    fn key(&self) -> Vec<&'static str> {
        [&["day"], self.table.key].concat()
    }

    /// The rows that follow the request's `after`, as [`crate::groups::page`] of groups.
    pub(crate) async fn page(
        &self,
        analytics: &Database,
        request: &ReportRequest,
        range: &Range,
    ) -> Result<Page<Vec<Cell>>> {
        let mut page = Page::new();
        let mut after = request.after.as_ref().map(|after| after.0.clone());
        let limit = request.most_rows() as usize;
        let (mut read, mut wanted) = (0, limit);
        loop {
            let mut rows = self
                .rows(analytics, request, range, after.as_deref(), wanted + 1)
                .await?;
            // One more was asked for, to know whether any follows.
            let more = rows.len() > wanted;
            rows.truncate(wanted);
            read += rows.len();
            after = rows.last().map(|row| row.key.clone());
            let is_small = |row: &OneRow| row.users < u64::from(request.min_users);
            let mut rows = rows.into_iter();
            while page.groups.len() < limit
                && let Some(row) = rows.next()
            {
                if is_small(&row) {
                    page.hide(1);
                } else {
                    page.show(row.key, row.figures);
                }
            }
            let left = rows.as_slice();
            let shown = page.groups.len();
            if is_full(request, shown, read >= WORK) && (more || !left.iter().all(is_small)) {
                return Ok(page.broken_off());
            }
            if !more {
                page.hide(left.len() as u64);
                return Ok(page.ended());
            }
            // As many as bring the missing ones, if it goes on so.
            wanted = ((limit - shown) * read / shown.max(1)).clamp(SOME, WORK);
        }
    }

    /// The first rows after one, in order.
    async fn rows(
        &self,
        analytics: &Database,
        request: &ReportRequest,
        range: &Range,
        after: Option<&[String]>,
        limit: usize,
    ) -> Result<Vec<OneRow>> {
        let key = self.key();
        let columns = key.join(", ");
        let span = Span {
            after,
            ..Span::default()
        };
        let condition = Condition::new(request, range, span);
        let query = statement(format!(
            "SELECT {columns}, users, {} FROM {}{} ORDER BY {columns} LIMIT ?",
            self.figures,
            self.table.name,
            condition.text(),
        ));
        let mut connection = analytics.read().await?;
        let rows = condition
            .bind(query)
            .bind(bigint(limit as u64))
            .fetch_all(&mut connection)
            .await?;
        rows.iter()
            .map(|row| {
                let mut cells = Cells::new(row);
                Ok(OneRow {
                    key: read_key(&mut cells, key.len())?,
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
