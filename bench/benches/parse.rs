//! From the bytes of a log to its sessions' parts; and what that costs besides opening the
//! sealed log, from the sealed bytes to sessions.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "benchmarks"
)]

use std::hint::black_box;
use std::io::{Cursor, Read};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logbook_bench::{Sample, samples};
use logbook_formats::{Limits, LogContext, ParsedLog, builtin, read_log};
use logbook_model::{LogId, ProductId, Session, Timestamp};
use logbook_seal::{
    Commitment, Expected, LocalKey, OpenedLog, SealBounds, SealedLog, SealingKey, open, seal,
};

fn context() -> LogContext {
    LogContext::new(
        ProductId::new("bench").unwrap(),
        LogId::new("log").unwrap(),
        Timestamp(1_790_000_000_000_000),
    )
}

fn parse(criterion: &mut Criterion) {
    let (context, limits) = (context(), Limits::default());
    let mut group = criterion.benchmark_group("parse");
    group.sample_size(20);
    for sample in samples(4 << 20) {
        let profile = builtin(sample.profile).unwrap();
        let bytes = sample.log.as_bytes();
        let read = read_log(bytes, profile, &context, &limits, None).unwrap();
        assert_eq!(read.figures.rejects_total, 0, "{}", sample.name);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(sample.name, |bencher| {
            bencher.iter(|| read_log(bytes, profile, &context, &limits, None).unwrap());
        });
    }
    group.finish();
}

/// A sealed log, and the key that opens it.
struct Sealed {
    key: SealingKey,
    log: SealedLog,
}

impl Sealed {
    fn new(sample: &Sample) -> Self {
        let key = SealingKey::local("bench", &LocalKey::generate().unwrap()).unwrap();
        let log = Cursor::new(sample.log.as_bytes());
        let log = seal(log, "log", &key, &SealBounds::default()).unwrap();
        Self { key, log }
    }

    fn open(&self, body: Vec<u8>) -> OpenedLog {
        let expected = Expected {
            product: "bench",
            log_id: logbook_seal::LogId::Required("log"),
            commitment: Commitment::Required,
            max_sealed_bytes: 1 << 30,
        };
        open(body, &self.log.envelope, &expected, self.key.data_key()).unwrap()
    }
}

fn inflate(opened: OpenedLog) {
    let mut buffer = vec![0; 64 * 1024];
    let mut reader = opened.into_reader(u64::MAX);
    while reader.read(&mut buffer).unwrap() > 0 {}
}

/// As sessions are stored.
fn fold(parsed: &ParsedLog) {
    for part in &parsed.parts {
        black_box(Session::fold_without_features([part], 1800, None));
    }
}

/// How long one run takes, opening included.
fn time(sealed: &Sealed, run: impl Fn(OpenedLog)) -> Duration {
    let body = sealed.log.body.clone();
    let began = Instant::now();
    run(sealed.open(body));
    began.elapsed()
}

/// Prints what it costs to go from a sealed log to its sessions, in times of the cost of
/// decrypting and inflating it alone: in all, and from there on, which is reading and folding.
fn ratio(_: &mut Criterion) {
    // As a test, without optimisation, it would take minutes and say nothing.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let (context, limits) = (context(), Limits::default());
    let mib = |bytes: usize, time: Duration| bytes as f64 / f64::from(1 << 20) / time.as_secs_f64();
    for (size, bytes, runs) in [("100 kB", 100_000, 2000), ("64 MB", 64_000_000, 10)] {
        for sample in samples(bytes) {
            let profile = builtin(sample.profile).unwrap();
            let sealed = Sealed::new(&sample);
            // The shortest runs: what else the machine does only adds. In turn, so that it adds to both.
            let (mut opening, mut whole) = (Duration::MAX, Duration::MAX);
            for _ in 0..runs {
                opening = opening.min(time(&sealed, inflate));
                whole = whole.min(time(&sealed, |opened| {
                    let reader = opened.into_reader(u64::MAX);
                    fold(&read_log(reader, profile, &context, &limits, None).unwrap());
                }));
            }
            println!(
                "{:15} {size:>6}: decrypt + inflate {:5.0} MiB/s, to sessions {:5.0} MiB/s, {:.1} times the cost, {:.1} of it to read and fold",
                sample.name,
                mib(sample.log.len(), opening),
                mib(sample.log.len(), whole),
                whole.as_secs_f64() / opening.as_secs_f64(),
                (whole.as_secs_f64() - opening.as_secs_f64()) / opening.as_secs_f64(),
            );
        }
    }
}

criterion_group!(benches, parse, ratio);
criterion_main!(benches);
