//! A page of `account-features` from its table.

use logbook_backends::Database;
use logbook_backends::sql::rows::Cells;
use logbook_model::Day;

use crate::Result;
use crate::day_table::DayTable;
use crate::groups::{self, Group};
use crate::persons::Persons;
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;

/// Where the bands above the lowest begin.
const BANDS: [u64; 3] = [10, 25, 100];

#[derive(Default)]
struct Used {
    persons: Persons,
    last: Option<Day>,
}

impl Group for Used {
    const COLUMNS: &'static str = "day, persons";
    const TABLE: DayTable = DayTable::ACCOUNT_FEATURES;

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        let day = cells.date()?;
        self.last = self.last.max(Some(day));
        self.persons.add_bytes(cells.bytes()?)
    }

    fn persons(&mut self) -> u64 {
        self.persons.count()
    }
}

/// The band of a number of persons.
fn band(persons: u64, min_users: u64) -> String {
    if persons == 0 {
        return "(unknown)".to_owned();
    }
    if persons < min_users {
        return format!("fewer than {min_users}");
    }
    let mut low = min_users.max(1);
    for next in BANDS {
        if low < next && persons < next {
            return format!("{low} to {}", next - 1);
        }
        low = low.max(next);
    }
    format!("{low} or more")
}

pub(crate) async fn page(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<Rows> {
    let min_users = u64::from(request.min_users);
    // Bands guard in its place.
    let asked = ReportRequest {
        min_users: 0,
        ..request.clone()
    };
    let page = groups::page::<Used>(analytics, &asked, range).await?;
    let row = |(key, mut used): (Vec<String>, Used)| {
        let persons = used.persons.count();
        let last = used.last.filter(|_| persons >= min_users.max(1));
        let mut cells: Vec<Cell> = key.into_iter().map(Cell::Text).collect();
        cells.push(Cell::Text(band(persons, min_users)));
        cells.push(last.map_or(Cell::Null, Cell::Day));
        cells
    };
    Ok(Rows {
        cells: page.groups.into_iter().map(row).collect(),
        withheld: 0,
        next: page.next,
        ..Rows::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_begin_with_the_guard() {
        let bands = |min_users| [0, 1, 4, 5, 9, 10, 30, 99, 100, 5000].map(|n| band(n, min_users));
        assert_eq!(
            bands(5),
            [
                "(unknown)",
                "fewer than 5",
                "fewer than 5",
                "5 to 9",
                "5 to 9",
                "10 to 24",
                "25 to 99",
                "25 to 99",
                "100 or more",
                "100 or more"
            ]
        );
        assert_eq!(band(1, 0), "1 to 9");
        assert_eq!(band(20, 20), "20 to 24");
        assert_eq!(band(24, 25), "fewer than 25");
        assert_eq!(band(200, 200), "200 or more");
    }
}
