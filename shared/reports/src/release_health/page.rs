//! A page of `release-health` from its table.

use logbook_backends::Database;
use logbook_backends::sql::rows::Cells;

use super::tally::Tally;
use crate::day_table::DayTable;
use crate::groups::{self, Group, key_cells};
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;
use crate::stored::{self, Stored};
use crate::{Result, shares};

const STORED: Stored = Stored {
    table: DayTable::RELEASE_HEALTH,
    figures: "sessions, users, unidentified_sessions, ok, exited, errored, unhandled, abnormal, \
        crashed, crash_free_session_rate, error_free_session_rate, crash_free_user_rate, \
        error_free_user_rate, session_share, user_share",
};

impl Group for Tally {
    const COLUMNS: &'static str = "unidentified_sessions, ok, exited, errored, unhandled, \
        abnormal, crashed, persons, erring_persons, crashing_persons";
    const TABLE: DayTable = DayTable::RELEASE_HEALTH;

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        self.unidentified = self.unidentified.saturating_add(cells.count()?);
        for sessions in &mut self.by_status {
            *sessions = sessions.saturating_add(cells.count()?);
        }
        let (persons, erring, crashing) = (cells.bytes()?, cells.bytes()?, cells.bytes()?);
        self.add_sets([persons, erring, crashing])
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
    if STORED.has_rows_of(request) {
        let page = STORED.page(analytics, request, range).await?;
        return Ok(stored::rows(request, page));
    }
    let page = groups::page::<Tally>(analytics, request, range).await?;
    let totals = shares::totals(analytics, request, range, &page.groups).await?;
    let mut rows = Vec::with_capacity(page.groups.len());
    for (key, mut tally) in page.groups {
        let (sessions, users) = shares::total_of(request, &totals, &key);
        let mut cells = key_cells(request.grouping(), key);
        cells.push(Cell::count(tally.sessions()));
        cells.push(Cell::count(tally.persons.count()));
        cells.push(Cell::count(tally.unidentified));
        cells.extend(tally.by_status.map(Cell::count));
        let rates = tally.rates(sessions, users);
        let rates = rates.of_group.into_iter().chain(rates.shares);
        cells.extend(rates.map(|rate| rate.map_or(Cell::Null, Cell::Ratio)));
        rows.push(cells);
    }
    Ok(Rows {
        cells: rows,
        withheld: page.withheld,
        next: page.next,
        ..Rows::default()
    })
}
