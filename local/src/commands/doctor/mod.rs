//! `logbook doctor`: what is wrong with an installation, and what to do.

mod folder;
#[cfg(feature = "aws")]
mod stack;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use logbook_backends::ObjectStore;
use logbook_pipeline::{Registry, Snapshot, archived_products};
use serde::Serialize;

use super::{REFUSED, block_on};
use crate::cli::DoctorArgs;
use crate::output;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Good,
    Look,
    Bad,
}

#[cfg(feature = "aws")]
impl Verdict {
    const fn bad_if(is_bad: bool) -> Self {
        if is_bad { Self::Bad } else { Self::Good }
    }
}

#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    found: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    what_to_do: String,
}

#[derive(Debug, Default)]
struct Report(Vec<Finding>);

impl Report {
    fn add(&mut self, check: &'static str, verdict: Verdict, found: String, what_to_do: &str) {
        let what_to_do = if verdict == Verdict::Good {
            ""
        } else {
            what_to_do
        }
        .to_owned();
        self.0.push(Finding {
            check,
            verdict,
            found,
            what_to_do,
        });
    }
}

pub(super) fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    show(args, &block_on(folder::examine(args))?)
}

/// The same of a stack.
#[cfg(feature = "aws")]
pub(super) async fn on_stack(
    args: &DoctorArgs,
    stack: &crate::stack::Stack,
) -> anyhow::Result<ExitCode> {
    show(args, &stack::examine(stack).await)
}

fn show(args: &DoctorArgs, report: &Report) -> anyhow::Result<ExitCode> {
    if args.json {
        output::json(&report.0)?;
    } else {
        output::text(&for_people(report))?;
    }
    let bad = report
        .0
        .iter()
        .any(|finding| finding.verdict == Verdict::Bad);
    Ok(if bad {
        ExitCode::from(REFUSED)
    } else {
        ExitCode::SUCCESS
    })
}

/// Looks at the registry, which it gives if it can be read. `strangers` says what to do where logs
/// came for products that nobody registered.
async fn products(
    archive: &ObjectStore,
    strangers: &str,
    report: &mut Report,
) -> Option<Arc<Snapshot>> {
    let registry = Registry::new(archive.clone(), Duration::ZERO);
    let snapshot = match registry.snapshot().await {
        Ok(snapshot) => snapshot,
        Err(error) => {
            report.add(
                "products",
                Verdict::Bad,
                error.to_string(),
                "mend the file that it names",
            );
            return None;
        }
    };
    let count = snapshot.products().count();
    let verdict = if count > 0 {
        Verdict::Good
    } else {
        Verdict::Bad
    };
    report.add(
        "products",
        verdict,
        format!("{count} registered"),
        "`logbook product add ID`",
    );
    for fault in snapshot.faults() {
        let what = "mend it: store a profile with `logbook product profile FILE`, or name another \
                    with `logbook product set ID --profile NAME`; the products that it concerns \
                    wait for that, the others go on";
        report.add("products", Verdict::Bad, fault.to_string(), what);
    }
    match archived_products(archive).await {
        Ok(mut others) => {
            others.retain(|id| matches!(snapshot.product(id), Ok(None)));
            if !others.is_empty() {
                let others: Vec<_> = others.iter().map(ToString::to_string).collect();
                let found = format!("logs came for no product of yours: {}", others.join(", "));
                report.add("products", Verdict::Look, found, strangers);
            }
        }
        Err(error) => report.add("archive", Verdict::Bad, error.to_string(), "see the error"),
    }
    Some(snapshot)
}

fn for_people(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.0 {
        let mark = match finding.verdict {
            Verdict::Good => "✓",
            Verdict::Look => "·",
            Verdict::Bad => "✗",
        };
        out.push_str(&format!("{mark} {:<16} {}\n", finding.check, finding.found));
        if !finding.what_to_do.is_empty() {
            out.push_str(&format!("  {:<16} → {}\n", "", finding.what_to_do));
        }
    }
    out
}
