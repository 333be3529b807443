//! `logbook export`: all of a report into a file.

mod hyper;
mod page;
mod parquet;
mod target;
mod write;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::json;
use tokio::task::block_in_place;

use super::block_on;
use super::report::{Api, Here, Parameters, parameters};
use crate::cli::{ExportArgs, TargetArgs};
use crate::output;
use page::Page;
use target::Target;
use write::{Csv, Parquet, Writer};

/// Rows of a page. A query API answers with at most 4 MiB.
const PAGE_ROWS: u32 = 5000;

/// Where the pages come from.
enum Source {
    Here(Box<Here>),
    Api(Api),
}

impl Source {
    async fn page(&self, name: &str, asked: Parameters) -> anyhow::Result<Page> {
        let text = match self {
            Self::Here(here) => here.page(name, asked).await?.to_json().to_string(),
            Self::Api(api) => block_in_place(|| api.page(name, asked, "application/json"))?,
        };
        Page::read(&text)
    }
}

pub(super) fn run(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    block_on(async {
        let source = match &args.asked.at.url {
            Some(url) => Source::Api(Api::new(&args.asked, url)?),
            None => Source::Here(Box::new(Here::open(&args.asked.at).await?)),
        };
        export(args, &source).await
    })
}

/// Of the query API of a stack.
#[cfg(feature = "aws")]
pub(super) async fn on_stack(
    args: &ExportArgs,
    stack: &crate::stack::Stack,
) -> anyhow::Result<ExitCode> {
    let url = args.asked.at.url.as_deref();
    let url = url.map_or_else(|| stack.need("QueryUrl"), Ok)?;
    export(args, &Source::Api(Api::new(&args.asked, url)?)).await
}

async fn export(args: &ExportArgs, source: &Source) -> anyhow::Result<ExitCode> {
    let asked = parameters(&args.asked)?;
    let paging = asked
        .iter()
        .find(|(name, _)| matches!(name.as_str(), "limit" | "after"));
    if let Some((name, _)) = paging {
        bail!("{name} is for a page; an export has them all");
    }
    let first = source.page(&args.name, paged(&asked, None)).await?;
    let (path, hyper) = match &args.target {
        TargetArgs {
            csv: Some(path), ..
        }
        | TargetArgs {
            parquet: Some(path),
            ..
        } => (path.as_path(), None),
        TargetArgs {
            hyper: Some(path), ..
        } => (path.as_path(), Some(hyper::Converter::find(&args.python)?)),
        _ => bail!("name a file: --parquet, --csv or --hyper"),
    };
    let mut target = Target::beside(path)?;
    let file = target.file()?;
    let mut writer = match &args.target.csv {
        Some(_) => Writer::Csv(Csv::new(file, &first)?),
        None => Writer::Parquet(Parquet::new(file, &first)?),
    };
    let whole = all(args, source, &asked, first, &mut writer).await?;
    writer.finish(&whole.about)?;
    if let Some(converter) = hyper {
        target = converter.convert(&target, path, &whole.about)?;
    }
    target.publish(path)?;
    tell(args, &whole, path)?;
    Ok(ExitCode::SUCCESS)
}

/// What a whole report says of itself.
struct Whole {
    rows: usize,
    withheld: u64,
    /// By name, for the file's metadata.
    about: Vec<(&'static str, String)>,
}

/// Writes the first page and all that follow. They are asked for the days of the first, so that a
/// range without an end is the same for all.
async fn all(
    args: &ExportArgs,
    source: &Source,
    asked: &Parameters,
    first: Page,
    writer: &mut Writer,
) -> anyhow::Result<Whole> {
    let mut about = first.about();
    let (from, to) = (first.from.clone(), first.to.clone());
    let complete_until = first.freshness.complete_until.clone();
    let (mut rows, mut withheld, mut changed) = (0, 0, false);
    let mut page = first;
    loop {
        rows += page.rows.len();
        withheld += page.withheld_groups;
        changed |= page.freshness.complete_until != complete_until;
        writer.add(&page)?;
        let Some(after) = page.next else { break };
        let mut asked = paged(asked, Some(after));
        asked.retain(|(name, _)| name != "from" && name != "to");
        asked.push(("from".to_owned(), from.clone()));
        asked.push(("to".to_owned(), to.clone()));
        let columns = page.columns;
        page = source.page(&args.name, asked).await?;
        if page.columns != columns {
            bail!("the report changed its columns while it was read; export it again");
        }
    }
    if changed {
        output::note(
            "the reports were brought up to date while they were read: export again for figures \
             of one moment",
        );
    }
    about.push(("logbook.withheld_groups", withheld.to_string()));
    Ok(Whole {
        rows,
        withheld,
        about,
    })
}

/// What is asked for a page.
fn paged(asked: &Parameters, after: Option<String>) -> Parameters {
    let mut asked = asked.clone();
    asked.push(("limit".to_owned(), PAGE_ROWS.to_string()));
    asked.extend(after.map(|after| ("after".to_owned(), after)));
    asked
}

fn tell(args: &ExportArgs, whole: &Whole, path: &Path) -> anyhow::Result<()> {
    let about = |name: &str| {
        let found = whole.about.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let (from, to) = (about("logbook.from"), about("logbook.to"));
    let until = match about("logbook.complete_until") {
        "" => "not analyzed yet".to_owned(),
        until => format!("complete until {until}"),
    };
    let said = format!(
        "{}, {from} .. {to}: {} rows in {}; {until}\n",
        args.name,
        whole.rows,
        path.display()
    );
    let complete_until = about("logbook.complete_until");
    let document = json!({
        "report": args.name,
        "from": from,
        "to": to,
        "file": path.display().to_string(),
        "rows": whole.rows,
        "withheld_groups": whole.withheld,
        "complete_until": Some(complete_until).filter(|until| !until.is_empty()),
    });
    output::outcome(args.json, &said, &document)?;
    if whole.withheld > 0 {
        output::note(&format!(
            "withheld for fewer persons than the product's min users: {}",
            whole.withheld
        ));
    }
    Ok(())
}

/// What columns mean, for the file's metadata.
fn described(columns: &[page::PageColumn]) -> String {
    json!(columns).to_string()
}

/// The folder that a file is to be in.
fn folder_of(path: &Path) -> anyhow::Result<&Path> {
    let folder = path.parent().context("that is no file")?;
    Ok(if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    })
}
