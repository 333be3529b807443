//! A page of `feature-paths` from its table.

use std::collections::BTreeMap;

use logbook_backends::Database;
use logbook_backends::sql::rows::Cells;

use super::START;
use crate::blocks::counts;
use crate::day_table::DayTable;
use crate::groups::{self, Found, Group, OfDay, key_cells};
use crate::persons::Persons;
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;
use crate::stored::{self, Stored};
use crate::{Error, Result};

const STORED: Stored = Stored {
    table: DayTable::FEATURE_PATHS,
    figures: "sessions, users, share",
};

#[derive(Default)]
struct Step {
    sessions: u64,
    persons: Persons,
}

impl Group for Step {
    const COLUMNS: &'static str = "sessions, persons";
    const TABLE: DayTable = DayTable::FEATURE_PATHS;

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        self.sessions = self.sessions.saturating_add(cells.count()?);
        self.persons.add_bytes(cells.bytes()?)
    }

    fn persons(&mut self) -> u64 {
        self.persons.count()
    }
}

/// Sessions that began, and of whom.
#[derive(Default)]
struct Begun(Step);

impl Group for Begun {
    const COLUMNS: &'static str = Step::COLUMNS;
    const TABLE: DayTable = DayTable::VERSION_DAYS;

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        self.0.add(cells)
    }

    fn persons(&mut self) -> u64 {
        self.0.persons()
    }
}

/// The key of the feature before: all but the last.
fn before(key: &[String]) -> &[String] {
    &key[..key.len().saturating_sub(1)]
}

/// Sessions with the features before, by day: each goes on from there exactly once, as it does from
/// its start.
async fn sessions_before(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    groups: &Found<Step>,
) -> Result<BTreeMap<Vec<String>, Vec<OfDay>>> {
    let (Some((first, _)), Some((last, _))) = (groups.first(), groups.last()) else {
        return Ok(BTreeMap::new());
    };
    let by_day = request.grouping().contains(&"day");
    let by = if by_day {
        vec!["day", "feature"]
    } else {
        vec!["feature"]
    };
    let features = ReportRequest {
        by,
        ..request.clone()
    };
    let column = (DayTable::FEATURE_DAYS, "sessions");
    let ends = (before(first), before(last));
    let mut found = groups::sums(analytics, &features, range, column, ends).await?;
    let days = ReportRequest {
        by: vec!["day"],
        ..request.clone()
    };
    let ends = [range.from, range.to].map(|day| [day.to_string()]);
    let starts = groups::between::<Begun>(analytics, &days, range, &ends[0], &ends[1]).await?;
    for (mut key, mut begun) in starts {
        let day = key[0].parse();
        let of_day = OfDay {
            day: day.map_err(|error| Error::damaged("row", error))?,
            sum: begun.0.sessions,
            users: begun.0.persons.count(),
        };
        if !by_day {
            key.clear();
        }
        key.push(START.to_owned());
        found.entry(key).or_default().push(of_day);
    }
    Ok(found)
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
    let page = groups::page::<Step>(analytics, request, range).await?;
    let from = sessions_before(analytics, request, range, &page.groups).await?;
    let mut rows = Vec::with_capacity(page.groups.len());
    let least = u64::from(request.min_users);
    for (key, mut step) in page.groups {
        let days = page.days.get(&key);
        let counts = |one: &&OfDay| counts(days, one.day, one.users >= least);
        let of_days = from.get(before(&key)).into_iter().flatten().filter(counts);
        let whole = of_days.map(|one| one.sum).sum();
        let mut cells = key_cells(request.grouping(), key);
        cells.extend([
            Cell::count(step.sessions),
            Cell::count(step.persons.count()),
            Cell::share(step.sessions, whole),
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
