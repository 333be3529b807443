//! Who runs the software, in which version, and what it can do.

use logbook_model::Day;

use crate::random::{Random, mix, sums};

/// The product.
pub const PRODUCT: &str = "editor";
/// The last day of the history; new hours come after it.
pub const LAST_DAY: Day = Day::from_civil(2026, 6, 30);

const ACCOUNTS: usize = 200;
const MODULES: [&str; 16] = [
    "edit", "view", "file", "search", "layout", "draw", "table", "share", "review", "export",
    "import", "build", "debug", "test", "plugin", "settings",
];
const VERBS: [&str; 15] = [
    "open", "close", "start", "stop", "apply", "undo", "find", "copy", "move", "merge", "split",
    "preview", "reload", "rename", "arrange",
];
const FAVOURITES: usize = 30;
const RELEASE_DAYS: i32 = 15;

/// How much there is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Sessions of the history.
    pub sessions: u64,
    /// Its days.
    pub days: u32,
    /// Persons who run the software at one time or another.
    pub persons: u32,
    /// What all else follows from.
    pub seed: u64,
}

/// A person with habits.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) user: Option<String>,
    pub(crate) installation: String,
    pub(crate) account: Option<String>,
    pub(crate) os: &'static str,
    pub(crate) runtime: &'static str,
    pub(crate) environment: Option<&'static str>,
    /// The first and the last day, counted from the first of the history.
    stay: (i32, i32),
    /// On which share of the days.
    presence: f64,
    /// How many days a release takes to get here.
    lag: i32,
    pub(crate) favourites: Vec<usize>,
}

/// All of it.
#[derive(Debug)]
pub struct World {
    pub(crate) size: Size,
    pub(crate) persons: Vec<Person>,
    weights: Vec<f64>,
    pub(crate) features: Vec<String>,
    pub(crate) popularity: Vec<f64>,
    days: Vec<f64>,
}

impl World {
    /// The world of a size. But for the days on which sessions fall, it does not depend on their
    /// number.
    pub fn new(size: Size) -> Self {
        let features: Vec<String> = (0..MODULES.len() * VERBS.len())
            .map(|rank| {
                let verb = VERBS[(rank / MODULES.len() + rank) % VERBS.len()];
                format!("{}.{verb}", MODULES[rank % MODULES.len()])
            })
            .collect();
        let popularity = sums((0..features.len()).map(|rank| 1.0 / (rank as f64 + 3.0)));
        let accounts = sums((0..ACCOUNTS).map(|rank| 1.0 / (rank as f64 + 2.0)));
        let mut weights = Vec::new();
        let persons = (0..u64::from(size.persons)).map(|number| {
            let mut random = Random::new(size.seed ^ 0x7065_7273, number);
            let weight = 1.0 / (0.05 + random.unit());
            weights.push(weight);
            person(&mut random, size, weight, (&accounts, &popularity))
        });
        let persons = persons.collect();
        let days = sums((0..size.days as i32).map(|day| {
            let growth = 1.0 + 0.3 * f64::from(day) / f64::from(size.days);
            growth * if is_weekend(size, day) { 0.35 } else { 1.0 }
        }));
        Self {
            size,
            persons,
            weights: sums(weights),
            features,
            popularity,
            days,
        }
    }

    /// The first day of the history.
    pub const fn first_day(&self) -> Day {
        LAST_DAY.plus(1 - self.size.days as i32)
    }

    /// The numbers of the history's sessions, in the order of their ids.
    pub fn numbers(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> = (0..self.size.sessions).collect();
        numbers.sort_unstable_by_key(|number| self.id(*number));
        numbers
    }

    /// The id of a session, in bits.
    pub(crate) const fn id(&self, number: u64) -> u64 {
        mix(number ^ mix(self.size.seed))
    }

    /// The day of a session of the history, counted from the first.
    pub(crate) fn day_of(&self, number: u64) -> i32 {
        let all = self.days.last().copied().unwrap_or_default();
        let at = (number as f64 + 0.5) / self.size.sessions as f64 * all;
        let day = self.days.partition_point(|sum| *sum <= at);
        day.min(self.days.len().saturating_sub(1)) as i32
    }

    /// Someone who is there on a day.
    pub(crate) fn someone(&self, random: &mut Random, day: i32) -> &Person {
        let mut found = &self.persons[0];
        for _ in 0..64 {
            let number = random.weighted(&self.weights);
            let person = &self.persons[number];
            if !(person.stay.0..=person.stay.1).contains(&day) {
                continue;
            }
            found = person;
            let weekend = if is_weekend(self.size, day) { 0.4 } else { 1.0 };
            let mut habit = Random::new(self.size.seed ^ number as u64, day as u64);
            if habit.chance(person.presence * weekend) {
                break;
            }
        }
        found
    }

    /// The version that a person has on a day: every so many days there is another.
    pub(crate) fn version(person: &Person, day: i32) -> String {
        let release = (day - person.lag).div_euclid(RELEASE_DAYS);
        format!("4.{}.0", (release + 4).max(0))
    }
}

fn is_weekend(size: Size, day: i32) -> bool {
    // 1970-01-01 was a Thursday.
    let weekday = (LAST_DAY.0 + 1 - size.days as i32 + day + 3).rem_euclid(7);
    weekday > 4
}

fn person(
    random: &mut Random,
    size: Size,
    weight: f64,
    (accounts, popularity): (&[f64], &[f64]),
) -> Person {
    let days = size.days as i32;
    let name = |random: &mut Random| format!("{:016x}{:016x}", random.next(), random.next());
    let from = if random.chance(0.6) {
        0
    } else {
        random.below(size.days.into()) as i32
    };
    let until = from + 3 + random.waiting(f64::from(days) * 1.5) as i32;
    Person {
        installation: name(random),
        user: Some(name(random)).filter(|_| random.chance(0.85)),
        account: Some(format!("account-{:03}", random.weighted(accounts)))
            .filter(|_| random.chance(0.6)),
        os: [
            "Windows 11",
            "Windows 10",
            "macOS 15.2",
            "Linux 6.8",
            "Ubuntu 24.04",
        ][random.weighted(&[0.4, 0.65, 0.85, 0.95, 1.0])],
        runtime: ["Java 21", "Java 17", "Java 11"][random.weighted(&[0.6, 0.9, 1.0])],
        environment: [None, Some("production"), Some("ci")][random.weighted(&[0.8, 0.96, 1.0])],
        stay: (from, until),
        presence: (0.1 + weight / 20.0).min(0.9),
        lag: random.waiting(9.0) as i32,
        favourites: (0..FAVOURITES)
            .map(|_| random.weighted(popularity))
            .collect(),
    }
}
