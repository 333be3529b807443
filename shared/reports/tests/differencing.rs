//! Who compares a report's ranges learns of nobody: two ranges differ by nothing, or by what enough
//! persons did.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[allow(dead_code, reason = "each test program uses its share")]
#[path = "../../../tests/databases/place.rs"]
mod place;
#[allow(dead_code, reason = "each test program uses its share")]
mod support;

use std::collections::{BTreeMap, BTreeSet};

use logbook_model::{Day, Kind};
use logbook_reports::{Cell, query};
use place::{Place, on_every_database};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use support::{Run, Stores, TODAY, analyze_all, open, request, store};

const LEAST: usize = 3;
/// The last days of one month and the first of the next.
const FIRST: Day = TODAY.plus(-14);
const DAYS: i32 = 18;

/// Session `n` uses its feature 2ⁿ times, so that a sum of uses names the sessions it is made of.
fn runs(sessions: &[(i32, usize, bool, bool)]) -> Vec<Run> {
    let run = |(nth, (day, user, is_open, is_new)): (usize, &(i32, usize, bool, bool))| {
        let mut run = Run::new(&format!("s{nth}"), FIRST.plus(*day), &format!("u{user}"));
        let name = if *is_open { "open" } else { "save" };
        run.version = Some(if *is_new { "2" } else { "1" }.to_owned());
        run.environment = nth.is_multiple_of(5).then(|| "test".to_owned());
        run.events = vec![(name.to_owned(), Kind::Normal, false, 1 << nth, None)];
        run
    };
    sessions.iter().enumerate().map(run).collect()
}

/// The sum of uses of each group that is shown, by its key.
async fn uses(stores: &Stores, by: &str, from: Day, to: Day) -> BTreeMap<String, u64> {
    // Of all environments, so that a day of a group may have several rows.
    let mut request = request("feature-usage", &[("by", by), ("environment", "all")]);
    (request.from, request.to) = (Some(from), Some(to));
    request.min_users = LEAST as u32;
    let reply = query(&stores.analytics, &request).await.unwrap();
    let at = reply
        .columns
        .iter()
        .position(|column| column.name == "uses");
    let at = at.unwrap();
    let rows = reply.rows.iter();
    rows.map(|row| match row[at] {
        Cell::Integer(uses) => (format!("{:?}", &row[..by.split(',').count()]), uses as u64),
        _ => panic!("{row:?}"),
    })
    .collect()
}

/// Who had a hand in a sum of uses.
fn persons(sessions: &[(i32, usize, bool, bool)], uses: u64) -> BTreeSet<usize> {
    let numbered = sessions.iter().enumerate();
    let within = numbered.filter(|(nth, _)| uses >> nth & 1 == 1);
    within.map(|(_, (_, user, ..))| *user).collect()
}

async fn no_two_ranges_of_a_group_differ_by_few_persons(place: &Place) {
    let session = (0..DAYS, 0..9usize, any::<bool>(), any::<bool>());
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    let strategy = proptest::collection::vec(session, 30..48);
    let (mut shown, mut differ) = (0, 0);
    for _ in 0..3 {
        let sessions = strategy.new_tree(&mut runner).unwrap().current();
        let place = place.another().await;
        let stores = open(&place).await;
        store(&stores, &runs(&sessions)).await;
        analyze_all(&stores).await;
        for by in ["feature", "version", "version,feature"] {
            let mut found = BTreeMap::new();
            for from in 0..DAYS {
                for to in from..DAYS {
                    let days = (FIRST.plus(from), FIRST.plus(to));
                    found.insert((from, to), uses(&stores, by, days.0, days.1).await);
                }
            }
            for (&(from, to), wide) in &found {
                for (key, uses) in wide {
                    shown += 1;
                    assert!(persons(&sessions, *uses).len() >= LEAST);
                    let shorter = (from..=to).flat_map(|day| [(day, to), (from, day)]);
                    for narrow in shorter.filter_map(|range| found[&range].get(key)) {
                        // Nothing comes in that the wider range has not.
                        assert_eq!(narrow & !uses, 0, "{sessions:?}");
                        let alone = persons(&sessions, uses & !narrow).len();
                        assert!(
                            alone == 0 || alone >= LEAST,
                            "{key} {from}-{to} {sessions:?}"
                        );
                        differ += usize::from(alone > 0);
                    }
                }
            }
        }
    }
    assert!(shown > 300 && differ > 300, "{shown} {differ}");
}

/// Four days of one person each, and one of three; the month ends between the fourth and the fifth.
async fn days_of_few_persons_count_once_they_are_enough_together(place: &Place) {
    let stores = open(place).await;
    let march = Day::from_civil(2026, 3, 1);
    let days = [
        (-6, 0),
        (-5, 1),
        (-3, 2),
        (-1, 3),
        (0, 4),
        (0, 5),
        (0, 6),
        (2, 7),
    ];
    let sessions: Vec<_> = days
        .map(|(day, user)| (day + march.0 - FIRST.0, user, true, true))
        .into();
    store(&stores, &runs(&sessions)).await;
    analyze_all(&stores).await;
    let asked = async |from: i32, to: i32| {
        let found = uses(&stores, "feature", march.plus(from), march.plus(to)).await;
        found
            .into_values()
            .next()
            .map(|uses| persons(&sessions, uses))
    };
    let persons = |of: &[usize]| Some(of.iter().copied().collect::<BTreeSet<_>>());
    assert_eq!(asked(-6, -4).await, None, "two persons");
    assert_eq!(
        asked(-6, -3).await,
        persons(&[0, 1, 2]),
        "the third makes a block"
    );
    assert_eq!(
        asked(-6, -1).await,
        persons(&[0, 1, 2]),
        "the fourth begins another"
    );
    assert_eq!(
        asked(-5, -1).await,
        None,
        "three persons, but a day of the block lies outside"
    );
    assert_eq!(
        asked(-5, 5).await,
        persons(&[4, 5, 6]),
        "a day of three is a block"
    );
    assert_eq!(
        asked(-6, 5).await,
        persons(&[0, 1, 2, 4, 5, 6]),
        "no block goes over a month's end"
    );
}

/// All rows of a report from the first of March on.
async fn of_march(stores: &Stores, report: &str, to: u32) -> Vec<Vec<Cell>> {
    let mut request = request(report, &[]);
    request.from = Some(Day::from_civil(2026, 3, 1));
    request.to = Some(Day::from_civil(2026, 3, to));
    request.min_users = LEAST as u32;
    query(&stores.analytics, &request).await.unwrap().rows
}

/// Three persons use `open` and then `save` on eight days; on the ninth one uses `open` three times.
async fn what_one_person_did_is_in_no_share_of_a_path(place: &Place) {
    let stores = open(place).await;
    let mut runs = Vec::new();
    for day in 1..=8 {
        for user in ["a", "b", "c"] {
            let day = Day::from_civil(2026, 3, day);
            let mut run = Run::new(&format!("{user}{day}"), day, user);
            run.events
                .push(("save".to_owned(), Kind::Normal, false, 1, None));
            runs.push(run);
        }
    }
    for nth in 0..3 {
        runs.push(Run::new(
            &format!("x{nth}"),
            Day::from_civil(2026, 3, 9),
            "x",
        ));
    }
    store(&stores, &runs).await;
    analyze_all(&stores).await;
    let before = of_march(&stores, "feature-paths", 8).await;
    assert_eq!(before.len(), 3);
    assert_eq!(of_march(&stores, "feature-paths", 9).await, before);
}

/// Three persons use `open` in two releases on two days; then one fails with `save` in the new one,
/// and the day after three do; on the last day another uses `open` alone.
async fn what_one_person_did_changes_no_comparison_of_releases(place: &Place) {
    let stores = open(place).await;
    let mut runs = Vec::new();
    let days: [(u32, &[&str]); 5] = [
        (1, &["a", "b", "c"]),
        (2, &["b", "c", "d"]),
        (3, &["x"]),
        (4, &["a", "b", "x"]),
        (5, &["y"]),
    ];
    for (day, users) in days {
        for (version, user) in users.iter().flat_map(|user| [("1", user), ("2", user)]) {
            let at = Day::from_civil(2026, 3, day);
            let mut run = Run::new(&format!("{day}{version}{user}"), at, user);
            run.version = Some(version.to_owned());
            if [3, 4].contains(&day) && version == "2" {
                let failed = ("save".to_owned(), Kind::Normal, true, 1, Some(1000));
                run.events.push(failed);
            }
            runs.push(run);
        }
    }
    store(&stores, &runs).await;
    analyze_all(&stores).await;
    let before = of_march(&stores, "release-delta", 2).await;
    // Of the release as a whole, and of `open`.
    assert_eq!(before.len(), 2 + 3);
    assert_eq!(of_march(&stores, "release-delta", 3).await, before);
    let after = of_march(&stores, "release-delta", 4).await;
    let save = |row: &&Vec<Cell>| row[1] == Cell::Text("save".to_owned());
    let save: Vec<(Cell, Cell)> = after
        .iter()
        .filter(save)
        .map(|row| (row[4].clone(), row[5].clone()))
        .collect();
    // Five used the release on the days that count; what `x` did alone on the third does not.
    let of = |n, value| (Cell::Integer(n), Cell::Number(value));
    assert_eq!(save[..2], [of(5, 0.6), of(3, 1.0)]);
    assert_eq!(save[2].0, Cell::Integer(3));
    assert_eq!(of_march(&stores, "release-delta", 5).await, after);
}

/// Two days of few persons that are put together, of which the first has enough for what was before.
#[rustfmt::skip]
async fn a_day_that_waits_for_others_is_in_no_share_of_a_path(place: &Place) {
    let stores = open(place).await;
    let mut runs = Vec::new();
    // By day: who goes from `open` to `save`, and who uses `open` alone.
    let days: [(u32, &[&str], &[&str]); 3] = [
        (1, &["a", "b", "c"], &[]),
        (2, &["a", "b"], &["c"]),
        (3, &["x", "x", "x"], &[]),
    ];
    for (day, both, alone) in days {
        let day = Day::from_civil(2026, 3, day);
        for (nth, user) in both.iter().chain(alone).enumerate() {
            let mut run = Run::new(&format!("{day}-{nth}"), day, user);
            if nth < both.len() {
                run.events.push(("save".to_owned(), Kind::Normal, false, 1, None));
            }
            runs.push(run);
        }
    }
    store(&stores, &runs).await;
    analyze_all(&stores).await;
    let step = async |to| {
        let rows = of_march(&stores, "feature-paths", to).await;
        let mut steps = rows.into_iter().map(|row| row[row.len() - 5..].to_vec());
        let texts = ["open", "save"].map(|name| Cell::Text(name.to_owned()));
        steps.find(|row| row[..2] == texts).unwrap()
    };
    // With the third day come the second and the third: of three persons, in six sessions.
    assert_eq!(step(2).await[2..], [Cell::Integer(3), Cell::Integer(3), Cell::Ratio(1.0)]);
    assert_eq!(step(3).await[2..], [Cell::Integer(8), Cell::Integer(4), Cell::Ratio(8.0 / 9.0)]);
}

/// Each day of three has another new person, who comes back the day after.
async fn who_came_back_is_told_once_a_block_is_over(place: &Place) {
    let stores = open(place).await;
    // The analysis is of the tenth: seven days after the first of March are over, and no more.
    let days = [(1, "a"), (2, "a"), (3, "b"), (4, "b"), (5, "c")];
    let runs = days
        .map(|(day, user)| Run::new(&format!("{user}{day}"), Day::from_civil(2026, 3, day), user));
    store(&stores, &runs).await;
    analyze_all(&stores).await;
    let rows = of_march(&stores, "feature-adoption", 5).await;
    let cells = &rows[0][1..];
    // Active users, users, adoption; new users, who came back within 7 and 28 days, and the rates.
    assert_eq!(cells[1], Cell::Integer(3));
    assert_eq!(
        cells[3..],
        [
            Cell::Integer(3),
            Cell::Integer(2),
            Cell::Integer(2),
            Cell::Null,
            Cell::Null,
        ]
    );
}

on_every_database! {
    a_day_that_waits_for_others_is_in_no_share_of_a_path,
    what_one_person_did_is_in_no_share_of_a_path,
    what_one_person_did_changes_no_comparison_of_releases,
    who_came_back_is_told_once_a_block_is_over,
    days_of_few_persons_count_once_they_are_enough_together,
    no_two_ranges_of_a_group_differ_by_few_persons,
}
