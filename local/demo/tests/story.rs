//! What an analyst should find.
#![allow(clippy::unwrap_used, reason = "tests")]

mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use logbook_demo::{Account, AccountState, Demo};
use logbook_formats::Flags;
use logbook_model::{Name, Part, Session, Sketch, Status, Timestamp};

use read::{END, day, demo, in_production, read, sessions};

struct Story {
    demo: Demo,
    sessions: Vec<Session>,
}

static STORY: LazyLock<Story> = LazyLock::new(|| {
    let demo = demo(4, 5_000);
    let mut sessions = sessions(&demo, Timestamp::start_of(END.plus(1)));
    sessions.retain(in_production);
    Story { demo, sessions }
});

fn of_version(version: &str) -> Vec<&'static Session> {
    let is = |session: &&Session| session.facts.version.as_deref() == Some(version);
    STORY.sessions.iter().filter(is).collect()
}

fn permille(part: u64, whole: u64) -> u64 {
    part * 1000 / whole.max(1)
}

fn crashed_permille(version: &str) -> u64 {
    let sessions = of_version(version);
    let crashed = sessions.iter().filter(|s| s.status == Status::Crashed);
    permille(crashed.count() as u64, sessions.len() as u64)
}

fn error_permille(version: &str, feature: &str) -> u64 {
    let sessions = of_version(version);
    let features = sessions.iter().filter_map(|s| s.features.get(feature));
    let (errors, events) = features.fold((0, 0), |(e, n), f| (e + f.errors, n + f.events));
    permille(errors, events)
}

fn p50_ms(version: &str, feature: &str) -> u64 {
    let mut durations = Sketch::default();
    for session in of_version(version) {
        if let Some(feature) = session.features.get(feature) {
            durations.merge(&feature.durations);
        }
    }
    durations.quantile_us(0.5).unwrap() / 1000
}

#[test]
fn the_bad_release_crashes_fails_and_is_slow_and_its_patch_mends_it() {
    for good in ["4.1.1", "4.2.1", "4.3.0"] {
        let (bad, good_rate) = (crashed_permille("4.2.0"), crashed_permille(good));
        assert!(bad > 3 * good_rate && good_rate < 20, "{bad} {good_rate}");
        let errors = error_permille(good, "image.place");
        assert!(
            error_permille("4.2.0", "image.place") > 8 * errors.max(1),
            "{errors}"
        );
        let (slow, usual) = (p50_ms("4.2.0", "export.pdf"), p50_ms(good, "export.pdf"));
        assert!(slow * 10 > usual * 17, "{slow} {usual}");
    }
    // Nothing else got worse.
    assert!(error_permille("4.2.0", "image.crop") < 20);
    assert!(of_version("4.2.0").len() > 250);
}

#[test]
fn the_last_minor_release_opens_documents_faster() {
    let (before, after) = (
        p50_ms("4.2.1", "document.open"),
        p50_ms("4.3.0", "document.open"),
    );
    assert!(after * 100 < before * 85, "{before} {after}");
}

#[test]
fn releases_are_adopted_by_and_by_and_some_people_never_upgrade() {
    let share = |version: &str, from: i32, to: i32| {
        let days = END.plus(from - 59)..END.plus(to - 59);
        let all = STORY.sessions.iter().filter(|s| days.contains(&day(s)));
        let (mut with, mut count) = (0, 0);
        for session in all {
            with += u64::from(session.facts.version.as_deref() == Some(version));
            count += 1;
        }
        permille(with, count)
    };
    assert_eq!(share("4.2.0", 0, 24), 0);
    let curve = [
        share("4.2.0", 24, 27),
        share("4.2.0", 30, 34),
        share("4.2.0", 44, 60),
    ];
    assert!(
        curve[0] > 60 && curve[1] > curve[0] && curve[2] < curve[1] / 2,
        "{curve:?}"
    );
    assert!(share("4.0.2", 50, 60) > 10);
}

/// Distinct users of an account by the days on which they worked.
fn users_in(account: &Account, from: i32, to: i32) -> usize {
    let days = END.plus(from - 59)..END.plus(to - 59);
    let theirs = STORY.sessions.iter().filter(|session| {
        session.facts.account.as_deref() == Some(&account.id) && days.contains(&day(session))
    });
    let users: BTreeSet<_> = theirs.map(|session| session.facts.user.clone()).collect();
    users.len()
}

#[test]
fn accounts_fare_as_the_product_says() {
    let mut held: BTreeMap<AccountState, (u32, u32)> = BTreeMap::new();
    for account in &STORY.demo.product().accounts {
        // The four weeks before the last four, and the last four.
        let (before, now) = (users_in(account, 4, 32), users_in(account, 32, 60));
        let as_designed = match account.state {
            AccountState::Growing => now > before,
            AccountState::Declining => now < before,
            AccountState::Steady => now.abs_diff(before) <= 1 + before / 3,
            AccountState::Silent => now == 0 && before > 0,
            AccountState::AtLimit => now == account.seats as usize,
        };
        let (good, all) = held.entry(account.state).or_default();
        *good += u32::from(as_designed);
        *all += 1;
        println!("{account:?} {before} -> {now}: {as_designed}");
    }
    assert_eq!(held.len(), 5, "{held:?}");
    for (state, (good, all)) in held {
        assert!(good * 10 >= all * 8, "{state:?}: {good} of {all}");
    }
}

#[test]
fn sizes_of_sessions_and_of_the_catalogue_are_believable() {
    let usage = STORY
        .sessions
        .iter()
        .filter(|s| s.features.contains_key("session.start"));
    let mut sizes: Vec<u64> = usage.map(|session| session.events).collect();
    sizes.sort_unstable();
    let at = |percent: usize| sizes[sizes.len() * percent / 100];
    assert!((32..=48).contains(&at(50)), "median {}", at(50));
    assert!(at(95) > 150 && at(99) > 300, "{} {}", at(95), at(99));
    let names: BTreeSet<&Name> = STORY
        .sessions
        .iter()
        .flat_map(|s| s.features.keys())
        .collect();
    assert!(names.len() >= 190, "{}", names.len());
    let has = |status| STORY.sessions.iter().filter(|s| s.status == status).count();
    for status in [
        Status::Exited,
        Status::Errored,
        Status::Unhandled,
        Status::Abnormal,
    ] {
        assert!(has(status) > 20, "{status} {}", has(status));
    }
    let over_midnight = |s: &&Session| s.effective_start.day() != s.effective_end.day();
    assert!(STORY.sessions.iter().filter(over_midnight).count() > 25);
    assert!(STORY.sessions.iter().filter(|s| s.parts > 1).count() > 50);
}

#[test]
fn some_clocks_are_wrong_and_some_logs_come_late() {
    let mut flags = Flags::default();
    let (mut backward, mut late) = (0, 0);
    for upload in STORY.demo.uploads() {
        let Ok(log) = read(&upload) else { continue };
        flags.epoch_start += log.figures.flags.epoch_start;
        flags.far_ahead += log.figures.flags.far_ahead;
        flags.no_zone += log.figures.flags.no_zone;
        backward += log.figures.backward_steps;
        let ends = log.parts.iter().map(Part::effective_end);
        let behind = upload.received_at.0 - ends.max().unwrap().0;
        late += u64::from((86_400_000_000..30 * 86_400_000_000).contains(&behind));
    }
    assert!(
        flags.epoch_start > 100 && flags.far_ahead > 100,
        "{flags:?}"
    );
    assert!(
        flags.no_zone > 1_000 && backward > 20 && late > 50,
        "{flags:?} {backward} {late}"
    );
}
