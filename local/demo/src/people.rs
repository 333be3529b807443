//! The users: where they sit, what they do, how their machines are set.

use logbook_model::Consent;

use crate::accounts::{Account, AccountState, offset_min, working_spans};
use crate::releases::{PERIOD_DAYS, RELEASES, is_patch};
use crate::rng::{Rng, mix};

/// When a user works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Weekdays, in the day.
    Office,
    /// Evenings and weekends.
    Evening,
    /// Weekdays, through midnight.
    Night,
    /// Machines: around the clock.
    Always,
}

/// How a user's clock is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    Right,
    /// It starts at 1970 with every run.
    Unset,
    YearAhead,
}

/// How a user's client writes times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeStyle {
    /// With `Z`.
    Utc,
    /// With the zone's offset.
    Offset,
    /// Local, and no zone.
    NoZone,
}

/// How a user's logs come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// At the end of a run.
    Prompt,
    /// So many runs in one log.
    Batch(u8),
    /// By the site's administrator, into the inbox, so many runs in one log.
    Site(u8),
}

/// Where a run belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Environment {
    Production,
    Test,
    Ci,
}

impl Environment {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Test => "test",
            Self::Ci => "ci",
        }
    }
}

/// One user, or one machine that tests.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) key: u64,
    pub(crate) account: Option<u32>,
    /// Logs name the user, and not only the installation.
    pub(crate) named: bool,
    pub(crate) laptop: bool,
    pub(crate) role: u8,
    pub(crate) habit: Habit,
    pub(crate) offset_min: i16,
    pub(crate) os: u8,
    pub(crate) clock: Clock,
    pub(crate) times: TimeStyle,
    pub(crate) consent: Consent,
    pub(crate) delivery: Delivery,
    pub(crate) environment: Environment,
    pub(crate) zips: bool,
    /// Relative number of runs a day.
    pub(crate) weight: u64,
    pub(crate) from: i32,
    pub(crate) to: i32,
    lag: u8,
}

/// Operating systems, by frequency.
pub(crate) const SYSTEMS: [&str; 6] = [
    "Windows 11",
    "macOS 15.5",
    "Windows 10",
    "macOS 14.7",
    "Ubuntu 24.04",
    "Fedora 42",
];
const SYSTEM_WEIGHTS: [u32; 6] = [44, 21, 14, 11, 7, 3];
/// What the test machines run on.
const TEST_SYSTEM: u8 = 4;

/// Weights of upgrading at once, soon, late, never; and days of delay.
const LAG_WEIGHTS: [u32; 4] = [30, 45, 20, 5];
const LAG_DAYS: [(i64, i64); 4] = [(0, 1), (2, 6), (9, 22), (200, 200)];

impl Person {
    pub(crate) fn is_mac(&self) -> bool {
        SYSTEMS[usize::from(self.os)].starts_with("macOS")
    }

    /// The release that the person has on a day of the period.
    pub(crate) fn release_on(&self, day: i32) -> u8 {
        let has = |&release: &usize| {
            let lag = i32::from(self.lag);
            let lag = if is_patch(release) { lag / 2 } else { lag };
            // Not every upgrade is as quick as the others.
            let extra = (mix(self.key.wrapping_add(release as u64)) % 3) as i32;
            let lag = if lag == 0 { 0 } else { lag + extra };
            RELEASES[release].on + lag <= day
        };
        (0..RELEASES.len()).rev().find(has).unwrap_or(1) as u8
    }

    /// Expected runs over the period, relative to others.
    pub(crate) fn total_weight(&self) -> u64 {
        self.weight * (self.to - self.from).max(1) as u64
    }
}

/// Everybody: the accounts' people, those without an account, and the test machines.
pub(crate) fn people(seed: u64, accounts: &[Account], sessions: u32) -> Vec<Person> {
    let mut people = Vec::new();
    for (index, account) in accounts.iter().enumerate() {
        let spans = working_spans(account);
        let mut shared = Rng::of(seed, 0x51e, index as u64);
        // Some customers roll out by plan, some cannot reach the network from their desks.
        let lag = shared.chance(250_000).then(|| shared.between(8, 16) as u8);
        let site = shared.chance(120_000).then(|| shared.between(5, 14) as u8);
        for span in spans {
            let mut person = person(seed, people.len() as u64);
            person.account = Some(index as u32);
            person.named = true;
            person.offset_min = offset_min(index as u32);
            (person.from, person.to) = span;
            person.lag = lag.unwrap_or(person.lag);
            person.delivery = site.map_or(person.delivery, Delivery::Site);
            if account.state == AccountState::AtLimit {
                person.weight = person.weight.max(100);
                person.consent = Consent::Usage;
                person.clock = Clock::Right;
            }
            people.push(person);
        }
    }
    for _ in 0..(sessions / 100).max(8) {
        let person = individual(seed, people.len() as u64);
        people.push(person);
    }
    add_machines(seed, &mut people, sessions);
    people
}

fn person(seed: u64, index: u64) -> Person {
    let mut rng = Rng::of(seed, 0x009e_0b1e, index);
    let (low, high) = LAG_DAYS[rng.weighted(&LAG_WEIGHTS)];
    let habit = match rng.below(100) {
        0..92 => Habit::Office,
        92..96 => Habit::Evening,
        _ => Habit::Night,
    };
    let consent = match rng.below(1000) {
        0..15 => Consent::Off,
        15..85 => Consent::Crash,
        85..145 => Consent::Error,
        _ => Consent::Usage,
    };
    // By position, so that the smallest demo has one of each.
    let clock = match index % 97 {
        13 => Clock::Unset,
        29 => Clock::YearAhead,
        _ => Clock::Right,
    };
    let times = match index % 31 {
        7 => TimeStyle::NoZone,
        1 | 9 | 17 | 19 | 25 => TimeStyle::Offset,
        _ => TimeStyle::Utc,
    };
    let batch = rng.chance(80_000).then(|| rng.between(2, 6) as u8);
    Person {
        key: Rng::of(seed, 0x6e1, index).next(),
        account: None,
        named: true,
        laptop: rng.chance(200_000),
        role: rng.weighted(&[38, 34, 20, 8]) as u8,
        habit,
        offset_min: 0,
        os: rng.weighted(&SYSTEM_WEIGHTS) as u8,
        clock,
        times,
        consent: if clock == Clock::Right {
            consent
        } else {
            Consent::Usage
        },
        delivery: batch.map_or(Delivery::Prompt, Delivery::Batch),
        environment: Environment::Production,
        zips: rng.chance(300_000),
        weight: [300, 100, 30][rng.weighted(&[15, 50, 35])],
        from: 0,
        to: PERIOD_DAYS,
        lag: rng.between(low, high) as u8,
    }
}

/// Somebody without an account, who has found the product on the way.
fn individual(seed: u64, index: u64) -> Person {
    let mut rng = Rng::of(seed, 0x1d1, index);
    let mut person = person(seed, index);
    person.named = rng.chance(500_000);
    person.offset_min = (rng.between(-8, 9) * 60) as i16;
    if rng.chance(600_000) {
        person.habit = Habit::Evening;
    }
    if rng.chance(400_000) {
        person.from = rng.between(1, 50) as i32;
    }
    person
}

/// The vendor's own test machines: three of a hundred runs.
fn add_machines(seed: u64, people: &mut Vec<Person>, sessions: u32) {
    let total: u64 = people.iter().map(Person::total_weight).sum();
    let count = u64::from(sessions / 1000 + 2);
    let days = PERIOD_DAYS as u64;
    for machine in 0..count {
        let person = Person {
            account: None,
            laptop: false,
            habit: Habit::Always,
            os: TEST_SYSTEM,
            clock: Clock::Right,
            times: TimeStyle::Utc,
            consent: Consent::Usage,
            delivery: Delivery::Prompt,
            environment: if machine % 3 == 1 {
                Environment::Test
            } else {
                Environment::Ci
            },
            weight: (total * 3 / 97 / days / count).max(1),
            lag: 0,
            ..person(seed, people.len() as u64)
        };
        people.push(person);
    }
}
