//! The measures of a release and of its features, each against the release before.

use logbook_model::Sketch;

use super::interval::{Estimate, difference, proportion, quantile};
use super::releases::{Feature, Release};
use crate::reply::Cell;

/// A measure in one release: what it is of, and its estimate.
type Measured = (u64, Option<Estimate>);

/// A measure by its name, in the release and in the one before.
pub(super) type Measure = (&'static str, Measured, Measured);

fn share(part: u64, whole: u64) -> Measured {
    (whole, proportion(part, whole))
}

/// What is measured of a release as a whole, in the order of the names.
pub(super) fn of_release(new: &mut Release, old: &mut Release) -> [Measure; 2] {
    let sessions = |of: &Release| share(of.sessions.saturating_sub(of.crashed), of.sessions);
    let users = |of: &mut Release| {
        let users = of.persons.count();
        share(users.saturating_sub(of.crashing.count()), users)
    };
    [
        ("crash_free_sessions", sessions(new), sessions(old)),
        ("crash_free_users", users(new), users(old)),
    ]
}

/// What is measured of a feature, in the order of the names, given the releases' users.
pub(super) fn of_feature(
    (new, new_users): (&mut Feature, u64),
    (old, old_users): (&mut Feature, u64),
) -> [Measure; 3] {
    let errors = |of: &Feature| share(of.erring, of.sessions);
    [
        (
            "adoption",
            share(new.persons.count(), new_users),
            share(old.persons.count(), old_users),
        ),
        ("error_rate", errors(new), errors(old)),
        ("p95_us", p95(&new.durations), p95(&old.durations)),
    ]
}

fn p95(durations: &Sketch) -> Measured {
    let n = durations.count();
    (n, quantile(n, 0.95, |q| durations.quantile_us(q)))
}

/// The cells of a measure, from `n` on.
pub(super) fn cells((_, new, old): &Measure) -> Vec<Cell> {
    let of = |estimate: Option<Estimate>| match estimate {
        Some(found) => [Some(found.value), found.low, found.high]
            .map(|number| number.map_or(Cell::Null, Cell::Number)),
        None => [Cell::Null, Cell::Null, Cell::Null],
    };
    let mut cells = Vec::with_capacity(12);
    for (n, estimate) in [new, old] {
        cells.push(Cell::count(*n));
        cells.extend(of(*estimate));
    }
    let difference = new.1.zip(old.1).map(|(new, old)| difference(new, old));
    cells.extend(of(difference));
    cells.push(difference.map_or(Cell::Null, |found| Cell::Boolean(found.leaves_out_zero())));
    cells
}
