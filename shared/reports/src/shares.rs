//! Reports that say how sessions and users divide among groups.

use logbook_backends::Database;
use logbook_backends::sql::rows::Cells;

use crate::active_users::Totals;
use crate::groups::{self, Found, Group, key_cells};
use crate::persons::Persons;
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;
use crate::{Result, active_users};

/// Sessions and persons of all groups together: of each day where rows are by day, else of the
/// range.
pub(crate) async fn totals<G>(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    groups: &Found<G>,
) -> Result<Totals> {
    let by_day = is_by_day(request);
    match (groups.first(), groups.last()) {
        (Some((first, _)), Some((last, _))) if by_day => {
            active_users::totals(analytics, request, &range.within(first, last), true).await
        }
        (Some(_), _) => active_users::totals(analytics, request, range, false).await,
        _ => Ok(Totals::default()),
    }
}

/// Sessions and persons with which a group's are to be compared.
pub(crate) fn total_of(request: &ReportRequest, totals: &Totals, key: &[String]) -> (u64, u64) {
    let day = if is_by_day(request) {
        key.first()
    } else {
        None
    };
    totals.of(day.map(String::as_str))
}

fn is_by_day(request: &ReportRequest) -> bool {
    request.grouping().first() == Some(&"day")
}

/// Sessions and persons of a group, out of columns of these names.
#[derive(Default)]
pub(crate) struct Crowd {
    sessions: u64,
    persons: Persons,
}

impl Crowd {
    /// The columns that [`Crowd::add`] reads.
    pub(crate) const COLUMNS: &'static str = "sessions, persons";

    pub(crate) fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        self.sessions = self.sessions.saturating_add(cells.count()?);
        self.persons.add_bytes(cells.bytes()?)
    }

    pub(crate) fn persons(&mut self) -> u64 {
        self.persons.count()
    }
}

/// A page of groups of which sessions, users and their shares are shown.
pub(crate) async fn page<G: Group>(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    crowd: fn(&mut G) -> &mut Crowd,
) -> Result<Rows> {
    let page = groups::page::<G>(analytics, request, range).await?;
    let totals = totals(analytics, request, range, &page.groups).await?;
    let mut rows = Vec::with_capacity(page.groups.len());
    for (key, mut group) in page.groups {
        let (all_sessions, all_users) = total_of(request, &totals, &key);
        let crowd = crowd(&mut group);
        let (sessions, users) = (crowd.sessions, crowd.persons.count());
        let mut cells = key_cells(request.grouping(), key);
        cells.extend([
            Cell::count(sessions),
            Cell::count(users),
            Cell::share(sessions, all_sessions),
            Cell::share(users, all_users),
        ]);
        rows.push(cells);
    }
    Ok(Rows {
        cells: rows,
        withheld: page.withheld,
        next: page.next,
        ..Rows::default()
    })
}
