//! `logbook report`.

use std::process::ExitCode;

use anyhow::{Context, bail};
use logbook_backends::{Database, Durability, ObjectStore};
use logbook_demo::Demo;
use logbook_model::ProductId;
use logbook_pipeline::{Product, Registry};
use logbook_reports::{Cell, Column, ReportReply, ReportRequest, catalogue, query};

use super::block_on;
use crate::cli::ReportArgs;
use crate::host::{DataFolder, Host, open_analytics};
use crate::output;

pub(super) fn run(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let Some(name) = &args.name else {
        return list(args.json);
    };
    block_on(async {
        let data = DataFolder::existing(args.data.data.clone())?;
        let archive = ObjectStore::open_dir(&data.archive(), Durability::Fsync).await?;
        let snapshot = Registry::new(archive, std::time::Duration::ZERO)
            .snapshot()
            .await?;
        let products: Vec<&Product> = snapshot.products().collect();
        let product = match (&args.product, products.as_slice()) {
            (Some(id), _) => {
                let id = ProductId::new(id.as_str())?;
                snapshot
                    .product(&id)?
                    .with_context(|| format!("there is no product {id}"))?
            }
            (None, [only]) => only,
            (None, all) => {
                let ids: Vec<_> = all.iter().map(|product| product.id.as_str()).collect();
                bail!(
                    "name one of the products with --product: {}",
                    ids.join(", ")
                );
            }
        };
        // Where nothing ran yet, nothing is there to be asked.
        let sessions = Database::open_file(&data.sessions(), Durability::Fsync).await?;
        logbook_backends::sql::migrate(&sessions).await?;
        let analytics = open_analytics(&data, Durability::Fsync).await?;
        let mut request = ReportRequest::parse(name, product.id.clone(), parameters(args)?)?;
        request.min_users = product.min_users;
        let reply = query(&analytics, &request).await?;
        if args.json {
            output::json(&reply.to_json())?;
        } else if args.csv {
            output::text(&reply.to_csv())?;
        } else {
            output::text(&for_people(&reply))?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn parameters(args: &ReportArgs) -> anyhow::Result<Vec<(String, String)>> {
    let mut parameters = Vec::new();
    let named = [("from", &args.from), ("to", &args.to), ("by", &args.by)];
    for (name, value) in named {
        if let Some(value) = value {
            parameters.push((name.to_owned(), value.clone()));
        }
    }
    for pair in &args.parameters {
        let (name, value) = pair
            .split_once('=')
            .with_context(|| format!("{pair:?} is not of the form NAME=VALUE"))?;
        parameters.push((name.to_owned(), value.to_owned()));
    }
    if !parameters.iter().any(|(name, _)| name == "limit") {
        parameters.push(("limit".to_owned(), args.limit.to_string()));
    }
    Ok(parameters)
}

fn list(json: bool) -> anyhow::Result<ExitCode> {
    if json {
        output::json(&catalogue())?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<_> = catalogue()
        .iter()
        .map(|report| {
            let parameters: Vec<_> = report.parameters.iter().map(|p| p.name).collect();
            vec![
                report.name.to_owned(),
                report.title.to_owned(),
                parameters.join(", "),
            ]
        })
        .collect();
    output::text(&output::table(&["report", "answers", "parameters"], &rows))?;
    Ok(ExitCode::SUCCESS)
}

/// A table, and below it what it rests on.
fn for_people(reply: &ReportReply) -> String {
    let header: Vec<&str> = reply.columns.iter().map(|column| headed(column)).collect();
    let rows: Vec<Vec<String>> = reply
        .rows
        .iter()
        .map(|row| {
            row.iter()
                .zip(&reply.columns)
                .map(|(cell, column)| shown(cell, column))
                .collect()
        })
        .collect();
    let mut out = format!("{} .. {}\n\n", reply.from, reply.to);
    out.push_str(&output::table(&header, &rows));
    out.push('\n');
    if reply.withheld_groups > 0 {
        out.push_str(&format!(
            "withheld for fewer persons than the product's min users: {} \
             (`logbook product set ID --min-users N`)\n",
            reply.withheld_groups
        ));
    }
    let fresh = &reply.freshness;
    match fresh.complete_until {
        Some(at) => out.push_str(&format!("complete until {at}")),
        None => out.push_str("not analyzed yet"),
    }
    out.push_str(&format!(
        "; {} logs pending, {} rejected\n",
        fresh.logs_pending, fresh.logs_rejected
    ));
    if reply.next.is_some() {
        out.push_str("there are more rows: ask for more with --limit\n");
    }
    out
}

/// A column's name, without the unit that its cells bear themselves.
fn headed(column: &Column) -> &'static str {
    column.name.trim_end_matches("_us")
}

fn shown(cell: &Cell, column: &Column) -> String {
    match cell {
        Cell::Null => "–".to_owned(),
        Cell::Ratio(share) => format!("{:.2}%", share * 100.0),
        Cell::Integer(us) if column.unit == "µs" => {
            format!("{:.1} ms", *us as f64 / 1000.0)
        }
        other => serde_json::to_value(other).map_or_else(
            |_| String::new(),
            |value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            },
        ),
    }
}

/// Three answers about the demo's product, each with the command that gives it whole.
pub(super) async fn demo_answers(
    host: &Host,
    product: &ProductId,
    demo: &Demo,
) -> anyhow::Result<()> {
    let questions = [
        ("Is there a bad release?", "release-health", "version"),
        ("Which features are used most?", "feature-usage", "feature"),
        ("How many people use it?", "active-users", ""),
    ];
    for (question, name, by) in questions {
        let reply = answer(&host.analytics, product, demo, name, by).await?;
        let by = if by.is_empty() {
            String::new()
        } else {
            format!(" --by {by}")
        };
        output::text(&format!(
            "\n{question}\n  logbook report {name}{by} --from {} --to {} --data {}\n",
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
    name: &str,
    by: &str,
) -> anyhow::Result<ReportReply> {
    let end = demo.config().end;
    let mut all = vec![("from", end.plus(-59).to_string()), ("to", end.to_string())];
    if !by.is_empty() {
        all.push(("by", by.to_owned()));
    }
    let mut request = ReportRequest::parse(name, product.clone(), all)?;
    request.min_users = demo.product().min_users;
    Ok(query(analytics, &request).await?)
}

/// The few rows and columns that answer the question.
fn brief(reply: &ReportReply) -> String {
    const ROWS: usize = 8;
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
        .map(|&at| headed(reply.columns[at]))
        .collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            columns
                .iter()
                .map(|&at| shown(&row[at], reply.columns[at]))
                .collect()
        })
        .collect();
    output::table(&header, &rows)
}
