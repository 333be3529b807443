//! Reports whose rows are groups of sessions, slowly and plainly.

use std::collections::{BTreeMap, BTreeSet};

use logbook_model::{Day, Session};
use logbook_reports::Cell;

use super::TODAY;
use super::naive::{Logs, Who, cells, day, int, persons, ratio, version};

/// Reports that [`Logs::rows`] knows, with ways to group them.
pub(crate) const GROUPED: &[(&str, &[&str])] = &[
    (
        "top-errors",
        &["error", "day,error", "version,error", "day,version,error"],
    ),
    ("versions", &["day,version", "version"]),
    (
        "platforms",
        &[
            "day,os",
            "os",
            "os,os_version",
            "runtime",
            "day,runtime",
            "day,os,os_version,runtime",
        ],
    ),
];

fn os(session: &Session) -> (&str, &str) {
    match session.facts.os.as_deref() {
        None => ("(unknown)", "(unknown)"),
        Some("Linux 6.1") => ("Linux", "6.1"),
        Some("macOS 14") => ("macOS", "14"),
        Some(other) => (other, "(unknown)"),
    }
}

fn key(session: &Session, error: &str, by: &[&str]) -> Vec<String> {
    let cell = |column: &&str| match *column {
        "day" => day(session).to_string(),
        "version" => version(session),
        "os" => os(session).0.to_owned(),
        "os_version" => os(session).1.to_owned(),
        "runtime" => session.facts.runtime.clone().unwrap_or("(unknown)".into()),
        _ => error.to_owned(),
    };
    by.iter().map(cell).collect()
}

/// The names of a session's errors.
fn errors(session: &Session) -> impl Iterator<Item = &str> {
    let erring = session.features.iter().filter(|(_, f)| f.errors > 0);
    erring.map(|(name, _)| name.as_str())
}

impl Logs {
    /// The rows of one of [`GROUPED`].
    pub(crate) fn rows(&self, report: &str, environment: &str, by: &[&str]) -> Vec<Vec<Cell>> {
        let sessions = self.sessions(environment);
        let mut groups: BTreeMap<Vec<String>, Vec<&Session>> = BTreeMap::new();
        for session in &sessions {
            let names: Vec<&str> = match report {
                "top-errors" => errors(session).collect(),
                _ => vec![""],
            };
            for name in names {
                let group = groups.entry(key(session, name, by)).or_default();
                group.push(session);
            }
        }
        let row = |(key, mine): (Vec<String>, Vec<&Session>)| {
            let mut row = cells(&key, by);
            match report {
                "top-errors" => row.extend(error_figures(&sessions, &key, &mine)),
                _ => row.extend(crowd(&sessions, &mine, by.contains(&"day"))),
            }
            row
        };
        groups.into_iter().map(row).collect()
    }

    pub(crate) fn feature_adoption(&self, environment: &str, by: &[&str]) -> Vec<Vec<Cell>> {
        let sessions = self.sessions(environment);
        let by_day = by.contains(&"day");
        let mut uses: BTreeMap<(&str, Who), BTreeSet<Day>> = BTreeMap::new();
        let mut groups: BTreeMap<Vec<String>, Vec<&Session>> = BTreeMap::new();
        for session in &sessions {
            for name in session.features.keys() {
                groups
                    .entry(key(session, name, by))
                    .or_default()
                    .push(session);
                for person in persons([session]) {
                    uses.entry((name, person)).or_default().insert(day(session));
                }
            }
        }
        let row = |(key, mine): (Vec<String>, Vec<&Session>)| {
            let feature = key.last().unwrap();
            let here = |of: Day| !by_day || of == day(mine[0]);
            let active = persons(sessions.iter().filter(|s| here(day(s)))).len();
            let users = persons(mine.iter().copied()).len();
            let mut row = cells(&key, by);
            row.extend([int(active), int(users), ratio(users, active)]);
            // The first and the second day of each who began here.
            let uses = uses.iter().filter(|((name, _), _)| name == feature);
            let uses = uses.map(|(_, days)| {
                let mut days = days.iter().copied();
                (days.next().unwrap(), days.next())
            });
            let began: Vec<(Day, Option<Day>)> = uses.filter(|(first, _)| here(*first)).collect();
            let again = |within: i32, settled: bool| {
                let of = began
                    .iter()
                    .filter(|(first, _)| !settled || first.plus(within) < TODAY);
                let back = of.clone().filter(|(first, second)| {
                    second.is_some_and(|second| second <= first.plus(within))
                });
                (back.count(), of.count())
            };
            row.push(int(began.len()));
            row.extend([7, 28].map(|within| int(again(within, false).0)));
            row.extend([7, 28].map(|within| ratio(again(within, true).0, again(within, true).1)));
            row
        };
        groups.into_iter().map(row).collect()
    }

    pub(crate) fn retention(&self, environment: &str) -> Vec<Vec<Cell>> {
        let sessions = self.sessions(environment);
        let monday = |day: Day| {
            (0..7)
                .map(|back| day.plus(-back))
                .find(|day| is_monday(*day))
                .unwrap()
        };
        let mut days: BTreeMap<_, BTreeSet<Day>> = BTreeMap::new();
        for session in &sessions {
            for person in persons([session]) {
                days.entry(person).or_default().insert(day(session));
            }
        }
        let weeks = days.into_values();
        let weeks = weeks.map(|days| days.into_iter().map(monday).collect());
        let weeks: Vec<BTreeSet<Day>> = weeks.collect();
        let mut rows = Vec::new();
        for cohort in (-100..=0)
            .map(|back| TODAY.plus(back))
            .filter(|day| is_monday(*day))
        {
            let mine = weeks.iter().filter(|weeks| weeks.first() == Some(&cohort));
            let mine: Vec<_> = mine.collect();
            let last = if mine.is_empty() {
                cohort.plus(-1)
            } else {
                TODAY
            };
            for (n, week) in (cohort.0..=last.0).step_by(7).map(Day).enumerate() {
                let seen = mine.iter().filter(|weeks| weeks.contains(&week)).count();
                rows.push(vec![
                    Cell::Day(cohort),
                    int(n),
                    int(mine.len()),
                    int(seen),
                    ratio(seen, mine.len()),
                    Cell::Boolean(week.plus(6) < TODAY),
                ]);
            }
        }
        rows
    }
}

fn is_monday(day: Day) -> bool {
    // 2026-03-09 was one.
    (day.0 - Day::from_civil(2026, 3, 9).0) % 7 == 0
}

fn error_figures(all: &[Session], key: &[String], mine: &[&Session]) -> Vec<Cell> {
    let error = key.last().unwrap().as_str();
    let events = mine.iter().map(|s| s.features[error].errors as usize).sum();
    let with = all.iter().filter(|s| errors(s).any(|name| name == error));
    // The versions of these tests are in the order of their texts.
    let seen: BTreeSet<(Day, String)> = with.map(|s| (day(s), version(s))).collect();
    let mut figures = vec![
        int(events),
        int(mine.len()),
        int(persons(mine.iter().copied()).len()),
    ];
    for (day, version) in [seen.first().unwrap(), seen.last().unwrap()] {
        figures.extend([Cell::Day(*day), Cell::Text(version.clone())]);
    }
    figures
}

fn crowd(all: &[Session], mine: &[&Session], by_day: bool) -> Vec<Cell> {
    let first = day(mine[0]);
    let all = all.iter().filter(|s| !by_day || day(s) == first);
    let all: Vec<&Session> = all.collect();
    let users = persons(mine.iter().copied()).len();
    vec![
        int(mine.len()),
        int(users),
        ratio(mine.len(), all.len()),
        ratio(users, persons(all).len()),
    ]
}
