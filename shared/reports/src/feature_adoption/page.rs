//! A page of `feature-adoption` from its table, those of who used a feature, and that of
//! `active-users`.

use std::collections::BTreeMap;

use logbook_backends::Database;
use logbook_backends::sql::rows::Cells;
use logbook_model::Day;

use super::WITHIN;
use crate::blocks::Days;
use crate::day_table::DayTable;
use crate::groups::{self, Found, Group, key_cells};
use crate::persons::Persons;
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;
use crate::stored::Stored;
use crate::{Result, shares};

/// How many used each feature on a day.
const STORED: Stored = Stored {
    table: DayTable::FEATURE_DAYS,
    figures: "users",
};

/// Who used a feature.
#[derive(Default)]
struct Users(Persons);

impl Group for Users {
    const COLUMNS: &'static str = "persons";
    const TABLE: DayTable = DayTable::FEATURE_DAYS;

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        self.0.add_bytes(cells.bytes()?)
    }

    fn persons(&mut self) -> u64 {
        self.0.count()
    }
}

/// First uses, day by day: new users, and who came back within each of [`WITHIN`].
#[derive(Default)]
struct FirstUses(Vec<(Day, [u64; 3])>);

impl Group for FirstUses {
    const COLUMNS: &'static str = "day, new_users, repeat_7, repeat_28";
    const TABLE: DayTable = DayTable::FEATURE_ADOPTION;

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
    /// Leaves the days that count, and takes each block for one day, its last: it shall not be told
    /// apart by what was over when.
    fn keep(&mut self, days: &Days) {
        self.0.retain_mut(|(day, _)| match days.get(day) {
            Some(Some(last)) => {
                *day = *last;
                true
            }
            _ => false,
        });
    }

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
            Some(Cell::Integer(users)) => users.cast_unsigned(),
            _ => 0,
        })
    } else {
        let page = groups::page::<Users>(analytics, request, range).await?;
        page.map(|mut users| users.0.count())
    };
    let totals = shares::totals(analytics, request, range, &page.groups).await?;
    let mut uses = first_uses(analytics, request, range, &page.groups).await?;
    let mut rows = Vec::with_capacity(page.groups.len());
    for (key, users) in page.groups {
        let (_, active) = shares::total_of(request, &totals, &key);
        let mut uses = uses.remove(&key).unwrap_or_default();
        if let Some(days) = page.days.get(&key) {
            uses.keep(days);
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
