//! Reports on the order of first uses, slowly and plainly.

use std::collections::BTreeMap;

use logbook_model::{Day, Name, Part, Session};
use logbook_reports::Cell;

use super::TODAY;
use super::naive::{Logs, Who, cells, day, int, persons, ratio};

/// The features of a session in the order of their first uses.
fn path<'a>(session: &Session, parts: impl Iterator<Item = &'a Part>) -> Vec<String> {
    let mut parts: Vec<&Part> = parts.filter(|part| part.session == session.id).collect();
    parts.sort_by_key(|part| (part.effective_start(), part.log.clone()));
    let mut path = vec!["(start)".to_owned()];
    for part in parts {
        let mut names: Vec<&Name> = part.features.keys().collect();
        names.sort_by_key(|name| part.features[*name].first_seq);
        for name in names {
            if !path.iter().any(|held| held == name) {
                path.push(name.to_string());
            }
        }
    }
    path.push("(end)".to_owned());
    path
}

impl Logs {
    pub(crate) fn funnel(&self, environment: &str, steps: &str) -> Vec<Vec<Cell>> {
        let sessions = self.sessions(environment);
        let steps: Vec<&str> = steps.split(',').collect();
        let first_use = |person: &Who, feature: &str| {
            let with = sessions.iter().filter(|s| s.features.contains_key(feature));
            let mine = with.filter(|s| persons([*s]).contains(person));
            mine.map(day).min()
        };
        let mut reached = vec![0; steps.len()];
        for person in persons(&sessions) {
            let mut before = TODAY.plus(-100);
            for (at, step) in steps.iter().enumerate() {
                match first_use(&person, step) {
                    Some(day) if day >= before => before = day,
                    _ => break,
                }
                reached[at] += 1;
            }
        }
        let row = |(at, step): (usize, &&str)| {
            let previous = at.checked_sub(1).map(|at| reached[at]);
            vec![
                int(at + 1),
                Cell::Text((*step).to_owned()),
                int(reached[at]),
                ratio(reached[at], reached[0]),
                previous.map_or(Cell::Null, |previous| ratio(reached[at], previous)),
            ]
        };
        steps.iter().enumerate().map(row).collect()
    }

    pub(crate) fn feature_paths(&self, environment: &str, by: &[&str]) -> Vec<Vec<Cell>> {
        let sessions = self.sessions(environment);
        let mut steps: BTreeMap<Vec<String>, Vec<&Session>> = BTreeMap::new();
        let mut from: BTreeMap<(Option<Day>, String), usize> = BTreeMap::new();
        let by_day = |session: &Session| by.contains(&"day").then(|| day(session));
        for session in sessions.iter().filter(|s| !s.features.is_empty()) {
            let path = path(session, self.0.values().flatten());
            for step in path.windows(2) {
                let mut key = step.to_vec();
                if let Some(day) = by_day(session) {
                    key.insert(0, day.to_string());
                }
                steps.entry(key).or_default().push(session);
                *from.entry((by_day(session), step[0].clone())).or_default() += 1;
            }
        }
        let row = |(key, mine): (Vec<String>, Vec<&Session>)| {
            let mut row = cells(&key, by);
            let users = persons(mine.iter().copied()).len();
            let whole = from[&(by_day(mine[0]), key[key.len() - 2].clone())];
            row.extend([int(mine.len()), int(users), ratio(mine.len(), whole)]);
            row
        };
        steps.into_iter().map(row).collect()
    }
}
