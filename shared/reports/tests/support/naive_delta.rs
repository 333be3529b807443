//! `release-delta`, slowly and plainly, where nothing is withheld.

use std::collections::{BTreeMap, BTreeSet};

use logbook_model::{Name, Session, Sketch, Status};
use logbook_reports::Cell;

use super::naive::{Logs, int, persons, version};

/// Of how many, value, low, high.
type Measured = (usize, Option<[f64; 3]>);

/// The roots of `(p - x)² = z² x (1 - x) / n`, which is where Wilson's interval ends.
fn roots(p: f64, n: f64) -> [f64; 2] {
    let z2 = 1.959_963_984_540_054_f64.powi(2);
    let (square, linear) = (1.0 + z2 / n, -2.0 * p - z2 / n);
    let root = (linear * linear - 4.0 * square * p * p).max(0.0).sqrt();
    [-linear - root, -linear + root].map(|twice| twice / (2.0 * square))
}

fn share(part: usize, whole: usize) -> Measured {
    let p = part as f64 / whole as f64;
    let found = (whole > 0).then(|| {
        let [low, high] = roots(p, whole as f64);
        [p, low, high]
    });
    (whole, found)
}

fn users<'a>(sessions: impl IntoIterator<Item = &'a &'a Session>) -> usize {
    persons(sessions.into_iter().copied()).len()
}

fn crash_free(of: &[&Session]) -> [(&'static str, Measured); 2] {
    let crashed: Vec<&Session> = of
        .iter()
        .copied()
        .filter(|s| s.status == Status::Crashed)
        .collect();
    [
        (
            "crash_free_sessions",
            share(of.len() - crashed.len(), of.len()),
        ),
        (
            "crash_free_users",
            share(users(of) - users(&crashed), users(of)),
        ),
    ]
}

fn of_feature(of: &[&Session], name: &str) -> [(&'static str, Measured); 3] {
    let with: Vec<&Session> = of
        .iter()
        .copied()
        .filter(|s| s.features.contains_key(name))
        .collect();
    let erring = with.iter().filter(|s| s.features[name].errors > 0).count();
    let mut durations = Sketch::default();
    for session in &with {
        durations.merge(&session.features[name].durations);
    }
    let n = durations.count() as usize;
    let at = |q: f64| durations.quantile_us(q).unwrap() as f64;
    let p95 = (n > 0).then(|| {
        let [low, high] = roots(0.95, n as f64);
        // An end beyond all values is nowhere.
        let beyond = |chance: f64| chance.powi(n as i32) > 0.025;
        let low = if beyond(0.05) {
            f64::NEG_INFINITY
        } else {
            at(low)
        };
        let high = if beyond(0.95) {
            f64::INFINITY
        } else {
            at(high)
        };
        [at(0.95), low, high]
    });
    [
        ("adoption", share(users(&with), users(of))),
        ("error_rate", share(erring, with.len())),
        ("p95_us", (n, p95)),
    ]
}

fn cells((n, found): Measured) -> Vec<Cell> {
    let numbers = found.map_or([const { Cell::Null }; 3], |found| found.map(number));
    [vec![int(n)], numbers.to_vec()].concat()
}

fn difference(new: Measured, old: Measured) -> Vec<Cell> {
    let (Some([value, low, high]), Some([was, was_low, was_high])) = (new.1, old.1) else {
        return vec![Cell::Null; 4];
    };
    let square = |x: f64| x * x;
    let d = value - was;
    let low = d - (square(value - low) + square(was_high - was)).sqrt();
    let high = d + (square(high - value) + square(was - was_low)).sqrt();
    let differs = Cell::Boolean(low > 0.0 || high < 0.0);
    [[d, low, high].map(number).to_vec(), vec![differs]].concat()
}

fn number(number: f64) -> Cell {
    if number.is_finite() {
        Cell::Number(number)
    } else {
        Cell::Null
    }
}

impl Logs {
    pub(crate) fn release_delta(&self, environment: &str, only: Option<&str>) -> Vec<Vec<Cell>> {
        let sessions = self.sessions(environment);
        // The versions of these tests are in the order of their texts.
        let mut releases: BTreeMap<String, Vec<&Session>> = BTreeMap::new();
        for session in sessions.iter().filter(|s| s.facts.version.is_some()) {
            releases.entry(version(session)).or_default().push(session);
        }
        let releases: Vec<(String, Vec<&Session>)> = releases.into_iter().collect();
        let mut rows = BTreeMap::new();
        for pair in releases.windows(2) {
            let ((before, old), (now, new)) = (&pair[0], &pair[1]);
            let mut measures = Vec::new();
            if only.is_none_or(|only| only == "(all)") {
                let both = crash_free(new).into_iter().zip(crash_free(old));
                measures.extend(both.map(|both| ("(all)", both)));
            }
            let used = new.iter().chain(old).flat_map(|s| s.features.keys());
            let names: BTreeSet<&str> = used.map(Name::as_str).collect();
            for name in names {
                if only.is_none_or(|only| only == name) {
                    let both = of_feature(new, name).into_iter().zip(of_feature(old, name));
                    measures.extend(both.map(|both| (name, both)));
                }
            }
            for (name, ((measure, ours), (_, theirs))) in measures {
                let key = [now.as_str(), name, measure].map(str::to_owned);
                let mut row: Vec<Cell> = key.iter().cloned().map(Cell::Text).collect();
                row.push(Cell::Text(before.clone()));
                row.extend([cells(ours), cells(theirs), difference(ours, theirs)].concat());
                rows.insert(key, row);
            }
        }
        rows.into_values().collect()
    }
}
