//! How fast a log is sealed and opened. Not a test of behaviour, so that it runs only when asked:
//! `cargo test --release -p logbook-seal --test throughput -- --ignored --nocapture`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and may say why it was skipped"
)]

mod support;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Instant;

use logbook_seal::{Inflate, LogId, Sealer};
use support::{LOG_ID, Sample, expected};

const MIB: f64 = (1 << 20) as f64;

/// Lines like those of an application log: repetitive, with changing numbers.
fn log(bytes: usize) -> Vec<u8> {
    let mut log = String::with_capacity(bytes + 200);
    let mut state = 1u64;
    while log.len() < bytes {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let (time, feature, took) = (state >> 40, state >> 58, (state >> 20) & 0xfff);
        writeln!(
            log,
            r#"{{"ts":"2024-05-01T10:{:02}:{:02}.{:03}Z","event":"action.invoked","feature":"menu.item.{feature}","ms":{took},"ok":true}}"#,
            time % 60, time % 59, time % 1000
        )
        .unwrap();
    }
    log.into_bytes()
}

fn report(what: &str, bytes: usize, began: Instant) {
    println!(
        "{what}: {:.0} MiB/s",
        bytes as f64 / MIB / began.elapsed().as_secs_f64()
    );
}

#[test]
#[ignore = "a measurement"]
fn throughput() {
    let log = log(256 << 20);
    let noise: Vec<u8> = (0..32u64 << 20)
        .flat_map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (i << 31)).to_le_bytes())
        .collect();
    let sample = Sample::new(b"");

    let began = Instant::now();
    let mut sealer = Sealer::new(LOG_ID, u64::MAX).unwrap();
    sealer.write_all(&log).unwrap();
    let sealed = sealer.finish(&sample.key).unwrap();
    report("gzip and encrypt, of the log", log.len(), began);
    println!("ratio: {:.1}", log.len() as f64 / sealed.body.len() as f64);

    let began = Instant::now();
    let opened = sample
        .open_with(sealed.body, &sealed.envelope.to_headers(), &expected())
        .unwrap();
    report("decrypt, of the sealed log", opened.as_bytes().len(), began);
    let began = Instant::now();
    io::copy(&mut opened.reader(u64::MAX), &mut io::sink()).unwrap();
    report("inflate gzip, of the log", log.len(), began);

    let zstd = zstd::encode_all(&log[..], 3).unwrap();
    let began = Instant::now();
    io::copy(&mut Inflate::new(&zstd[..], u64::MAX), &mut io::sink()).unwrap();
    report("inflate zstd, of the log", log.len(), began);

    let envelope = {
        let mut sealer = Sealer::new(LOG_ID, u64::MAX).unwrap();
        sealer.write_all(&noise).unwrap();
        sealer.finish(&sample.key).unwrap()
    };
    let began = Instant::now();
    let unchecked = logbook_seal::Expected {
        log_id: LogId::Unchecked,
        max_sealed_bytes: u64::MAX,
        ..expected()
    };
    let opened = sample
        .open_with(envelope.body, &envelope.envelope.to_headers(), &unchecked)
        .unwrap();
    report(
        "decrypt, of a large incompressible log",
        opened.as_bytes().len(),
        began,
    );
}
