//! How long the usual demo takes to make. Run in release:
//! `cargo test --release -p logbook-demo --test speed -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use logbook_demo::{Demo, DemoConfig, Expect};
use logbook_model::Day;

#[test]
#[ignore = "measures time: meant for release builds"]
fn five_thousand_sessions_are_made_in_two_seconds() {
    let start = Instant::now();
    let demo = Demo::new(DemoConfig::new(Day::from_civil(2026, 6, 30)));
    let planned = start.elapsed();
    let (mut bytes, mut largest, mut events) = (0, 0, 0);
    for upload in demo.uploads() {
        bytes += upload.body.len();
        largest = largest.max(upload.body.len());
        if let Expect::Parsed { events: good, .. } = upload.expect {
            events += good;
        }
    }
    let took = start.elapsed();
    println!("planned in {planned:?}, all made in {took:?}");
    println!(
        "{} uploads, {bytes} bytes, the largest {largest}",
        demo.len_hint()
    );
    let truth = demo.truth();
    let (all, own) = (&truth.everything, &truth.production);
    println!("{} sessions, {events} events", all.session_count());
    println!("{} occurrences, {} errors", all.occurrences, all.errors);
    println!(
        "production: {} sessions, {} events",
        own.session_count(),
        own.events
    );
    println!(
        "{:?} {:?}\n{:#?}",
        truth.uploads, truth.rejected, own.sessions
    );
    println!("crashes {:?}", own.crashes);
    println!("truth in {:?}", start.elapsed().saturating_sub(took));
    assert!(took < Duration::from_secs(2), "{took:?}");
}
