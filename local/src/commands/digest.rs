//! `logbook digest`.

use std::process::ExitCode;

use anyhow::Context;
use logbook_bootstrap::slack;
use logbook_model::{Day, Notice};
use logbook_reports::{Settings, digest};

use super::block_on;
use super::report::Here;
use crate::cli::DigestArgs;
use crate::output;

pub(super) fn run(args: &DigestArgs) -> anyhow::Result<ExitCode> {
    if let Some(url) = &args.at.url {
        return ask(args, url);
    }
    let to = args.to.as_deref().map(str::parse::<Day>).transpose()?;
    let notice = block_on(async {
        let Here { analytics, product } = Here::open(&args.at).await?;
        let settings = Settings {
            session_timeout_secs: product.session_timeout_secs,
            min_users: product.min_users,
        };
        Ok(digest(&analytics, &product.id, &settings, to).await?)
    })?;
    show(args, &notice)
}

/// Of the query API of a stack.
#[cfg(feature = "aws")]
pub(super) fn on_stack(args: &DigestArgs, stack: &crate::stack::Stack) -> anyhow::Result<ExitCode> {
    let url = args.at.url.as_deref();
    let url = url.map_or_else(|| stack.need("QueryUrl"), Ok)?;
    ask(args, url)
}

fn ask(args: &DigestArgs, url: &str) -> anyhow::Result<ExitCode> {
    let client = args.at.client(url)?;
    let to = args.to.iter().map(|day| ("to".to_owned(), day.clone()));
    let asked: Vec<_> = args.at.asked().into_iter().chain(to).collect();
    let reply = client.get("/v1/digest", &asked, "application/json")?;
    let notice = serde_json::from_str(&reply);
    show(args, &notice.context("the answer is none of Logbook's")?)
}

fn show(args: &DigestArgs, notice: &Notice) -> anyhow::Result<ExitCode> {
    if args.slack {
        output::json(&slack::of_notice(notice))?;
    } else if args.json {
        output::json(notice)?;
    } else {
        output::text(&notice.to_text())?;
    }
    Ok(ExitCode::SUCCESS)
}
