//! Sealing a log, opening it, inflating it: bytes of the log a second, on one core.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use std::io::{Cursor, Read};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logbook_seal::{Commitment, Expected, LocalKey, LogId, SealBounds, SealingKey, open, seal};

const BYTES: usize = 16 << 20;

/// Lines such as applications write: much of each is that of the line before.
fn log() -> Vec<u8> {
    let mut log = Vec::with_capacity(BYTES + 200);
    let mut number = 0u64;
    while log.len() < BYTES {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let (name, ms) = (number >> 58, number >> 50 & 0xfff);
        let line = format!(
            "{{\"time\":\"2026-01-01T00:00:00.{:03}Z\",\"session\":\"s-{:04x}\",\"name\":\"feature.{name}\",\"level\":\"info\",\"duration_ms\":{ms}}}\n",
            number >> 40 & 0x1ff,
            number >> 60
        );
        log.extend_from_slice(line.as_bytes());
    }
    log
}

fn benchmark(criterion: &mut Criterion) {
    let key = SealingKey::local("bench", &LocalKey::generate().unwrap()).unwrap();
    let log = log();
    let sealed = seal(Cursor::new(&log), "log", &key, &SealBounds::default()).unwrap();
    let expected = Expected {
        product: "bench",
        log_id: LogId::Required("log"),
        commitment: Commitment::Required,
        max_sealed_bytes: 1 << 30,
    };
    let mut group = criterion.benchmark_group("seal");
    group
        .sample_size(10)
        .throughput(Throughput::Bytes(log.len() as u64));
    group.bench_function("gzip and encrypt", |bencher| {
        bencher.iter(|| seal(Cursor::new(&log), "log", &key, &SealBounds::default()).unwrap());
    });
    group.bench_function("decrypt", |bencher| {
        bencher.iter_batched(
            || sealed.body.clone(),
            |body| open(body, &sealed.envelope, &expected, key.data_key()).unwrap(),
            criterion::BatchSize::LargeInput,
        );
    });
    group.bench_function("decrypt and inflate", |bencher| {
        let mut buffer = vec![0; 64 * 1024];
        bencher.iter_batched(
            || sealed.body.clone(),
            |body| {
                let opened = open(body, &sealed.envelope, &expected, key.data_key()).unwrap();
                let mut reader = opened.into_reader(u64::MAX);
                while reader.read(&mut buffer).unwrap() > 0 {}
            },
            criterion::BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
