//! Who starts the software when.

use logbook_model::Day;

use crate::people::{Habit, Person};
use crate::rng::Rng;

pub(crate) const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;

/// One run of the software: what a session is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) person: u32,
    /// The seed of all that happens in it.
    pub(crate) seed: u64,
    /// When it started, in milliseconds of UTC.
    pub(crate) start_ms: i64,
    pub(crate) release: u8,
    /// On the person's second machine.
    pub(crate) laptop: bool,
}

/// Weights of the local hours at which work is begun.
type Hours = [u32; 24];
const OFFICE: Hours = [
    0, 0, 0, 0, 0, 1, 4, 14, 40, 52, 44, 30, 16, 34, 44, 36, 26, 16, 8, 5, 4, 3, 2, 1,
];
const EVENING: Hours = [
    4, 1, 0, 0, 0, 0, 0, 1, 4, 8, 10, 10, 8, 10, 12, 12, 12, 16, 26, 44, 52, 48, 30, 12,
];
const NIGHT: Hours = [
    26, 18, 10, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 14, 24, 36, 46, 50, 40,
];
const ALWAYS: Hours = [1; 24];

/// Places the runs in the period whose first day is `first`.
pub(crate) struct Schedule<'a> {
    people: &'a [Person],
    sums: Vec<u64>,
    first: Day,
    seed: u64,
}

impl<'a> Schedule<'a> {
    pub(crate) fn new(seed: u64, people: &'a [Person], first: Day) -> Self {
        let sums = people.iter().scan(0, |sum, person| {
            *sum += person.total_weight();
            Some(*sum)
        });
        Self {
            people,
            sums: sums.collect(),
            first,
            seed,
        }
    }

    /// The `index`-th run. The first ones give each person one, late in their time with the
    /// product; the others fall to the people by their habits.
    pub(crate) fn run(&self, index: u32) -> Run {
        let mut rng = Rng::of(self.seed, 0x5e55, u64::from(index));
        let seed = rng.next();
        let granted = (index as usize) < self.people.len();
        let at = if granted {
            index as usize
        } else {
            rng.by_sums(&self.sums)
        };
        let person = &self.people[at];
        let from = if granted {
            person.from.max(person.to - 20)
        } else {
            person.from
        };
        let day = self.day(&mut rng, person, from);
        let hours = match person.habit {
            Habit::Office => &OFFICE,
            Habit::Evening => &EVENING,
            Habit::Night => &NIGHT,
            Habit::Always => &ALWAYS,
        };
        let hour = rng.weighted(hours) as i64;
        let local = self.day_ms(day) + hour * HOUR_MS + rng.below(HOUR_MS as u64) as i64;
        let start_ms = local - i64::from(person.offset_min) * 60_000;
        Run {
            person: at as u32,
            seed,
            start_ms,
            release: person.release_on(day),
            laptop: person.laptop && rng.chance(350_000),
        }
    }

    /// The same run some days earlier, with the release of then.
    pub(crate) fn earlier(&self, run: Run, days: i32) -> Run {
        let start_ms = run.start_ms - i64::from(days) * DAY_MS;
        let person = &self.people[run.person as usize];
        let day = start_ms.div_euclid(DAY_MS) as i32 - self.first.0;
        Run {
            start_ms,
            release: person.release_on(day),
            ..run
        }
    }

    const fn day_ms(&self, day: i32) -> i64 {
        (self.first.0 + day) as i64 * DAY_MS
    }

    fn day(&self, rng: &mut Rng, person: &Person, from: i32) -> i32 {
        let mut day = from;
        for _ in 0..16 {
            day = rng.between(i64::from(from), i64::from(person.to - 1).max(from.into())) as i32;
            // 1970-01-01 was a Thursday.
            let weekend = (self.first.0 + day + 3).rem_euclid(7) >= 5;
            let kept = match (person.habit, weekend) {
                (Habit::Office, true) => 70_000,
                (Habit::Night, true) => 250_000,
                (Habit::Evening, false) => 550_000,
                _ => 1_000_000,
            };
            if rng.chance(kept) {
                break;
            }
        }
        day
    }
}
