//! From parts to sessions.
#![allow(clippy::unwrap_used, missing_docs, reason = "benchmarks")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logbook_bench::samples;
use logbook_formats::{Limits, LogContext, builtin, read_log};
use logbook_model::{LogId, Part, ProductId, Session, Timestamp};

fn parts(log: &str, bytes: &[u8]) -> Vec<Part> {
    let context = LogContext::new(
        ProductId::new("bench").unwrap(),
        LogId::new(log).unwrap(),
        Timestamp(1_790_000_000_000_000),
    );
    let profile = builtin("logbook").unwrap();
    read_log(bytes, profile, &context, &Limits::default(), None)
        .unwrap()
        .parts
}

fn fold(criterion: &mut Criterion) {
    let sample = &samples(1 << 20)[0];
    let logs = ["a", "b", "c"].map(|log| parts(log, sample.log.as_bytes()));
    let sessions = logs[0].len();
    let mut group = criterion.benchmark_group("fold");
    group.throughput(Throughput::Elements(sessions as u64 * 3));
    group.bench_function("parts of three logs", |bencher| {
        bencher.iter(|| {
            let of_session = |at: usize| logs.iter().map(move |parts| &parts[at]);
            let folded = (0..sessions).map(|at| Session::fold(of_session(at), 1800, None));
            folded.flatten().map(|session| session.events).sum::<u64>()
        });
    });
    group.finish();
}

criterion_group!(benches, fold);
criterion_main!(benches);
