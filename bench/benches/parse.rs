//! From the bytes of a log to its sessions' parts.
#![allow(clippy::unwrap_used, missing_docs, reason = "benchmarks")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logbook_bench::samples;
use logbook_formats::{Limits, LogContext, builtin, read_log};
use logbook_model::{LogId, ProductId, Timestamp};

fn parse(criterion: &mut Criterion) {
    let context = LogContext::new(
        ProductId::new("bench").unwrap(),
        LogId::new("log").unwrap(),
        Timestamp(1_790_000_000_000_000),
    );
    let limits = Limits::default();
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

criterion_group!(benches, parse);
criterion_main!(benches);
