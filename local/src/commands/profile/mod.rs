//! `logbook profile`.

mod cases;
mod preview;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use logbook_formats::{Profile, builtin_texts, draft_profile, foreign_text, guess};
use serde_json::json;

use super::REFUSED;
use crate::cli::{ProfileCommand, SealedArgs};
use crate::log_file;
use crate::output;

pub(super) fn run(command: ProfileCommand) -> anyhow::Result<ExitCode> {
    match command {
        ProfileCommand::List { json } => list(json),
        ProfileCommand::Show { name } => show(&name),
        ProfileCommand::Check { file, json } => check(&file, json),
        ProfileCommand::Try {
            profile,
            log,
            lines,
            json,
        } => preview::run(&profile, &log, lines, json),
        ProfileCommand::New { log, name, json } => new(&log, &name, json),
        ProfileCommand::Test {
            profiles,
            update,
            json,
        } => cases::run(&profiles, update, json),
    }
}

fn list(json: bool) -> anyhow::Result<ExitCode> {
    let profiles: Vec<_> = builtin_texts()
        .iter()
        .filter_map(|(name, _)| logbook_formats::builtin(name))
        .collect();
    if json {
        let document = profiles.iter().map(|profile| {
            json!({
                "profile": profile.reference(),
                "family": profile.family(),
                "reads": profile.description(),
            })
        });
        output::json(&document.collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<_> = profiles
        .iter()
        .map(|profile| {
            vec![
                profile.reference(),
                profile.family().to_owned(),
                profile.description().to_owned(),
            ]
        })
        .collect();
    output::text(&output::table(&["profile", "family", "reads"], &rows))?;
    Ok(ExitCode::SUCCESS)
}

fn show(name: &str) -> anyhow::Result<ExitCode> {
    let profile = log_file::named_profile(name)?;
    let text = builtin_texts()
        .iter()
        .find(|(known, _)| *known == profile.id());
    let (_, text) = text.context("the profile has no text")?;
    output::text(text)?;
    Ok(ExitCode::SUCCESS)
}

fn check(file: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let text = log_file::read_text(file)?;
    match Profile::from_toml(&text) {
        Ok(profile) => {
            let said = format!(
                "{}: good: profile {} of family {}\n",
                file.display(),
                profile.reference(),
                profile.family()
            );
            let document = json!({
                "file": file.display().to_string(),
                "good": true,
                "profile": profile.reference(),
                "family": profile.family(),
            });
            output::outcome(json, &said, &document)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let shown = text.lines().nth(error.line.saturating_sub(1)).unwrap_or("");
            let said = format!(
                "{}:{}:{}: {}{}\n    {shown}\n",
                file.display(),
                error.line,
                error.column,
                if error.key.is_empty() {
                    String::new()
                } else {
                    format!("{}: ", error.key)
                },
                error.message
            );
            let document = json!({
                "file": file.display().to_string(),
                "good": false,
                "line": error.line,
                "column": error.column,
                "key": error.key,
                "message": error.message,
            });
            output::outcome(json, &said, &document)?;
            Ok(ExitCode::from(REFUSED))
        }
    }
}

fn new(log: &Path, name: &str, json: bool) -> anyhow::Result<ExitCode> {
    let log = log_file::open(log, &SealedArgs::default(), u64::MAX)?;
    if log.head.is_empty() {
        anyhow::bail!("it is empty: give a log that has some records");
    }
    if let Some(what) = foreign_text(&log.head) {
        anyhow::bail!("{what}");
    }
    let fits = guess(&log.head);
    if fits.is_none() && log.head.contains(&0) {
        anyhow::bail!("it is no text: profiles read text and OTLP");
    }
    let fits = fits.map(Profile::id).filter(|id| *id != "logbook");
    if let Some(id) = fits {
        output::note(&format!(
            "the built-in profile {id} reads this log: use it, or start from `logbook profile show {id}`"
        ));
    }
    let drafted = draft_profile(name, &log.head);
    if let Err(error) = Profile::from_toml(&drafted) {
        anyhow::bail!("the name {name:?} makes no profile: {error}");
    }
    let document = json!({ "profile": name, "toml": drafted, "built_in": fits });
    output::outcome(json, &drafted, &document)?;
    Ok(ExitCode::SUCCESS)
}
