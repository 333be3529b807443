//! Random logs, and what is done to them.

use logbook_model::{Kind, Timestamp};
use proptest::prelude::*;

use super::{Run, TODAY};

/// Something that happens to the stores.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A log comes, or comes again, parsed by another version, in place of what it was.
    Store { log: u8, runs: Vec<Run> },
    /// A log comes again as it was.
    Again { log: u8 },
    /// A log is erased.
    Erase { log: u8 },
    /// A log turns out to be unreadable.
    Reject { log: u8 },
    /// The reports are brought up to date, wholly or as far as no time goes.
    Analyze { wholly: bool },
}

pub(crate) fn run() -> impl Strategy<Value = Run> {
    let who = (
        prop::option::weighted(0.7, 0..8u8),
        prop::option::weighted(0.6, 0..4u8),
    );
    let what = (
        prop::option::weighted(0.8, prop::sample::select(vec!["1.0", "1.1", "2.0"])),
        prop::option::weighted(0.4, prop::sample::select(vec!["Prod", "ci", "staging"])),
        any::<bool>(),
        prop::collection::vec(event(), 0..6),
        prop::option::weighted(
            0.8,
            prop::sample::select(vec!["Linux 6.1", "Linux", "macOS 14"]),
        ),
        prop::option::weighted(0.3, Just("Java 21")),
        prop::option::weighted(0.7, 0..3u8),
    );
    // Days close together, so that windows meet, and days far apart.
    let day = prop_oneof![4 => -45..=0i32, 1 => -90..90i32];
    (0..12u8, day, 0..86_400i64, who, what).prop_map(
        |(
            session,
            day,
            second,
            (user, installation),
            (version, environment, ended, events, os, runtime, account),
        )| Run {
            session: format!("s{session}"),
            at_us: Timestamp::start_of(TODAY.plus(day)).0 + second * 1_000_000,
            user: user.map(|user| format!("u{user}")),
            installation: installation.map(|id| format!("u{id}")),
            version: version.map(str::to_owned),
            environment: environment.map(str::to_owned),
            account: account.map(|id| format!("a{id}")),
            os: os.map(str::to_owned),
            runtime: runtime.map(str::to_owned),
            ended,
            events,
        },
    )
}

type Uses = (String, Kind, bool, u64, Option<u64>);

fn event() -> impl Strategy<Value = Uses> {
    let kind = prop_oneof![
        12 => Just((Kind::Normal, false)),
        2 => Just((Kind::Normal, true)),
        1 => Just((Kind::Unhandled, true)),
        1 => Just((Kind::Crash, true)),
    ];
    let name = prop::sample::select(vec!["open", "save", "close", "=cmd"]);
    let duration = prop::option::of(1..5_000_000u64);
    (name, kind, 1..4u64, duration).prop_map(|(name, (kind, error), count, duration)| {
        (name.to_owned(), kind, error, count, duration)
    })
}

/// Runs of a log: at most one of each session.
pub(crate) fn runs() -> impl Strategy<Value = Vec<Run>> {
    prop::collection::vec(run(), 1..4).prop_map(|mut runs| {
        runs.sort_by(|a, b| a.session.cmp(&b.session));
        runs.dedup_by(|a, b| a.session == b.session);
        runs
    })
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        10 => (0..10u8, runs()).prop_map(|(log, runs)| Step::Store { log, runs }),
        1 => (0..10u8).prop_map(|log| Step::Again { log }),
        1 => (0..10u8).prop_map(|log| Step::Erase { log }),
        2 => (0..10u8).prop_map(|log| Step::Reject { log }),
        4 => any::<bool>().prop_map(|wholly| Step::Analyze { wholly }),
    ];
    prop::collection::vec(step, 1..24)
}
