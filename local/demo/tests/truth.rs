//! What is counted from the plan is what the model makes of the bytes.
#![allow(clippy::unwrap_used, reason = "tests")]

mod read;

use std::collections::{BTreeMap, BTreeSet};

use logbook_demo::{Demo, Expect, Tallies, Truth};
use logbook_model::{LogReject, Session};

use read::{day, demo, in_production, read, sessions};

/// The names of versions and features, as the truth has them.
struct Names(BTreeSet<&'static str>);

impl Names {
    fn of(truth: &Truth) -> Self {
        let tallies = &truth.everything;
        let versions = tallies.sessions.keys().map(|&(version, _)| version);
        Self(
            versions
                .chain(tallies.uses.keys().map(|&(_, _, name)| name))
                .collect(),
        )
    }

    fn get(&self, name: &str) -> &'static str {
        self.0.get(name).copied().unwrap_or("(unknown)")
    }
}

/// The figures from folded sessions, by nothing but the model.
fn tallies<'a>(names: &Names, sessions: impl Iterator<Item = &'a Session>) -> Tallies {
    let mut tallies = Tallies::default();
    let mut users: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for session in sessions {
        let version = names.get(session.facts.version.as_deref().unwrap_or_default());
        *tallies
            .sessions
            .entry((version, session.status))
            .or_default() += 1;
        *tallies.sessions_by_day.entry(day(session)).or_default() += 1;
        tallies.events += session.events;
        tallies.occurrences += session.occurrences;
        tallies.errors += session.errors;
        if session.crashes > 0 {
            *tallies.crashes.entry(version).or_default() += session.crashes;
        }
        let facts = &session.facts;
        let user = facts.user.as_ref().or(facts.installation.as_ref());
        users.entry(day(session)).or_default().insert(user.unwrap());
        for (name, feature) in &session.features {
            let key = (day(session), version, names.get(name));
            *tallies.uses.entry(key).or_default() += feature.uses;
        }
    }
    tallies.users = users
        .iter()
        .map(|(&day, users)| (day, users.len() as u64))
        .collect();
    tallies
}

fn assert_truth(demo: &Demo) {
    let truth = demo.truth();
    let names = Names::of(&truth);
    let folded = sessions(demo, truth.as_of);
    assert_eq!(tallies(&names, folded.iter()), truth.everything);
    let production = folded.iter().filter(|session| in_production(session));
    assert_eq!(tallies(&names, production), truth.production);
}

#[test]
fn sessions_folded_from_the_bytes_are_those_of_the_truth() {
    assert_truth(&demo(4, 5_000));
    assert_truth(&demo(77, 1_500));
}

#[test]
fn the_smallest_demos_are_true_too() {
    assert_truth(&demo(1, 0));
    assert_truth(&demo(1, 1));
    assert_truth(&demo(1, 200));
}

#[test]
fn a_large_demo_is_as_large_as_its_uploads() {
    let demo = demo(1, 20_000);
    let (mut uploads, mut sum) = (0, 0);
    for upload in demo.uploads() {
        uploads += 1;
        if let Expect::Parsed { events, .. } = upload.expect {
            sum += events;
        }
    }
    let truth = demo.truth();
    assert_eq!(truth.everything.events, sum);
    assert_eq!(truth.uploads.values().sum::<u64>(), uploads);
    assert!(truth.everything.session_count() > 16_000);
}

#[test]
fn outcomes_of_uploads_are_those_of_the_truth() {
    let demo = demo(4, 2_000);
    let mut want = Truth::default();
    for upload in demo.uploads() {
        *want.uploads.entry(upload.expect.name()).or_default() += 1;
        if let Expect::Rejected(reason) = upload.expect {
            *want.rejected.entry(reason).or_default() += 1;
        }
        if matches!(upload.expect, Expect::Parsed { .. }) {
            let figures = read(&upload).unwrap().figures;
            want.rejected_events += figures.rejects_total;
            want.repaired_lines += figures.repaired_utf8;
        }
    }
    let truth = demo.truth();
    assert_eq!(truth.uploads, want.uploads);
    assert_eq!(truth.rejected, want.rejected);
    assert_eq!(truth.rejected_events, want.rejected_events);
    assert_eq!(truth.repaired_lines, want.repaired_lines);
    assert!(truth.rejected.contains_key(&LogReject::Truncated));
}
