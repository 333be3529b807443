//! Measures analysing and asking on this machine:
//! `cargo run --release -p logbook-reports --example measure_reports [SESSIONS] [FEATURES] [DAYS]`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement stops at the first error, and prints"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use logbook_backends::sql::{self, LogMeta, ParsedLog, Rejects, Via};
use logbook_backends::{Attached, Database, Durability};
use logbook_model::{
    Consent, Day, Event, EventTime, Kind, Level, LogId, PartBuilder, ProductId, SessionId,
    Timestamp,
};
use logbook_reports::{ReportRequest, SESSIONS_SCHEMA, Settings, analyze, query, rebuild};

const FIRST: Day = Day::from_civil(2026, 1, 1);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut sizes = std::env::args().skip(1).map(|size| size.parse().unwrap());
    let (count, features) = (sizes.next().unwrap_or(5000), sizes.next().unwrap_or(40));
    let days = sizes.next().unwrap_or(60);
    let directory = tempfile::tempdir_in(".").unwrap();
    let path = directory.path().join("sessions.db");
    let sessions = Database::open_file(&path, Durability::Process)
        .await
        .unwrap();
    sql::migrate(&sessions).await.unwrap();
    let attached = vec![Attached {
        name: SESSIONS_SCHEMA.to_owned(),
        path,
    }];
    let path = directory.path().join("analytics.db");
    let analytics = Database::open_file_with(&path, Durability::Process, attached);
    let analytics = analytics.await.unwrap();
    logbook_reports::migrate(&analytics).await.unwrap();

    let logs: Vec<ParsedLog> = (0..count).map(|n| log(n, features, days)).collect();
    let started = Instant::now();
    for batch in logs.chunks(100) {
        for outcome in sql::store_parsed(&sessions, batch).await {
            outcome.unwrap();
        }
    }
    println!(
        "{count} sessions of {features} features stored: {:?}",
        started.elapsed()
    );

    let product = ProductId::new("editor").unwrap();
    let (settings, long) = (Settings::default(), Duration::from_hours(1));
    let as_of = Timestamp::start_of(FIRST.plus(days as i32));
    for what in ["all days", "nothing"] {
        let started = Instant::now();
        let run = analyze(&analytics, &product, &settings, long, as_of)
            .await
            .unwrap();
        println!(
            "analyze, {what}: {} days in {:?}",
            run.days_done,
            started.elapsed()
        );
    }
    let mut again = log(count - 1, features, days);
    "2".clone_into(&mut again.meta.parser_version);
    sql::store_parsed(&sessions, &[again])
        .await
        .remove(0)
        .unwrap();
    let started = Instant::now();
    let run = analyze(&analytics, &product, &settings, long, as_of)
        .await
        .unwrap();
    println!(
        "analyze, one log: {} days in {:?}",
        run.days_done,
        started.elapsed()
    );
    let started = Instant::now();
    let run = rebuild(&analytics, &product, &settings, as_of)
        .await
        .unwrap();
    println!("rebuild: {} days in {:?}", run.days_done, started.elapsed());
    ask(&analytics, &product, days).await;
}

async fn ask(analytics: &Database, product: &ProductId, days: usize) {
    for (name, by) in [
        ("feature-usage", "day,version,feature"),
        ("feature-usage", "feature"),
        ("feature-usage", "day"),
        ("feature-adoption", "feature"),
        ("feature-paths", "from_feature,to_feature"),
        ("release-delta", ""),
        ("top-errors", "error"),
        ("versions", "day,version"),
        ("platforms", "os,os_version"),
        ("retention", ""),
        ("accounts", ""),
        ("account-features", ""),
        ("freshness", ""),
        ("release-health", "version"),
        ("release-health", "day,version"),
        ("active-users", ""),
        ("ledger", "day"),
    ] {
        let by = (!by.is_empty()).then_some(("by", by));
        let mut request = ReportRequest::parse(name, product.clone(), by).unwrap();
        (request.from, request.to) = (Some(FIRST), Some(FIRST.plus(days as i32 - 1)));
        let mut times = Vec::new();
        let mut rows = 0;
        for _ in 0..9 {
            let started = Instant::now();
            rows = query(analytics, &request).await.unwrap().rows.len();
            times.push(started.elapsed());
        }
        times.sort_unstable();
        println!("{name} {by:?}: {rows} rows in {:?}", times[4]);
    }
}

fn log(n: usize, features: usize, days: usize) -> ParsedLog {
    let product = ProductId::new("editor").unwrap();
    let log = LogId::new(format!("log-{n}")).unwrap();
    let day = Timestamp::start_of(FIRST.plus((n % days) as i32));
    let at = Timestamp(day.0 + (n / days) as i64 % 86_000 * 1_000_000);
    let session = SessionId::from_text(&format!("session-{n}"));
    let mut builder = PartBuilder::new(product.clone(), session, log.clone(), at, 0, 100);
    for seq in 0..features as u32 {
        builder.push(&Event {
            seq,
            line: u64::from(seq) + 1,
            offset: 0,
            time: Some(EventTime::utc(at.0 + i64::from(seq) * 1000)),
            name: format!("feature-{seq}").into(),
            level: Level::Info,
            error: seq % 7 == 0 && n.is_multiple_of(3),
            kind: Kind::Normal,
            count: 2,
            duration_us: Some((n as u64 * 7919 + u64::from(seq) * 104_729) % 5_000_000),
        });
    }
    let facts = &mut builder.part_mut().facts;
    facts.user = Some(format!("user-{}", n * 31 % (count_of_users(n))));
    facts.account = Some(format!("account-{}", n % 50));
    facts.os = Some(format!("Windows {}", n % 3));
    facts.version = Some(format!("1.{}", n % 5));
    let mut content_hash = [0; 32];
    content_hash[..8].copy_from_slice(&n.to_le_bytes());
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
            sealed_bytes: 1000,
            inflated_bytes: 3000,
            profile: "logbook@1".to_owned(),
            parser_version: "1".to_owned(),
        },
        content_hash,
        parts: vec![builder.finish()],
        records: features as u64,
        repaired_utf8: 0,
        flagged: BTreeMap::new(),
        rejects: Rejects::default(),
        session_timeout_secs: 1800,
    }
}

/// Ever more users, one for each ten sessions.
const fn count_of_users(n: usize) -> usize {
    50 + n / 10
}
