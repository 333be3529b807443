//! `logbook profile test`: golden cases.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use logbook_formats::{LogContext, Profile};
use logbook_model::{LogId, ProductId, Timestamp};
use serde_json::json;

use super::REFUSED;
use crate::cli::SealedArgs;
use crate::commands::inspect;
use crate::log_file;
use crate::output;

pub(super) fn run(specs: &[PathBuf], update: bool, json: bool) -> anyhow::Result<ExitCode> {
    let mut passed = 0;
    let mut failures = Vec::new();
    for file in profile_files(specs)? {
        let profile = log_file::profile_file(&file)?;
        for log in case_logs(&file)? {
            match case(&profile, &log, update)? {
                None => passed += 1,
                Some(difference) => {
                    if !json {
                        output::text(&format!("{}: failed\n{difference}\n", log.display()))?;
                    }
                    let log = log.display().to_string();
                    failures.push(json!({ "log": log, "difference": difference }));
                }
            }
        }
    }
    let failed = failures.len();
    let document = json!({ "passed": passed, "failed": failed, "failures": failures });
    output::outcome(
        json,
        &format!("{passed} passed, {failed} failed\n"),
        &document,
    )?;
    if passed + failed == 0 {
        bail!(
            "there is no case: put logs into NAME.cases/ beside NAME.toml, then run with --update"
        );
    }
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(REFUSED)
    })
}

fn profile_files(specs: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for spec in specs {
        if spec.is_dir() {
            files.extend(
                entries(spec)?
                    .into_iter()
                    .filter(|p| p.extension().is_some_and(|e| e == "toml")),
            );
        } else {
            files.push(spec.clone());
        }
    }
    Ok(files)
}

/// Every file of `NAME.cases/` but the expected ones.
fn case_logs(profile: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let folder = profile.with_extension("cases");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let expected = |path: &PathBuf| path.to_string_lossy().ends_with(".expected.json");
    let logs: Vec<PathBuf> = entries(&folder)?
        .into_iter()
        .filter(|path| path.is_file() && !expected(path))
        .collect();
    let mut seen = BTreeMap::new();
    for log in &logs {
        if let Some(other) = seen.insert(expected_file(log), log) {
            bail!(
                "{} and {} have one expected file: name them apart before their ending",
                other.display(),
                log.display()
            );
        }
    }
    Ok(logs)
}

/// The file of what a case must give: `a.log` has `a.expected.json`.
fn expected_file(log: &Path) -> PathBuf {
    log.with_extension("expected.json")
}

fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let listed =
        std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths = Vec::new();
    for entry in listed {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}

/// What differs; `None` where the case holds.
fn case(profile: &Profile, path: &Path, update: bool) -> anyhow::Result<Option<String>> {
    let mut log = log_file::open(path, &SealedArgs::default(), u64::MAX)?;
    // Cases mean the same on every machine and at every time.
    log.modified_at = None;
    let mut context = LogContext::new(
        ProductId::new(profile.id())?,
        LogId::new("case")?,
        Timestamp::from_micros(1_767_225_600_000_000).unwrap_or_default(),
    );
    context.file_name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let report = inspect::read(log, profile, &context)?;
    let mut got = serde_json::to_string_pretty(&report)?;
    got.push('\n');
    let expected = expected_file(path);
    if update {
        std::fs::write(&expected, &got)
            .with_context(|| format!("cannot write {}", expected.display()))?;
        return Ok(None);
    }
    let want = match std::fs::read_to_string(&expected) {
        Ok(want) => want,
        Err(error) => {
            return Ok(Some(format!(
                "  {}: {error}; write it with --update",
                expected.display()
            )));
        }
    };
    Ok((want != got).then(|| difference(&want, &got)))
}

/// The first lines that differ.
fn difference(want: &str, got: &str) -> String {
    let mut wants = want.lines();
    let mut gots = got.lines();
    let mut number = 0;
    loop {
        number += 1;
        let (want, got) = (wants.next(), gots.next());
        if want != got {
            return format!(
                "  line {number}:\n  - {}\n  + {}",
                want.unwrap_or("(nothing)"),
                got.unwrap_or("(nothing)")
            );
        }
        if want.is_none() {
            return String::new();
        }
    }
}
