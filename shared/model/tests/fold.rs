//! The algebra that replay and erasure rest on.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use logbook_model::{
    EndReason, Event, EventTime, Kind, Level, LogId, Part, PartBuilder, ProductId, Session,
    SessionId, SessionParts, Status, Timestamp,
};
use proptest::prelude::*;

const TIMEOUT_SECS: u32 = 1800;

fn builder(log: &str) -> PartBuilder {
    PartBuilder::new(
        ProductId::new("editor").unwrap(),
        SessionId::from_text("s1"),
        LogId::new(log).unwrap(),
        Timestamp(1_000_000_000),
        0,
        3,
    )
}

fn event(seq: u32, name: &str, at: Option<i64>, kind: Kind) -> Event<'_> {
    Event {
        seq,
        line: u64::from(seq) + 1,
        offset: 0,
        time: at.map(EventTime::utc),
        name: name.into(),
        level: Level::Info,
        error: kind != Kind::Normal,
        kind,
        count: 2,
        duration_us: Some(1000),
    }
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        6 => Just(Kind::Normal),
        1 => Just(Kind::Error),
        1 => Just(Kind::Unhandled),
        1 => Just(Kind::Crash),
    ]
}

prop_compose! {
    fn parts()(
        log in "[abc]",
        events in prop::collection::vec(("[a-e]", prop::option::of(0i64..1 << 40), kinds()), 0..6),
        flags in any::<[bool; 4]>(),
        user in prop::option::of("[uv]"),
    ) -> Part {
        let mut builder = builder(&log);
        for (seq, (name, at, kind)) in events.iter().enumerate() {
            builder.push(&event(seq as u32, name, *at, *kind));
        }
        let part = builder.part_mut();
        [part.marks_ends, part.started, part.continued, part.superseded] = flags;
        part.end = flags[0].then_some(part.last_activity_at);
        part.facts.user = user;
        builder.finish()
    }
}

fn set(parts: &[Part]) -> SessionParts {
    let mut set = SessionParts::default();
    for part in parts {
        set.insert(part.clone());
    }
    set
}

proptest! {
    #[test]
    fn every_name_keeps_its_own_events(names in prop::collection::vec("[ab\0]{0,3}(export|)[ab]{0,4}", 1..80)) {
        let id = |text| (ProductId::new(text).unwrap(), LogId::new(text).unwrap());
        let (product, log) = id("a");
        let session = SessionId::from_text("s1");
        let mut builder = PartBuilder::new(product, session, log, Timestamp(0), 0, 1000);
        let mut want = std::collections::BTreeMap::<String, u64>::new();
        for (seq, name) in names.iter().enumerate() {
            builder.push(&event(seq as u32, name, None, Kind::Normal));
            *want.entry(name.clone()).or_default() += 1;
        }
        let features = builder.finish().features.into_iter();
        let got: Vec<_> = features.map(|(name, feature)| (name.into(), feature.events)).collect();
        prop_assert_eq!(got, want.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn the_fold_is_associative_commutative_and_idempotent(
        a in prop::collection::vec(parts(), 0..4),
        b in prop::collection::vec(parts(), 0..4),
        c in prop::collection::vec(parts(), 0..4),
    ) {
        let fold = |set: &SessionParts| set.fold(TIMEOUT_SECS, None);
        let (a, b, c) = (set(&a), set(&b), set(&c));
        let join = |x: &SessionParts, y: &SessionParts| {
            let mut joined = x.clone();
            joined.merge(y.clone());
            joined
        };
        let left = join(&join(&a, &b), &c);
        prop_assert_eq!(fold(&left), fold(&join(&a, &join(&b, &c))));
        prop_assert_eq!(fold(&left), fold(&join(&c, &join(&b, &a))));
        prop_assert_eq!(fold(&join(&left, &left)), fold(&left));
    }

    #[test]
    fn removing_a_log_equals_never_having_seen_it(
        held in prop::collection::vec(parts(), 0..6),
        extra in parts(),
    ) {
        let without: Vec<Part> = held.iter().filter(|p| p.log != extra.log).cloned().collect();
        let mut with = set(&held);
        with.insert(extra.clone());
        with.remove(&extra.log);
        prop_assert_eq!(with.fold(TIMEOUT_SECS, None), set(&without).fold(TIMEOUT_SECS, None));
    }

    #[test]
    fn a_fold_without_features_is_the_same_but_for_them(all in prop::collection::vec(parts(), 1..6)) {
        let as_of = Some(Timestamp(1 << 41));
        let whole = Session::fold(&all, TIMEOUT_SECS, as_of).unwrap();
        let without = Session::fold_without_features(&all, TIMEOUT_SECS, as_of).unwrap();
        prop_assert_eq!(without, Session { features: BTreeMap::new(), ..whole });
    }

    #[test]
    fn the_order_of_parts_does_not_matter(mut all in prop::collection::vec(parts(), 1..6)) {
        let forward = set(&all).fold(TIMEOUT_SECS, Some(Timestamp(1 << 41)));
        all.reverse();
        prop_assert_eq!(set(&all).fold(TIMEOUT_SECS, Some(Timestamp(1 << 41))), forward);
    }
}

#[test]
fn the_worst_status_wins() {
    let status = |kinds: &[Kind], ended: bool, superseded: bool| {
        let mut builder = builder("a");
        for (seq, kind) in kinds.iter().enumerate() {
            builder.push(&event(seq as u32, "x", Some(0), *kind));
        }
        builder.part_mut().marks_ends = true;
        builder.part_mut().superseded = superseded;
        builder.part_mut().end = ended.then_some(None);
        let session = set(&[builder.finish()]).fold(TIMEOUT_SECS, None).unwrap();
        (session.status, session.end_reason)
    };
    assert_eq!(
        status(&[Kind::Normal], false, false),
        (Status::Ok, EndReason::Unknown)
    );
    assert_eq!(
        status(&[Kind::Normal], true, false),
        (Status::Exited, EndReason::Explicit)
    );
    assert_eq!(
        status(&[Kind::Error], true, false),
        (Status::Errored, EndReason::Explicit)
    );
    assert_eq!(
        status(&[Kind::Unhandled], true, false),
        (Status::Unhandled, EndReason::Explicit)
    );
    assert_eq!(
        status(&[Kind::Error], false, true),
        (Status::Abnormal, EndReason::Timeout)
    );
    assert_eq!(
        status(&[Kind::Crash], false, true),
        (Status::Crashed, EndReason::Crash)
    );
}

#[test]
fn silence_is_abnormal_only_where_starts_and_ends_are_marked() {
    let status = |marks_ends: bool, started: bool, as_of: i64| {
        let mut builder = builder("a");
        builder.push(&event(0, "x", Some(0), Kind::Normal));
        builder.part_mut().marks_ends = marks_ends;
        builder.part_mut().started = started;
        let session = set(&[builder.finish()])
            .fold(TIMEOUT_SECS, Some(Timestamp(as_of)))
            .unwrap();
        (session.status, session.end_reason)
    };
    let timeout_us = i64::from(TIMEOUT_SECS) * 1_000_000;
    assert_eq!(
        status(true, true, timeout_us),
        (Status::Ok, EndReason::Unknown)
    );
    assert_eq!(
        status(true, true, timeout_us + 1),
        (Status::Abnormal, EndReason::Timeout)
    );
    assert_eq!(
        status(false, true, timeout_us + 1),
        (Status::Ok, EndReason::Timeout)
    );
}

#[test]
fn an_end_in_a_later_log_ends_a_session_that_another_log_left_open() {
    let mut open = builder("a");
    open.push(&event(0, "x", Some(0), Kind::Normal));
    open.part_mut().marks_ends = true;
    let mut closed = builder("b");
    closed.push(&event(0, "quit", Some(5_000_000), Kind::Normal));
    closed.part_mut().marks_ends = true;
    closed.part_mut().end = Some(Some(EventTime::utc(5_000_000)));
    let session = set(&[closed.finish(), open.finish()])
        .fold(TIMEOUT_SECS, None)
        .unwrap();
    assert_eq!(session.status, Status::Exited);
    assert_eq!(session.ended_at, Some(EventTime::utc(5_000_000)));
    assert_eq!(
        (session.parts, session.events, session.occurrences),
        (2, 2, 4)
    );
}

#[test]
fn names_beyond_the_bound_are_counted_together() {
    let mut builder = builder("a");
    for (seq, name) in ["a", "b", "c", "d", "e", "a"].iter().enumerate() {
        builder.push(&event(seq as u32, name, None, Kind::Normal));
    }
    let part = builder.finish();
    let names: Vec<_> = part
        .features
        .iter()
        .map(|(n, f)| (n.as_str(), f.events))
        .collect();
    assert_eq!(names, [("(other)", 2), ("a", 2), ("b", 1), ("c", 1)]);
}
