//! A page of `feature-adoption` from its table, those of who used a feature, and that of
//! `active-users`.

use std::collections::{BTreeMap, BTreeSet};

use logbook_backends::Database;
use logbook_backends::sql::rows::Cells;
use logbook_model::Day;

use super::WITHIN;
use crate::groups::{self, Found, Group, key_cells};
use crate::persons::Persons;
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;
use crate::stored::Stored;
use crate::{Result, shares};

/// How many used each feature on a day.
const STORED: Stored = Stored {
    table: "feature_days",
    key: &["day", "feature"],
    figures: "users",
};

/// Who used a feature.
#[derive(Default)]
struct Users {
    persons: Persons,
    /// The days that count, where some do not.
    days: Option<BTreeSet<Day>>,
}

impl Group for Users {
    const COLUMNS: &'static str = "persons";
    const TABLE: &'static str = "feature_days";

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        self.persons.add_bytes(cells.bytes()?)
    }

    fn count_day(&mut self, day: Day) {
        self.days.get_or_insert_default().insert(day);
    }

    fn persons(&mut self) -> u64 {
        self.persons.count()
    }
}

/// First uses, day by day: new users, and who came back within each of [`WITHIN`].
#[derive(Default)]
struct FirstUses(Vec<(Day, [u64; 3])>);

impl Group for FirstUses {
    const COLUMNS: &'static str = "day, new_users, repeat_7, repeat_28";
    const TABLE: &'static str = "feature_adoption";

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        let day = cells.date()?;
        let counts = [cells.count()?, cells.count()?, cells.count()?];
        self.0.push((day, counts));
        Ok(())
    }

    fn persons(&mut self) -> u64 {
        0
    }
}

impl FirstUses {
    /// Counts of all days, and rates of those whose time was over on a day.
    fn cells(&self, judged: Option<Day>) -> [Cell; 5] {
        let sum = |at: usize| self.0.iter().map(|(_, counts)| counts[at]).sum();
        let rate = |at: usize| {
            let over = |day: &Day| judged.is_some_and(|to| day.plus(WITHIN[at - 1]) < to);
            let settled = self.0.iter().filter(|(day, _)| over(day));
            let sums = settled.fold((0, 0), |(again, new), (_, counts)| {
                (again + counts[at], new + counts[0])
            });
            Cell::share(sums.0, sums.1)
        };
        let [new, week, month] = [0, 1, 2].map(sum).map(Cell::count);
        [new, week, month, rate(1), rate(2)]
    }
}

pub(crate) async fn page(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<Rows> {
    let page = if STORED.has_rows_of(request) {
        let page = STORED.page(analytics, request, range).await?;
        page.map(|figures| match figures.first() {
            Some(Cell::Integer(users)) => (users.cast_unsigned(), None),
            _ => (0, None),
        })
    } else {
        let page = groups::page::<Users>(analytics, request, range).await?;
        page.map(|mut users| (users.persons.count(), users.days))
    };
    let totals = shares::totals(analytics, request, range, &page.groups).await?;
    let mut uses = first_uses(analytics, request, range, &page.groups).await?;
    let mut rows = Vec::with_capacity(page.groups.len());
    for (key, (users, days)) in page.groups {
        let (_, active) = shares::total_of(request, &totals, &key);
        let mut uses = uses.remove(&key).unwrap_or_default();
        if let Some(days) = days {
            uses.0.retain(|(day, _)| days.contains(day));
        }
        let mut cells = key_cells(request.grouping(), key);
        cells.extend([
            Cell::count(active),
            Cell::count(users),
            Cell::share(users, active),
        ]);
        cells.extend(uses.cells(range.judged_to));
        rows.push(cells);
    }
    Ok(Rows {
        cells: rows,
        withheld: page.withheld,
        next: page.next,
        ..Rows::default()
    })
}

async fn first_uses<G>(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    groups: &Found<G>,
) -> Result<BTreeMap<Vec<String>, FirstUses>> {
    match (groups.first(), groups.last()) {
        (Some((first, _)), Some((last, _))) => {
            groups::between::<FirstUses>(analytics, request, range, first, last).await
        }
        _ => Ok(BTreeMap::new()),
    }
}
