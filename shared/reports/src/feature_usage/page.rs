//! A page of `feature-usage` from its table.

use logbook_backends::Database;
use logbook_backends::sql::rows::Cells;
use logbook_model::Sketch;

use crate::blocks::counts;
use crate::day_table::DayTable;
use crate::groups::{self, Group, OfDay, Page, key_cells};
use crate::persons::Persons;
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;
use crate::stored::{self, Stored};
use crate::{Error, Result};

const FIGURES: &str = "uses, sessions, users, errors, timed_uses, p50_us, p95_us, p99_us";
const STORED: Stored = Stored {
    table: DayTable::FEATURE_USAGE,
    figures: FIGURES,
};
/// Where versions are together, unless one is asked for.
const BY_FEATURE: Stored = Stored {
    table: DayTable::FEATURE_DAYS,
    figures: FIGURES,
};

#[derive(Default)]
struct Usage {
    uses: u64,
    sessions: u64,
    errors: u64,
    durations: Sketch,
    persons: Persons,
}

impl Group for Usage {
    const COLUMNS: &'static str = "uses, sessions, errors, durations, persons";
    const TABLE: DayTable = DayTable::FEATURE_USAGE;

    fn table(request: &ReportRequest) -> DayTable {
        let tells_apart =
            |name, only: &Option<String>| only.is_some() || request.grouping().contains(&name);
        if !tells_apart("feature", &request.feature) {
            DayTable::VERSION_DAYS
        } else if !tells_apart("version", &request.version) && request.feature.is_none() {
            DayTable::FEATURE_DAYS
        } else {
            // A feature's rows are found here by its name.
            Self::TABLE
        }
    }

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        self.uses = self.uses.saturating_add(cells.count()?);
        self.sessions = self.sessions.saturating_add(cells.count()?);
        self.errors = self.errors.saturating_add(cells.count()?);
        let durations = Sketch::from_bytes(cells.bytes()?);
        self.durations
            .merge(&durations.map_err(|error| Error::damaged("sketch", error))?);
        self.persons.add_bytes(cells.bytes()?)
    }

    fn persons(&mut self) -> u64 {
        self.persons.count()
    }
}

/// Puts the sessions right where groups put features together: a session is of one day,
/// environment and version, but may use many features, so that it cannot be counted by adding up
/// over features.
async fn count_sessions(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    page: &mut Page<Usage>,
) -> Result<()> {
    let (Some((first, _)), Some((last, _))) = (page.groups.first(), page.groups.last()) else {
        return Ok(());
    };
    let column = (DayTable::RELEASE_HEALTH, "sessions_with_events");
    let counted = groups::sums(analytics, request, range, column, (first, last)).await?;
    let least = u64::from(request.min_users);
    for (key, usage) in &mut page.groups {
        let days = page.days.get(key);
        let counts = |one: &&OfDay| counts(days, one.day, one.users >= least);
        let of_days = counted.get(key).into_iter().flatten().filter(counts);
        usage.sessions = of_days.map(|one| one.sum).sum();
    }
    Ok(())
}

pub(crate) async fn page(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<Rows> {
    let stored = [STORED, BY_FEATURE].into_iter().find(|stored| {
        let together = stored.table.name == BY_FEATURE.table.name;
        stored.has_rows_of(request) && !(together && request.version.is_some())
    });
    if let Some(stored) = stored {
        let page = stored.page(analytics, request, range).await?;
        return Ok(stored::rows(request, page));
    }
    let mut page = groups::page::<Usage>(analytics, request, range).await?;
    if request.feature.is_none() && !request.grouping().contains(&"feature") {
        count_sessions(analytics, request, range, &mut page).await?;
    }
    let row = |(key, mut usage): (Vec<String>, Usage)| {
        let mut cells = key_cells(request.grouping(), key);
        cells.extend([
            Cell::count(usage.uses),
            Cell::count(usage.sessions),
            Cell::count(usage.persons.count()),
            Cell::count(usage.errors),
            Cell::count(usage.durations.count()),
        ]);
        let quantiles = [0.50, 0.95, 0.99].map(|q| usage.durations.quantile_us(q));
        cells.extend(quantiles.map(Cell::or_null));
        cells
    };
    Ok(Rows {
        cells: page.groups.into_iter().map(row).collect(),
        withheld: page.withheld,
        next: page.next,
        ..Rows::default()
    })
}
