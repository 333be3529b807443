//! Distinct persons of rolling windows, in one pass over the days.

use std::collections::{BTreeMap, HashMap};

use logbook_model::Day;

use super::{MONTH, WEEK};
use crate::persons::{Person, Persons};

/// What is known of a day by itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct DayPersons {
    pub(crate) sessions: u64,
    pub(crate) unidentified: u64,
    pub(crate) persons: Persons,
}

/// Distinct persons of the windows that end with a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Windows {
    pub(crate) wau: u64,
    pub(crate) mau: u64,
}

/// The windows that end with each of the days `from ..= to`. `days` must hold those from
/// [`MONTH`] - 1 days before `from` on, as far as there is anyone.
///
/// A person counts for the last day seen so far, so that a window is a sum over its days, and
/// each person-day is looked at once.
pub(crate) fn windows(
    days: &mut BTreeMap<Day, DayPersons>,
    from: Day,
    to: Day,
) -> BTreeMap<Day, Windows> {
    let mut last_seen: HashMap<Person, Day> = HashMap::new();
    let mut seen_last: BTreeMap<Day, u64> = BTreeMap::new();
    let mut found = BTreeMap::new();
    let mut day = from.plus(1 - MONTH);
    while day <= to {
        if let Some(of_day) = days.get_mut(&day) {
            let persons = of_day.persons.sorted();
            for &person in persons {
                if let Some(before) = last_seen.insert(person, day)
                    && let Some(count) = seen_last.get_mut(&before)
                {
                    *count -= 1;
                }
            }
            seen_last.insert(day, persons.len() as u64);
        }
        if day >= from {
            let since = |days: i32| {
                seen_last
                    .range(day.plus(1 - days)..=day)
                    .map(|(_, n)| n)
                    .sum()
            };
            found.insert(
                day,
                Windows {
                    wau: since(WEEK),
                    mau: since(MONTH),
                },
            );
        }
        day = day.plus(1);
    }
    found
}
