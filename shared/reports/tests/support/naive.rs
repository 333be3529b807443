//! The reports again, slowly and plainly, from parts held in memory: no SQL, no sets of
//! hashes, nothing kept from one figure to the next.

use std::collections::{BTreeMap, BTreeSet};

use logbook_model::{Day, Part, Session, SessionId, Sketch, Status};
use logbook_reports::Cell;

use super::{TIMEOUT_SECS, TODAY, now};

/// The logs as they stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Logs(pub(crate) BTreeMap<String, Vec<Part>>);

/// Who a session counts for.
pub(super) type Who = (bool, String);

fn who(session: &Session) -> Option<Who> {
    let facts = &session.facts;
    let user = facts.user.clone().map(|user| (true, user));
    user.or_else(|| facts.installation.clone().map(|id| (false, id)))
}

pub(super) fn day(session: &Session) -> Day {
    session.effective_start.day()
}

pub(super) fn version(session: &Session) -> String {
    let version = session.facts.version.clone();
    version.unwrap_or_else(|| "(unknown)".to_owned())
}

fn in_environment(session: &Session, environment: &str) -> bool {
    let named = session.facts.environment.as_deref().map(str::to_lowercase);
    let production = matches!(named.as_deref(), None | Some("prod" | "production"));
    match environment {
        "production" => production,
        "other" => !production,
        _ => true,
    }
}

pub(super) fn persons<'a>(sessions: impl IntoIterator<Item = &'a Session>) -> BTreeSet<Who> {
    sessions.into_iter().filter_map(who).collect()
}

pub(super) fn int(count: usize) -> Cell {
    Cell::Integer(count as i64)
}

pub(super) fn ratio(part: usize, whole: usize) -> Cell {
    if whole == 0 {
        Cell::Null
    } else {
        Cell::Ratio(part as f64 / whole as f64)
    }
}

fn key(session: &Session, feature: &str, by: &[&str]) -> Vec<String> {
    by.iter()
        .map(|column| match *column {
            "day" => day(session).to_string(),
            "version" => version(session),
            _ => feature.to_owned(),
        })
        .collect()
}

pub(super) fn cells(key: &[String], by: &[&str]) -> Vec<Cell> {
    let cells = key.iter().zip(by);
    cells
        .map(|(cell, column)| match *column {
            "day" => Cell::Day(cell.parse().unwrap()),
            _ => Cell::Text(cell.clone()),
        })
        .collect()
}

impl Logs {
    /// The sessions of an environment.
    pub(super) fn sessions(&self, environment: &str) -> Vec<Session> {
        let mut parts: BTreeMap<SessionId, Vec<&Part>> = BTreeMap::new();
        for part in self.0.values().flatten() {
            parts.entry(part.session.clone()).or_default().push(part);
        }
        let sessions = parts.into_values();
        sessions
            .filter_map(|parts| Session::fold(parts, TIMEOUT_SECS, Some(now())))
            .filter(|session| in_environment(session, environment))
            .collect()
    }

    pub(crate) fn feature_usage(
        &self,
        environment: &str,
        by: &[&str],
        keep: impl Fn(&Session, &str) -> bool,
    ) -> Vec<Vec<Cell>> {
        let sessions = self.sessions(environment);
        let mut groups: BTreeMap<Vec<String>, Vec<(&Session, &str)>> = BTreeMap::new();
        for session in &sessions {
            for feature in session.features.keys().filter(|name| keep(session, name)) {
                let group = groups.entry(key(session, feature, by)).or_default();
                group.push((session, feature));
            }
        }
        let row = |(key, uses): (Vec<String>, Vec<(&Session, &str)>)| {
            let features = || uses.iter().map(|(session, name)| &session.features[*name]);
            let ids: BTreeSet<_> = uses.iter().map(|(session, _)| &session.id).collect();
            let mut durations = Sketch::default();
            features().for_each(|feature| durations.merge(&feature.durations));
            let mut row = cells(&key, by);
            row.extend([
                int(features().map(|feature| feature.uses as usize).sum()),
                int(ids.len()),
                int(persons(uses.iter().map(|(session, _)| *session)).len()),
                int(features().map(|feature| feature.errors as usize).sum()),
                int(durations.count() as usize),
            ]);
            for q in [0.5, 0.95, 0.99] {
                let quantile = durations.quantile_us(q);
                row.push(quantile.map_or(Cell::Null, |us| int(us as usize)));
            }
            row
        };
        groups.into_iter().map(row).collect()
    }

    pub(crate) fn release_health(&self, environment: &str, by: &[&str]) -> Vec<Vec<Cell>> {
        let sessions = self.sessions(environment);
        let mut groups: BTreeMap<Vec<String>, Vec<&Session>> = BTreeMap::new();
        for session in &sessions {
            groups
                .entry(key(session, "", by))
                .or_default()
                .push(session);
        }
        let by_day = by.contains(&"day");
        let row = |(key, mine): (Vec<String>, Vec<&Session>)| {
            let first = day(mine[0]);
            let all: Vec<&Session> = sessions
                .iter()
                .filter(|session| !by_day || day(session) == first)
                .collect();
            let of = |status: Status| mine.iter().filter(|s| s.status == status).count();
            let users = persons(mine.iter().copied());
            let worse = |than: Status| {
                let worse = mine.iter().copied().filter(|s| s.status > than);
                persons(worse).len()
            };
            let n = mine.len();
            let mut row = cells(&key, by);
            row.extend([int(n), int(users.len())]);
            row.push(int(mine.iter().filter(|s| who(s).is_none()).count()));
            row.extend(Status::ALL.iter().map(|status| int(of(*status))));
            row.extend([
                ratio(n - of(Status::Crashed), n),
                ratio(of(Status::Ok) + of(Status::Exited), n),
                ratio(users.len() - worse(Status::Abnormal), users.len()),
                ratio(users.len() - worse(Status::Exited), users.len()),
                ratio(n, all.len()),
                ratio(users.len(), persons(all).len()),
            ]);
            row
        };
        groups.into_iter().map(row).collect()
    }

    pub(crate) fn active_users(&self, environment: &str) -> Vec<Vec<Cell>> {
        let sessions = self.sessions(environment);
        let within = |last: Day, days: i32| {
            let days = last.plus(1 - days)..=last;
            sessions.iter().filter(move |s| days.contains(&day(s)))
        };
        let mut rows = Vec::new();
        for today in (-100..=0).map(|back| TODAY.plus(back)) {
            let (dau, mau) = (persons(within(today, 1)), persons(within(today, 28)));
            let count = within(today, 1).count();
            if mau.is_empty() && count == 0 {
                continue;
            }
            let before = persons(sessions.iter().filter(|s| day(s) < today));
            rows.push(vec![
                Cell::Day(today),
                int(dau.len()),
                int(persons(within(today, 7)).len()),
                int(mau.len()),
                ratio(dau.len(), mau.len()),
                int(count),
                int(within(today, 1).filter(|s| who(s).is_none()).count()),
                int(dau.difference(&before).count()),
            ]);
        }
        rows
    }
}
