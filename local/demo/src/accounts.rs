//! The customers.

use logbook_model::Day;

use crate::modules::MODULES;
use crate::releases::PERIOD_DAYS;
use crate::rng::{ONE, Rng};

/// How an account fares over the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountState {
    /// More of its people work with the product every week.
    Growing,
    /// As many as ever.
    Steady,
    /// One after another stops.
    Declining,
    /// Nobody has used it for the last four weeks.
    Silent,
    /// Every seat is taken.
    AtLimit,
}

/// One customer, as the sales department knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The id that logs bear.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Seats under contract.
    pub seats: u32,
    /// Ids of the licensed modules under contract.
    pub modules: Vec<&'static str>,
    /// When the contract ends.
    pub renewal_on: Day,
    /// What the reports should find.
    pub state: AccountState,
}

/// Every state is there among the first six, so that the smallest demo tells the whole story.
const STATES: [AccountState; 10] = [
    AccountState::Steady,
    AccountState::Growing,
    AccountState::AtLimit,
    AccountState::Declining,
    AccountState::Steady,
    AccountState::Silent,
    AccountState::Growing,
    AccountState::Steady,
    AccountState::Steady,
    AccountState::Declining,
];

const PLACES: [&str; 20] = [
    "Halle", "Porto", "Aarhus", "Ghent", "Turin", "Leeds", "Graz", "Malmo", "Lyon", "Utrecht",
    "Boston", "Austin", "Oakland", "Toronto", "Denver", "Osaka", "Pune", "Perth", "Seoul",
    "Taipei",
];

/// Offset of each place from UTC, in minutes.
const OFFSETS: [i16; 20] = [
    60, 0, 60, 60, 60, 0, 60, 60, 60, 60, -300, -360, -480, -300, -420, 540, 330, 480, 540, 480,
];

const TRADES: [&str; 7] = [
    "Press",
    "Type Foundry",
    "Magazines",
    "University Press",
    "Packaging",
    "Design",
    "Gazette",
];

/// The first `count` customers.
pub(crate) fn accounts(seed: u64, count: u32, end: Day) -> Vec<Account> {
    (0..count).map(|index| account(seed, index, end)).collect()
}

/// An account's offset from UTC, in minutes.
pub(crate) fn offset_min(index: u32) -> i16 {
    OFFSETS[place(index)]
}

/// An account's place, for the ids of logs from there.
pub(crate) fn place_name(index: u32) -> &'static str {
    PLACES[place(index)]
}

const fn place(index: u32) -> usize {
    (index as usize * 7) % PLACES.len()
}

fn account(seed: u64, index: u32, end: Day) -> Account {
    let mut rng = Rng::of(seed, 0xacc0, u64::from(index));
    let state = STATES[index as usize % STATES.len()];
    let round = index as usize / PLACES.len();
    let name = format!(
        "{} {}",
        place_name(index),
        TRADES[(place(index) + round) % TRADES.len()]
    );
    let number = if round < TRADES.len() {
        String::new()
    } else {
        format!(" {}", round / TRADES.len() + 1)
    };
    let licensed = MODULES.iter().filter(|module| module.licensed);
    let modules = licensed
        .filter(|_| rng.chance(520_000))
        .map(|m| m.id)
        .collect();
    // Whoever drifts away should be called soon.
    let renewal_in = match state {
        AccountState::Declining | AccountState::Silent => rng.between(20, 60),
        _ => rng.between(45, 340),
    };
    // Fewer people than this can neither grow nor decline in a way that shows.
    let least = match state {
        AccountState::Growing | AccountState::Declining => 7,
        _ => 4,
    };
    Account {
        id: format!("acct-{:04}", 1001 + index * 7),
        name: name + &number,
        seats: rng.log_normal(8, ONE * 7 / 10).clamp(least, 40) as u32,
        modules,
        renewal_on: end.plus(renewal_in as i32),
        state,
    }
}

/// The days of the period on which each person of an account works with the product, from the
/// first to the one after the last.
pub(crate) fn working_spans(account: &Account) -> Vec<(i32, i32)> {
    let seats = account.seats as i32;
    let people = match account.state {
        AccountState::Growing | AccountState::Declining => seats * 9 / 10,
        AccountState::Steady => (seats * 2 / 3).max(3),
        AccountState::Silent => seats * 7 / 10,
        AccountState::AtLimit => seats,
    };
    // A few stay with growing and declining accounts throughout.
    let core = (people / 5).max(1);
    let moved = (people - core).max(1);
    let span = |person: i32| {
        let step = (person - core).max(0);
        match account.state {
            AccountState::Growing if person >= core => (20 + step * 34 / moved, PERIOD_DAYS),
            AccountState::Declining if person >= core => (0, 14 + step * 26 / moved),
            AccountState::Silent => (0, PERIOD_DAYS - 32 + person % 3),
            _ => (0, PERIOD_DAYS),
        }
    };
    (0..people).map(span).collect()
}
