//! Whole reports, for what is made of several.

use logbook_backends::Database;

use crate::reply::Cell;
use crate::request::{MAX_LIMIT, ReportRequest};
use crate::{Result, query};

/// Pages of a report at most: what lies behind them is left out.
const MAX_PAGES: usize = 10;

/// All rows of a report, by column.
pub(crate) struct Whole {
    columns: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Groups that are not among them, of too few persons.
    pub(crate) withheld: u64,
}

impl Whole {
    /// Reads it, a page at a time.
    pub(crate) async fn read(analytics: &Database, request: &ReportRequest) -> Result<Self> {
        let mut request = ReportRequest {
            limit: Some(MAX_LIMIT),
            ..request.clone()
        };
        let mut whole = Self {
            columns: Vec::new(),
            rows: Vec::new(),
            withheld: 0,
        };
        for _ in 0..MAX_PAGES {
            let page = query(analytics, &request).await?;
            whole.columns = page.columns.iter().map(|column| column.name).collect();
            whole.rows.extend(page.rows);
            whole.withheld += page.withheld_groups;
            request.after = page.next;
            if request.after.is_none() {
                break;
            }
        }
        Ok(whole)
    }

    /// The rows, each to be asked by column.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Named<'_>> {
        self.rows.iter().map(|cells| Named {
            columns: &self.columns,
            cells,
        })
    }
}

/// A row whose cells are asked by column.
#[derive(Clone, Copy)]
pub(crate) struct Named<'w> {
    columns: &'w [&'static str],
    cells: &'w [Cell],
}

impl<'w> Named<'w> {
    fn cell(self, column: &str) -> Option<&'w Cell> {
        let at = self.columns.iter().position(|name| *name == column)?;
        self.cells.get(at)
    }

    /// A text; empty where there is none.
    pub(crate) fn text(self, column: &str) -> &'w str {
        match self.cell(column) {
            Some(Cell::Text(text)) => text,
            _ => "",
        }
    }

    /// A whole number, where it is known.
    pub(crate) fn count(self, column: &str) -> Option<u64> {
        match self.cell(column) {
            Some(Cell::Integer(number)) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A number, where it is known.
    pub(crate) fn number(self, column: &str) -> Option<f64> {
        match self.cell(column) {
            Some(Cell::Number(number) | Cell::Ratio(number)) => Some(*number),
            _ => None,
        }
    }

    /// A day, where it is known.
    pub(crate) fn day(self, column: &str) -> Option<logbook_model::Day> {
        match self.cell(column) {
            Some(Cell::Day(day)) => Some(*day),
            _ => None,
        }
    }

    /// Whether it is known to be true.
    pub(crate) fn is(self, column: &str) -> bool {
        matches!(self.cell(column), Some(Cell::Boolean(true)))
    }
}
