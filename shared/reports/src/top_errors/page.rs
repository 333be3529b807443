//! A page of `top-errors` from its table.

use logbook_backends::Database;
use logbook_backends::sql::rows::Cells;

use super::seen::seen;
use crate::Result;
use crate::day_table::DayTable;
use crate::groups::{self, Group, key_cells};
use crate::persons::Persons;
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;
use crate::stored::Stored;

const STORED: Stored = Stored {
    table: DayTable::TOP_ERRORS,
    figures: "events, sessions, users",
};

#[derive(Default)]
struct Errors {
    events: u64,
    sessions: u64,
    persons: Persons,
}

impl Group for Errors {
    const COLUMNS: &'static str = "events, sessions, persons";
    const TABLE: DayTable = DayTable::TOP_ERRORS;

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        self.events = self.events.saturating_add(cells.count()?);
        self.sessions = self.sessions.saturating_add(cells.count()?);
        self.persons.add_bytes(cells.bytes()?)
    }

    fn persons(&mut self) -> u64 {
        self.persons.count()
    }
}

pub(crate) async fn page(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<Rows> {
    let page = if STORED.has_rows_of(request) {
        STORED.page(analytics, request, range).await?
    } else {
        let page = groups::page::<Errors>(analytics, request, range).await?;
        page.map(|mut errors| {
            let users = errors.persons.count();
            [errors.events, errors.sessions, users]
                .map(Cell::count)
                .to_vec()
        })
    };
    // Every grouping ends with the error.
    let mut names: Vec<&str> = page
        .groups
        .iter()
        .filter_map(|(key, _)| error(key))
        .collect();
    names.sort_unstable();
    names.dedup();
    let seen = seen(analytics, &request.product, request.environment, &names).await?;
    let mut rows = Vec::with_capacity(page.groups.len());
    for (key, figures) in page.groups {
        let seen = error(&key).and_then(|error| seen.get(error));
        let mut cells = key_cells(request.grouping(), key);
        cells.extend(figures);
        match seen {
            Some(seen) => cells.extend(
                [&seen.first, &seen.last]
                    .iter()
                    .flat_map(|(day, version)| [Cell::Day(*day), Cell::Text(version.clone())]),
            ),
            None => cells.extend([const { Cell::Null }; 4]),
        }
        rows.push(cells);
    }
    Ok(Rows {
        cells: rows,
        withheld: page.withheld,
        next: page.next,
        ..Rows::default()
    })
}

fn error(key: &[String]) -> Option<&str> {
    key.last().map(String::as_str)
}
