//! What the demo asks of its own product.

use logbook_backends::Database;
use logbook_backends::sql::{count_sessions, ledger};
use logbook_demo::Demo;
use logbook_model::ProductId;
use logbook_reports::{Cell, MAX_LIMIT, ReportReply, ReportRequest, query};
use serde_json::json;

use super::table;
use crate::host::{Host, now};
use crate::output;

/// What has become of the demo's logs.
#[derive(Debug, Default)]
pub(in crate::commands) struct Stored {
    pub(in crate::commands) sessions: u64,
    pub(in crate::commands) parsed: u64,
    pub(in crate::commands) duplicate: u64,
    pub(in crate::commands) rejected: u64,
}

/// Asks the sessions schema for it.
pub(in crate::commands) async fn stored(
    host: &Host,
    product: &ProductId,
) -> anyhow::Result<Stored> {
    let ever = now().day().plus(-3660)..=now().day();
    let mut stored = Stored::default();
    for day in ledger(&host.sessions, product, ever).await?.days {
        stored.parsed += day.parsed;
        stored.duplicate += day.duplicate;
        stored.rejected += day.rejected.values().sum::<u64>();
    }
    stored.sessions = count_sessions(&host.sessions, product).await?;
    Ok(stored)
}

/// Rows of an answer.
const ROWS: usize = 8;

/// Three answers about the demo's product, each with the command that gives it whole.
pub(in crate::commands) async fn demo_answers(
    host: &Host,
    product: &ProductId,
    demo: &Demo,
) -> anyhow::Result<()> {
    // With what a command is told besides the days, to print the rows that are shown here.
    let questions = [
        (
            "Is there a bad release?",
            "release-health",
            "version",
            60,
            "",
        ),
        (
            "Which features are used most?",
            "feature-usage",
            "feature",
            60,
            " --limit 8",
        ),
        (
            "How many people use it?",
            "active-users",
            "",
            ROWS as i32,
            "",
        ),
    ];
    for (question, name, by, days, told) in questions {
        let reply = answer(&host.analytics, product, demo, (name, by, days)).await?;
        let by = if by.is_empty() {
            String::new()
        } else {
            format!(" --by {by}")
        };
        output::text(&format!(
            "\n{question}\n  logbook report {name}{by}{told} --from {} --to {} --data {}\n",
            reply.from,
            reply.to,
            host.data.root().display()
        ))?;
        output::text(&brief(&reply))?;
    }
    Ok(())
}

async fn answer(
    analytics: &Database,
    product: &ProductId,
    demo: &Demo,
    (name, by, days): (&str, &str, i32),
) -> anyhow::Result<ReportReply> {
    let end = demo.config().end;
    let mut all = vec![
        ("from", end.plus(1 - days).to_string()),
        ("to", end.to_string()),
        ("limit", MAX_LIMIT.to_string()),
    ];
    if !by.is_empty() {
        all.push(("by", by.to_owned()));
    }
    let mut request = ReportRequest::parse(name, product.clone(), all)?;
    request.min_users = demo.product().min_users;
    Ok(query(analytics, &request).await?)
}

/// The few rows and columns that answer the question.
fn brief(reply: &ReportReply) -> String {
    let sort = reply
        .columns
        .iter()
        .position(|column| column.name == "uses");
    let mut rows: Vec<_> = reply.rows.iter().collect();
    if let Some(at) = sort {
        rows.sort_by_key(|row| match row[at] {
            Cell::Integer(count) => std::cmp::Reverse(count),
            _ => std::cmp::Reverse(0),
        });
    } else {
        let skip = rows.len().saturating_sub(ROWS);
        rows.drain(..skip);
    }
    rows.truncate(ROWS);
    let wanted = [
        "version",
        "feature",
        "day",
        "sessions",
        "users",
        "uses",
        "errors",
        "crash_free_session_rate",
        "error_free_session_rate",
        "crash_free_user_rate",
        "dau",
        "wau",
        "mau",
        "stickiness",
        "p50_us",
        "p95_us",
    ];
    let columns: Vec<usize> = (0..reply.columns.len())
        .filter(|&at| wanted.contains(&reply.columns[at].name))
        .collect();
    let header: Vec<&str> = columns
        .iter()
        .map(|&at| table::headed(reply.columns[at].name))
        .collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            columns
                .iter()
                .map(|&at| table::cell(&json!(row[at]), &json!(reply.columns[at])))
                .collect()
        })
        .collect();
    output::table(&header, &rows)
}
