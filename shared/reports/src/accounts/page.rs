//! A page of `accounts` from its table and that of `account-features`.

use std::collections::{BTreeMap, BTreeSet};

use logbook_backends::Database;
use logbook_backends::sql::rows::Cells;
use logbook_model::Day;

use super::ACTIVE;
use super::state::{state, trend};
use crate::Result;
use crate::groups::{self, Group};
use crate::persons::Persons;
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;

/// The days of an account, each with its sessions and persons.
#[derive(Default)]
struct Account(BTreeMap<Day, (u64, Vec<u8>)>);

impl Group for Account {
    const COLUMNS: &'static str = "day, sessions, persons";
    const TABLE: &'static str = "account_days";

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        let day = cells.date()?;
        // Of both environments, where both are asked for.
        let (sessions, persons) = self.0.entry(day).or_default();
        *sessions = sessions.saturating_add(cells.count()?);
        persons.extend_from_slice(cells.bytes()?);
        Ok(())
    }

    fn persons(&mut self) -> u64 {
        0
    }
}

/// Features that an account used.
#[derive(Default)]
struct Used(BTreeSet<String>);

impl Group for Used {
    const COLUMNS: &'static str = "feature";
    const TABLE: &'static str = "account_features";

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        self.0.insert(cells.text()?);
        Ok(())
    }

    fn persons(&mut self) -> u64 {
        0
    }
}

impl Account {
    /// Distinct persons of the days that end some days before the last.
    fn users(&self, last: Day, before: i32, days: i32) -> Result<u64> {
        let end = last.plus(-before);
        let mut persons = Persons::default();
        for (_, of_day) in self.0.range(end.plus(1 - days)..=end).map(|(_, day)| day) {
            persons.add_bytes(of_day)?;
        }
        Ok(persons.count())
    }

    fn cells(&self, last: Day, features: u64) -> Result<Vec<Cell>> {
        let week = |nth: i32| self.users(last, ACTIVE - 7 * nth, 7);
        let weeks = [week(1)?, week(2)?, week(3)?, week(4)?];
        let active = self.0.range(last.plus(1 - ACTIVE)..=last);
        let sessions = active.map(|(_, (sessions, _))| sessions).sum();
        let last_day = self.0.range(..=last).next_back();
        let active = self.users(last, 0, ACTIVE)?;
        let previous = self.users(last, ACTIVE, ACTIVE)?;
        let mut cells = vec![
            Cell::Text(state(sessions, active, previous).to_owned()),
            Cell::count(active),
            Cell::count(previous),
        ];
        cells.extend(weeks.map(Cell::count));
        cells.extend([
            trend(active, previous).map_or(Cell::Null, Cell::Number),
            Cell::count(sessions),
            Cell::count(features),
            last_day.map_or(Cell::Null, |(day, _)| Cell::Day(*day)),
        ]);
        Ok(cells)
    }
}

pub(crate) async fn page(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<Rows> {
    let days = |from| Range {
        from,
        to: range.to,
        judged_to: range.judged_to,
    };
    // Totals of accounts are contract data.
    let asked = ReportRequest {
        min_users: 0,
        ..request.clone()
    };
    let known = days(range.from.min(range.to.plus(1 - 2 * ACTIVE)));
    let page = groups::page::<Account>(analytics, &asked, &known).await?;
    let mut used = match (page.groups.first(), page.groups.last()) {
        (Some((first, _)), Some((last, _))) => {
            let active = days(range.to.plus(1 - ACTIVE));
            groups::between::<Used>(analytics, &asked, &active, first, last).await?
        }
        _ => BTreeMap::new(),
    };
    let mut rows = Vec::with_capacity(page.groups.len());
    for (key, account) in page.groups {
        let features = used.remove(&key).unwrap_or_default().0.len() as u64;
        let mut cells: Vec<Cell> = key.into_iter().map(Cell::Text).collect();
        cells.extend(account.cells(range.to, features)?);
        rows.push(cells);
    }
    Ok(Rows {
        cells: rows,
        withheld: 0,
        next: page.next,
    })
}
