//! Storing what logs say in the embedded database: logs a second, in batches as messages come.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use std::cell::Cell;
use std::collections::BTreeMap;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use logbook_backends::sql::{self, LogMeta, ParsedLog, Rejects, Via};
use logbook_backends::{Database, Durability};
use logbook_model::{
    Consent, Event, EventTime, Kind, Level, LogId, PartBuilder, ProductId, SessionId, Timestamp,
};

const EVENTS: u32 = 40;

fn parsed(number: u64) -> ParsedLog {
    let product = ProductId::new("bench").unwrap();
    let log = LogId::new(format!("log-{number}")).unwrap();
    let session = SessionId::from_text(&format!("s-{number}"));
    let at = Timestamp(1_700_000_000_000_000 + number as i64 * 1_000_000);
    let mut builder = PartBuilder::new(product.clone(), session, log.clone(), at, 0, 1000);
    for seq in 0..EVENTS {
        builder.push(&Event {
            seq,
            line: u64::from(seq) + 1,
            offset: 0,
            time: Some(EventTime::utc(at.0 + i64::from(seq))),
            name: format!("feature.{}", (seq * 7 + number as u32) % 25).into(),
            level: Level::Info,
            error: false,
            kind: Kind::Normal,
            count: 1,
            duration_us: Some(u64::from(seq) * 1000),
        });
    }
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    ParsedLog {
        meta: LogMeta {
            product,
            log,
            via: Via::Api,
            consent: Consent::Usage,
            received_at: at,
            archived_at: at,
            queued_at: None,
            parsed_at: at,
            sealed_bytes: 900,
            inflated_bytes: 4000,
            profile: "logbook@1".to_owned(),
            parser_version: "bench".to_owned(),
        },
        content_hash: hash,
        parts: vec![builder.finish()],
        records: u64::from(EVENTS),
        repaired_utf8: 0,
        flagged: BTreeMap::new(),
        rejects: Rejects::default(),
        session_timeout_secs: 1800,
    }
}

fn benchmark(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.db");
    let database = runtime.block_on(async {
        let database = Database::open_file(&file, Durability::Fsync).await.unwrap();
        sql::migrate(&database).await.unwrap();
        database
    });
    let next = Cell::new(0u64);
    let mut group = criterion.benchmark_group("store");
    for batch in [1u64, 10, 100] {
        group
            .sample_size(20)
            .throughput(Throughput::Elements(batch));
        group.bench_function(format!("logs of 40 events, {batch} at a time"), |bencher| {
            bencher.iter_batched(
                || {
                    let first = next.replace(next.get() + batch);
                    (first..first + batch).map(parsed).collect::<Vec<_>>()
                },
                |logs| {
                    for outcome in runtime.block_on(sql::store_parsed(&database, &logs)) {
                        outcome.unwrap();
                    }
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
