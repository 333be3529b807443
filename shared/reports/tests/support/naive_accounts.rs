//! Reports on accounts, slowly and plainly.

use std::collections::{BTreeMap, BTreeSet};

use logbook_model::{Day, Name, Session};
use logbook_reports::Cell;

use super::naive::{Logs, day, int, persons};
use super::{TODAY, contracts};

impl Logs {
    fn accounts_of(&self, environment: &str) -> BTreeMap<String, Vec<Session>> {
        let mut accounts: BTreeMap<String, Vec<Session>> = BTreeMap::new();
        for session in self.sessions(environment) {
            if let Some(account) = session.facts.account.clone() {
                accounts.entry(account).or_default().push(session);
            }
        }
        accounts
    }

    /// Of the days that end `TODAY`.
    pub(crate) fn accounts(&self, environment: &str) -> Vec<Vec<Cell>> {
        let mut rows = Vec::new();
        let mut all = self.accounts_of(environment);
        if environment != "other" {
            for account in contracts().keys() {
                all.entry(account.clone()).or_default();
            }
        }
        for (account, sessions) in all {
            let contract = contracts().remove(&account);
            let of = |from: i32, to: i32| {
                let days = TODAY.plus(-from)..=TODAY.plus(-to);
                let mine = sessions.iter().filter(|s| days.contains(&day(s)));
                mine.collect::<Vec<&Session>>()
            };
            if of(100, 0).is_empty() && (contract.is_none() || environment == "other") {
                continue;
            }
            let contract = contract.unwrap_or_default();
            let seats = contract.seats.map(|seats| seats as usize);
            let users = |from: i32, to: i32| persons(of(from, to)).len();
            let weeks = [users(27, 21), users(20, 14), users(13, 7), users(6, 0)];
            let (o, v) = (users(55, 28) as f64, users(27, 0) as f64);
            let state = if of(27, 0).is_empty() {
                "silent"
            } else if seats.is_some_and(|seats| users(27, 0) >= seats) {
                "at-limit"
            } else if v - o >= 2.0 && v >= 1.1 * o {
                "growing"
            } else if o - v >= 2.0 && v <= 0.9 * o {
                "declining"
            } else {
                "steady"
            };
            let features: BTreeSet<&Name> =
                of(27, 0).iter().flat_map(|s| s.features.keys()).collect();
            let last: Option<Day> = of(100, 0).into_iter().map(day).max();
            let mut row = vec![Cell::Text(account), Cell::Text(state.to_owned())];
            row.extend([int(users(27, 0)), int(users(55, 28))]);
            row.extend(weeks.map(int));
            row.push(if o > 0.0 {
                Cell::Number((v - o) / o)
            } else {
                Cell::Null
            });
            row.extend([int(of(27, 0).len()), int(features.len())]);
            row.push(last.map_or(Cell::Null, Cell::Day));
            let text = |text: Option<String>| text.map_or(Cell::Null, Cell::Text);
            row.push(text(contract.name));
            row.push(seats.map_or(Cell::Null, int));
            let seat_use = seats.filter(|seats| *seats > 0);
            row.push(seat_use.map_or(Cell::Null, |seats| Cell::Number(v / seats as f64)));
            let used = contract.modules.iter().filter(|module| {
                let below = format!("{module}/");
                features
                    .iter()
                    .any(|name| name == module || name.starts_with(&below))
            });
            row.extend([int(contract.modules.len()), int(used.count())]);
            row.push(text(contract.owner));
            row.push(contract.renews_on.map_or(Cell::Null, Cell::Day));
            rows.push(row);
        }
        rows
    }

    /// With a guard of 2.
    pub(crate) fn account_features(&self, environment: &str) -> Vec<Vec<Cell>> {
        let mut rows = Vec::new();
        for (account, sessions) in self.accounts_of(environment) {
            let names: BTreeSet<&Name> = sessions.iter().flat_map(|s| s.features.keys()).collect();
            for name in names {
                let mine = sessions.iter().filter(|s| s.features.contains_key(name));
                let mine: Vec<&Session> = mine.collect();
                let users = persons(mine.iter().copied()).len();
                let band = ["(unknown)", "fewer than 2"]
                    .get(users)
                    .unwrap_or(&"2 to 9");
                let last = mine.into_iter().map(day).max().unwrap();
                let last = if users < 2 {
                    Cell::Null
                } else {
                    Cell::Day(last)
                };
                let texts = [account.clone(), name.to_string(), (*band).to_owned()];
                let mut row = texts.map(Cell::Text).to_vec();
                row.push(last);
                rows.push(row);
            }
        }
        rows
    }
}
