//! Bringing reports up to date: all of them at first, then an hour of new logs.

use std::time::{Duration, Instant};

use anyhow::Result;
use logbook_backends::sql;
use logbook_bench_reports::{LAST_DAY, World};
use logbook_model::Timestamp;
use logbook_reports::{Settings, analyze};
use serde_json::{Value, json};

use crate::product;
use crate::server::Server;

/// How long a run goes on: as those of the schedule.
const BUDGET: Duration = Duration::from_secs(30);
/// Logs that are stored together: as messages come.
const BATCH: usize = 10;

/// Runs the analysis until nothing is left to do.
pub(crate) async fn build(server: &Server, world: &World) -> Result<Value> {
    let (product, settings) = (product()?, Settings::default());
    let as_of = Timestamp::start_of(LAST_DAY.plus(1));
    let started = Instant::now();
    let (mut runs, mut days) = (0, 0);
    loop {
        let run = analyze(&server.analytics, &product, &settings, BUDGET, as_of).await?;
        (runs, days) = (runs + 1, days + run.days_done);
        let seconds = started.elapsed().as_secs();
        eprintln!("{days} days analyzed, {} left, {seconds} s", run.days_left);
        if run.days_left == 0 {
            break;
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let from = world.first_day().to_string();
    Ok(json!({"seconds": seconds, "runs": runs, "days": days, "from": from}))
}

/// Stores an hour of new logs, then runs the analysis once.
pub(crate) async fn hour(
    server: &Server,
    world: &World,
    (nth, sessions): (u64, u64),
) -> Result<Value> {
    let logs = world.hour(nth, sessions);
    let started = Instant::now();
    for batch in logs.chunks(BATCH) {
        for outcome in sql::store_parsed(&server.sessions, batch).await {
            outcome?;
        }
    }
    let store = started.elapsed();
    server.forget().await?;
    let (product, settings) = (product()?, Settings::default());
    let (started, as_of) = (Instant::now(), world.end_of_hour(nth));
    let run = analyze(&server.analytics, &product, &settings, BUDGET, as_of).await?;
    let whole = started.elapsed();
    let executed = server.executed().await?;
    Ok(json!({
        "nth": nth,
        "logs": logs.len(),
        "days": run.days_done,
        "store_ms": store.as_secs_f64() * 1e3,
        "analyze_ms": whole.as_secs_f64() * 1e3,
        "server_ms": executed.ms,
        "statements": executed.statements,
        "longest": server.longest().await?,
    }))
}
