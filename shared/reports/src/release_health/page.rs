//! A page of `release-health` from its table.

use logbook_backends::Database;
use logbook_backends::sql::rows::Cells;

use super::tally::Tally;
use crate::active_users::Totals;
use crate::groups::{self, Group, key_cells};
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;
use crate::{Result, active_users};

impl Group for Tally {
    const COLUMNS: &'static str = "unidentified_sessions, ok, exited, errored, unhandled, \
        abnormal, crashed, persons, erring_persons, crashing_persons";
    const TABLE: &'static str = "release_health";

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
    let page = groups::page::<Tally>(analytics, request, range).await?;
    let by_day = request.grouping().first() == Some(&"day");
    let mut totals = match (page.groups.first(), page.groups.last()) {
        (Some((first, _)), Some((last, _))) if by_day => {
            active_users::totals(analytics, request, &range.within(first, last), true).await?
        }
        (Some(_), _) => active_users::totals(analytics, request, range, false).await?,
        _ => Totals::default(),
    };
    let mut rows = Vec::with_capacity(page.groups.len());
    for (key, mut tally) in page.groups {
        let day = if by_day { key.first() } else { None };
        let (sessions, users) = totals.of(day.map(String::as_str));
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
    })
}
