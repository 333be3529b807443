//! A page of `accounts` from its table and the contracts.

use std::collections::{BTreeMap, BTreeSet};

use logbook_backends::Database;
use logbook_backends::sql::rows::Cells;
use logbook_model::{Contract, Day};

use super::state::{state, trend};
use super::{ACTIVE, contracts};
use crate::condition::Span;
use crate::day_table::DayTable;
use crate::groups::{self, Group};
use crate::keys;
use crate::persons::Persons;
use crate::query::{Range, Rows};
use crate::reply::{Cell, share};
use crate::request::ReportRequest;
use crate::{Environment, Error, Result};

/// Accounts whose sets of persons are held at once.
const CHUNK: usize = 500;

/// The days of an account, each with its sessions and persons.
#[derive(Default)]
struct Account(BTreeMap<Day, (u64, Vec<u8>)>);

impl Group for Account {
    const COLUMNS: &'static str = "day, sessions, persons";
    const TABLE: DayTable = DayTable::ACCOUNT_DAYS;

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
    const COLUMNS: &'static str = "feature_names";
    const TABLE: DayTable = DayTable::ACCOUNT_DAYS;

    fn add(&mut self, cells: &mut Cells<'_>) -> Result<()> {
        let names = cells.str()?;
        // None are known of a day before it is computed anew.
        if !names.is_empty() {
            let names: Vec<String> = serde_json::from_str(names)
                .map_err(|error| Error::damaged("list of features", error))?;
            self.0.extend(names);
        }
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

    fn cells(
        &self,
        last: Day,
        features: &BTreeSet<String>,
        contract: &Contract,
    ) -> Result<Vec<Cell>> {
        let week = |nth: i32| self.users(last, ACTIVE - 7 * nth, 7);
        let weeks = [week(1)?, week(2)?, week(3)?, week(4)?];
        let active = self.0.range(last.plus(1 - ACTIVE)..=last);
        let sessions = active.map(|(_, (sessions, _))| sessions).sum();
        let last_day = self.0.range(..=last).next_back();
        let active = self.users(last, 0, ACTIVE)?;
        let previous = self.users(last, ACTIVE, ACTIVE)?;
        let mut cells = vec![
            Cell::Text(state(sessions, active, previous, contract.seats).to_owned()),
            Cell::count(active),
            Cell::count(previous),
        ];
        cells.extend(weeks.map(Cell::count));
        cells.extend([
            trend(active, previous).map_or(Cell::Null, Cell::Number),
            Cell::count(sessions),
            Cell::count(features.len() as u64),
            last_day.map_or(Cell::Null, |(day, _)| Cell::Day(*day)),
        ]);
        cells.extend(agreed(contract, active, features));
        Ok(cells)
    }
}

/// What a contract says, beside what is used of it.
fn agreed(contract: &Contract, active: u64, features: &BTreeSet<String>) -> [Cell; 7] {
    let text = |text: &Option<String>| text.clone().map_or(Cell::Null, Cell::Text);
    let used = contract.modules.iter().filter(|module| {
        let mut features = features.iter();
        features.any(|feature| Contract::covers(module, feature))
    });
    let seats = contract.seats.map(u64::from);
    let seat_use = seats.and_then(|seats| share(active, seats));
    [
        text(&contract.name),
        Cell::or_null(seats),
        seat_use.map_or(Cell::Null, Cell::Number),
        Cell::count(contract.modules.len() as u64),
        Cell::count(used.count() as u64),
        text(&contract.owner),
        contract.renews_on.map_or(Cell::Null, Cell::Day),
    ]
}

pub(crate) async fn page(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<Rows> {
    // Nobody fell silent on days that are yet to be looked at.
    let to = range.judged_to.map_or(range.to, |day| day.min(range.to));
    let range = &Range { to, ..*range };
    // Totals of accounts are contract data.
    let asked = ReportRequest {
        min_users: 0,
        ..request.clone()
    };
    let mut accounts = known(analytics, &asked, range).await?;
    let more = accounts.len() > request.most_rows() as usize;
    accounts.truncate(request.most_rows() as usize);
    let mut rows = Vec::with_capacity(accounts.len());
    for chunk in accounts.chunks(CHUNK) {
        rows.append(&mut rows_of(analytics, &asked, range, chunk).await?);
    }
    let last = accounts.pop().filter(|_| more);
    Ok(Rows {
        cells: rows,
        withheld: 0,
        next: last.map(|account| vec![account]),
        ..Rows::default()
    })
}

/// A range that ends as another.
fn since(range: &Range, from: Day) -> Range {
    Range {
        from,
        to: range.to,
        judged_to: range.judged_to,
    }
}

/// What is looked at of an account: the range, and twice the days by which it is judged.
fn looked_at(range: &Range) -> Range {
    since(range, range.from.min(range.to.plus(1 - 2 * ACTIVE)))
}

/// The accounts that follow the request's `after`, in order, and one more than it asks for.
async fn known(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<Vec<String>> {
    let days = looked_at(range);
    let after = request.after.as_ref().and_then(|after| after.0.first());
    let span = Span {
        after: after.map(std::slice::from_ref),
        ..Span::default()
    };
    let mut found =
        keys::grouped::<Account>(analytics, request, &days, span, request.most_rows() + 1)
            .await?
            .into_iter()
            .flat_map(|one| one.key)
            .collect::<BTreeSet<String>>();
    if request.environment != Environment::Other {
        let only = request.account.as_deref();
        let limit = request.most_rows() + 1;
        let after = after.map(String::as_str);
        let product = &request.product;
        found.extend(contracts::accounts(analytics, product, only, after, limit).await?);
    }
    let mut found: Vec<String> = found.into_iter().collect();
    found.truncate(request.most_rows() as usize + 1);
    Ok(found)
}

/// The rows of some accounts that follow each other.
async fn rows_of(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    accounts: &[String],
) -> Result<Vec<Vec<Cell>>> {
    let (Some(first), Some(last)) = (accounts.first(), accounts.last()) else {
        return Ok(Vec::new());
    };
    let ends = (std::slice::from_ref(first), std::slice::from_ref(last));
    let days = looked_at(range);
    let mut found = groups::between::<Account>(analytics, request, &days, ends.0, ends.1).await?;
    let active = since(range, range.to.plus(1 - ACTIVE));
    let mut used = groups::between::<Used>(analytics, request, &active, ends.0, ends.1).await?;
    let agreed = contracts::between(analytics, &request.product, first, last).await?;
    let nothing = Contract::default();
    accounts
        .iter()
        .map(|account| {
            let key = std::slice::from_ref(account);
            let features = used.remove(key).unwrap_or_default().0;
            let contract = agreed.get(account).unwrap_or(&nothing);
            let of_days = found.remove(key).unwrap_or_default();
            let mut cells = vec![Cell::Text(account.clone())];
            cells.extend(of_days.cells(range.to, &features, contract)?);
            Ok(cells)
        })
        .collect()
}
