//! `logbook report`.

mod demo;
mod table;

use std::process::ExitCode;

use anyhow::{Context, bail};
use logbook_backends::{Database, Durability, ObjectStore};
use logbook_pipeline::{Product, Registry};
use logbook_reports::{ReportRequest, catalogue, query};
use serde_json::{Value, json};

use super::{block_on, product};
use crate::cli::{AtArgs, ReportArgs};
use crate::host::{DataFolder, open_analytics};
use crate::output;

pub(super) use demo::demo_answers;

pub(super) fn run(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    if let Some(url) = &args.at.url {
        return ask(args, url);
    }
    let Some(name) = &args.name else {
        return list(&json!(catalogue()), args.json);
    };
    block_on(async {
        let (analytics, product) = opened(&args.at).await?;
        let mut request = ReportRequest::parse(name, product.id.clone(), parameters(args)?)?;
        request.min_users = product.min_users;
        let reply = query(&analytics, &request).await?;
        if args.json {
            output::json(&reply.to_json())?;
        } else if args.csv {
            output::text(&reply.to_csv())?;
        } else {
            output::text(&table::of_page(&reply.to_json()))?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The reports of a data folder, and the product that is asked about.
pub(super) async fn opened(at: &AtArgs) -> anyhow::Result<(Database, Product)> {
    let data = DataFolder::existing(at.data.data.clone())?;
    let archive = ObjectStore::open_dir(&data.archive(), Durability::Fsync).await?;
    let registry = Registry::new(archive, std::time::Duration::ZERO);
    let snapshot = registry.snapshot().await?;
    let product = product::chosen(&snapshot, at.product.as_deref())?.clone();
    // Where nothing ran yet, nothing is there to be asked.
    let sessions = Database::open_file(&data.sessions(), Durability::Fsync).await?;
    logbook_backends::sql::migrate(&sessions).await?;
    let analytics = open_analytics(&data, Durability::Fsync).await?;
    Ok((analytics, product))
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

/// Of the query API of a stack.
#[cfg(feature = "aws")]
pub(super) fn on_stack(args: &ReportArgs, stack: &crate::stack::Stack) -> anyhow::Result<ExitCode> {
    let url = args
        .at
        .url
        .as_deref()
        .map_or_else(|| stack.need("QueryUrl"), Ok)?;
    ask(args, url)
}

/// Asks a query API.
fn ask(args: &ReportArgs, url: &str) -> anyhow::Result<ExitCode> {
    let client = args.at.client(url)?;
    let Some(name) = &args.name else {
        let reply = client.get("/v1/reports", &[], "application/json")?;
        let mut reply: Value = serde_json::from_str(&reply).context("the answer is no JSON")?;
        return list(&reply["reports"].take(), args.json);
    };
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        bail!("{name:?} is no report's name: `logbook report --url {url}` lists them");
    }
    let mut asked = parameters(args)?;
    asked.extend(args.at.asked());
    let accept = if args.csv {
        "text/csv"
    } else {
        "application/json"
    };
    let reply = client.get(&format!("/v1/reports/{name}"), &asked, accept)?;
    if args.csv {
        output::text(&reply)?;
        return Ok(ExitCode::SUCCESS);
    }
    let page: Value = serde_json::from_str(&reply).context("the answer is no JSON")?;
    if args.json {
        output::json(&page)?;
    } else {
        output::text(&table::of_page(&page))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Lists reports as they describe themselves.
fn list(reports: &Value, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        output::json(reports)?;
        return Ok(ExitCode::SUCCESS);
    }
    let text = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
    let rows: Vec<_> = table::items(reports)
        .map(|report| {
            let parameters: Vec<_> = table::items(&report["parameters"])
                .map(|one| text(one, "name"))
                .collect();
            vec![
                text(report, "name"),
                text(report, "title"),
                parameters.join(", "),
            ]
        })
        .collect();
    output::text(&output::table(&["report", "answers", "parameters"], &rows))?;
    Ok(ExitCode::SUCCESS)
}
