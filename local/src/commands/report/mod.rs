//! `logbook report`.

mod chart;
mod demo;
mod greatest;
mod source;
mod table;

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::Context;
use logbook_reports::catalogue;
use serde_json::{Value, json};

use super::block_on;
use crate::cli::ReportArgs;
use crate::output;

pub(super) use demo::{Stored as DemoStored, demo_answers, stored as demo_stored};
pub(super) use source::{Api, Here, Parameters, parameters};

pub(super) fn run(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    if let Some(url) = &args.asked.at.url {
        return ask(args, url);
    }
    let Some(name) = &args.name else {
        return list(&json!(catalogue()), args.json);
    };
    block_on(async {
        let here = Here::open(&args.asked.at).await?;
        let reply = here.page(name, limited(args)?).await?;
        if args.csv {
            output::text(&reply.to_csv())?;
        } else {
            show(args, reply.to_json())?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// What is asked, with a limit.
fn limited(args: &ReportArgs) -> anyhow::Result<Parameters> {
    let mut parameters = parameters(&args.asked)?;
    if !parameters.iter().any(|(name, _)| name == "limit") {
        let limit = weight(args).map_or(args.limit, |_| greatest::ALL);
        parameters.push(("limit".to_owned(), limit.to_string()));
    }
    Ok(parameters)
}

/// By what the rows are put in order, where people look at them.
fn weight(args: &ReportArgs) -> Option<&'static str> {
    if args.json || args.csv {
        return None;
    }
    greatest::weight(args.name.as_deref()?, args.asked.by.as_deref())
}

/// Prints a page; on a terminal with a chart.
fn show(args: &ReportArgs, mut page: Value) -> anyhow::Result<()> {
    if args.json {
        return output::json(&page);
    }
    if let Some(weight) = weight(args) {
        greatest::keep(&mut page, weight, args.limit);
    }
    let page = &page;
    let asks_for =
        |name| parameters(&args.asked).is_ok_and(|all| all.iter().any(|(one, _)| one == name));
    if args.name.as_deref() == Some("funnel") && !asks_for("steps") {
        output::note("a funnel has the steps that it is asked for: --where steps=open,edit,save");
        return Ok(());
    }
    output::text(&table::of_page(page))?;
    if args.no_chart || !std::io::stdout().is_terminal() {
        return Ok(());
    }
    match chart::of_page(page, output::width()) {
        Some(chart) => output::text(&format!("\n{chart}")),
        None => Ok(()),
    }
}

/// Of the query API of a stack.
#[cfg(feature = "aws")]
pub(super) fn on_stack(args: &ReportArgs, stack: &crate::stack::Stack) -> anyhow::Result<ExitCode> {
    let url = args
        .asked
        .at
        .url
        .as_deref()
        .map_or_else(|| stack.need("QueryUrl"), Ok)?;
    ask(args, url)
}

/// Asks a query API.
fn ask(args: &ReportArgs, url: &str) -> anyhow::Result<ExitCode> {
    let api = Api::new(&args.asked, url)?;
    let Some(name) = &args.name else {
        let reply = api.client.get("/v1/reports", &[], "application/json")?;
        let mut reply: Value = serde_json::from_str(&reply).context("the answer is no JSON")?;
        return list(&reply["reports"].take(), args.json);
    };
    if args.csv {
        output::text(&api.page(name, limited(args)?, "text/csv")?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let page = api.page(name, limited(args)?, "application/json")?;
    show(
        args,
        serde_json::from_str(&page).context("the answer is no JSON")?,
    )?;
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
