//! `logbook inspect`.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::bail;
use logbook_formats::{
    InspectedLog, Inspection, Limits, LogContext, Profile, ReadError, foreign_text, read_log,
};
use logbook_model::{LogId, LogReject, ProductId, Timestamp};
use serde::Serialize;

use crate::cli::InspectArgs;
use crate::log_file::{self, LogFile, Refused, archived};
use crate::output;

/// What a log holds, or why it is refused.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<Rejected>,
    #[serde(flatten)]
    inspection: Inspection,
}

#[derive(Debug, Serialize)]
struct Rejected {
    reason: &'static str,
    detail: String,
}

pub(crate) fn run(args: &InspectArgs) -> anyhow::Result<ExitCode> {
    let opened = match (&args.file, &args.log) {
        (Some(file), _) => log_file::open(file, &args.sealed, args.max_inflated),
        (None, Some(log)) => archived::open(&args.data.data, log, args.max_inflated),
        (None, None) => bail!("name a log: FILE, or --log PRODUCT/LOG of an archive"),
    };
    show(args, opened)
}

/// The same, out of the archive of a stack, as far as the caller's role may.
#[cfg(feature = "aws")]
pub(super) async fn on_stack(
    args: &InspectArgs,
    stack: &crate::stack::Stack,
) -> anyhow::Result<ExitCode> {
    use anyhow::Context;
    let name = args.log.as_deref().unwrap_or_default();
    let opened = archived::open_in(
        stack.archive()?,
        stack.keys()?,
        name.parse()?,
        args.max_inflated,
    );
    let opened = match opened.await {
        // A store's, and no word on the log.
        Err(error) if error.is::<logbook_pipeline::Error>() => Err(error).with_context(|| {
            format!(
                "the log {name} of the stack {} cannot be opened; sealed logs are for the \
                 functions of the stack, and for the role that its parameter BreakGlassRoleArn \
                 names (docs/stack.md)",
                stack.name
            )
        }),
        opened => opened,
    };
    show(args, opened)
}

fn show(args: &InspectArgs, opened: anyhow::Result<LogFile>) -> anyhow::Result<ExitCode> {
    let report = match opened {
        Ok(log) => inspect(args, log)?,
        Err(error) => match error.downcast::<Refused>() {
            Ok(refused) => Report::refused(refused.reason, refused.detail, None),
            Err(error) => return Err(error),
        },
    };
    if args.json {
        output::json(&report)?;
    } else {
        output::text(&report.for_people())?;
    }
    Ok(if report.rejected.is_some() {
        ExitCode::from(super::REFUSED)
    } else {
        ExitCode::SUCCESS
    })
}

fn inspect(args: &InspectArgs, log: LogFile) -> anyhow::Result<Report> {
    if log.head.is_empty() {
        return Ok(Report::refused(
            LogReject::Empty,
            "it has no bytes".to_owned(),
            None,
        ));
    }
    if let Some(what) = foreign_text(&log.head) {
        let what = what.to_owned();
        return Ok(Report::refused(LogReject::WrongFormat, what, None));
    }
    let found = match &log.profile {
        Some(own) if args.profile.is_default() => Some(own.clone()),
        _ => log_file::profile(&args.profile, &log.head)?,
    };
    let Some(profile) = found else {
        return refuse_unknown(log);
    };
    let context = context(args, &log, &profile)?;
    read(log, &profile, &context)
}

/// A log that no profile fits; one that does not inflate is refused for that.
fn refuse_unknown(mut log: LogFile) -> anyhow::Result<Report> {
    if let Err(error) = std::io::copy(&mut log.reader, &mut std::io::sink()) {
        return unreadable(error);
    }
    let detail = log_file::no_profile();
    Ok(Report::refused(LogReject::WrongFormat, detail, None))
}

/// A log whose source fails.
fn unreadable(error: std::io::Error) -> anyhow::Result<Report> {
    match log_file::inflate_refusal(&error) {
        Some(refused) => Ok(Report::refused(refused.reason, refused.detail, None)),
        None => Err(anyhow::Error::new(error).context("cannot read the log")),
    }
}

/// Reads a log by a profile.
pub(crate) fn read(
    log: LogFile,
    profile: &Profile,
    context: &LogContext,
) -> anyhow::Result<Report> {
    match read_log(log.reader, profile, context, &Limits::default(), None) {
        Ok(parsed) => Ok(Report {
            rejected: None,
            inspection: Inspection::new(&parsed, profile),
        }),
        Err(ReadError::Rejected {
            reason,
            detail,
            figures,
        }) => Ok(Report::refused(
            reason,
            detail,
            Some(InspectedLog::new(&figures, 0, profile)),
        )),
        Err(ReadError::Source(error)) => unreadable(error),
    }
}

/// The context of a log in a file.
pub(crate) fn context(
    args: &InspectArgs,
    log: &LogFile,
    profile: &Profile,
) -> anyhow::Result<LogContext> {
    let product = match (&args.product, &log.product) {
        (Some(product), _) => ProductId::new(product.as_str())?,
        (None, Some(product)) => product.clone(),
        (None, None) => ProductId::new(profile.id())?,
    };
    let of_file = || {
        args.file
            .as_deref()?
            .file_name()?
            .to_str()
            .map(str::to_owned)
    };
    let name = log.file_name.clone().or_else(of_file);
    let id = match (&args.log_id, &log.log) {
        (Some(id), _) => LogId::new(id.as_str())?,
        (None, Some(id)) => id.clone(),
        (None, None) => LogId::of_object(&product, name.as_deref().unwrap_or(""), ""),
    };
    let mut context = LogContext::new(product, id, log.received_at.unwrap_or_else(now));
    context.file_name = name;
    context.modified_at = log.modified_at;
    context.metadata.clone_from(&log.metadata);
    Ok(context)
}

/// What a flag means, for people.
fn odd(flag: &str) -> &str {
    match flag {
        "epoch_start" => "times on the first day of 1970",
        "far_ahead" => "times more than a day ahead",
        "no_zone" => "times without a zone",
        "duplicate_keys" => "records with a key that comes twice",
        other => other,
    }
}

fn now() -> Timestamp {
    let micros = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_micros());
    Timestamp(i64::try_from(micros).unwrap_or(i64::MAX))
}

impl Report {
    fn refused(reason: LogReject, detail: String, log: Option<InspectedLog>) -> Self {
        Self {
            rejected: Some(Rejected {
                reason: reason.name(),
                detail,
            }),
            inspection: Inspection {
                log: log.unwrap_or_default(),
                sessions: Vec::new(),
            },
        }
    }

    /// The same for reading: tables.
    fn for_people(&self) -> String {
        let mut out = String::new();
        let log = &self.inspection.log;
        let write = &mut out;
        let mut line = |text: String| {
            write.push_str(&text);
            write.push('\n');
        };
        if let Some(rejected) = &self.rejected {
            line(format!(
                "rejected: {}: {}",
                rejected.reason, rejected.detail
            ));
        }
        if !log.profile.is_empty() {
            line(format!("profile   {} ({})", log.profile, log.format));
            line(format!(
                "records   {} good, {} rejected",
                log.records - log.rejects_total,
                log.rejects_total
            ));
            line(format!("sessions  {}", log.sessions));
            if log.repaired_utf8 > 0 {
                line(format!(
                    "repaired  {} lines were no UTF-8",
                    log.repaired_utf8
                ));
            }
            if log.continuation_lines > 0 {
                line(format!(
                    "continued {} lines begin no record",
                    log.continuation_lines
                ));
            }
            for (flag, records) in &log.flagged {
                line(format!("odd       {records} {}", odd(flag)));
            }
            if log.backward_steps > 0 {
                line(format!("clock     {} steps back", log.backward_steps));
            }
        }
        out.push_str(&self.sessions());
        out.push_str(&self.names());
        out.push_str(&self.rejects());
        out
    }

    fn sessions(&self) -> String {
        if self.inspection.sessions.is_empty() {
            return String::new();
        }
        let text = |time: Option<logbook_model::EventTime>| {
            time.map_or_else(|| "–".to_owned(), |time| time.to_string())
        };
        let rows: Vec<Vec<String>> = self
            .inspection
            .sessions
            .iter()
            .map(|session| {
                vec![
                    session.session_id.to_string(),
                    text(session.started_at),
                    text(session.last_activity_at),
                    session.status.to_string(),
                    session.events.to_string(),
                    session.errors.to_string(),
                    session.version.clone().unwrap_or_else(|| "–".to_owned()),
                ]
            })
            .collect();
        let header = [
            "session",
            "started",
            "last activity",
            "status",
            "events",
            "errors",
            "version",
        ];
        format!("\n{}", output::table(&header, &rows))
    }

    fn names(&self) -> String {
        const SHOWN: usize = 10;
        let mut names = std::collections::BTreeMap::<&str, u64>::new();
        for session in &self.inspection.sessions {
            for (name, events) in &session.by_name {
                *names.entry(name).or_insert(0) += events;
            }
        }
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort_by_key(|&(name, events)| (std::cmp::Reverse(events), name));
        if names.is_empty() {
            return String::new();
        }
        let rows: Vec<_> = names
            .iter()
            .take(SHOWN)
            .map(|(name, events)| vec![(*name).to_owned(), events.to_string()])
            .collect();
        let mut out = format!("\n{}", output::table(&["name", "events"], &rows));
        if names.len() > SHOWN {
            let written = writeln!(out, "… and {} more names", names.len() - SHOWN);
            debug_assert!(written.is_ok(), "writing to a String cannot fail");
        }
        out
    }

    fn rejects(&self) -> String {
        let rows: Vec<_> = self
            .inspection
            .log
            .rejects
            .iter()
            .map(|reject| {
                vec![
                    reject.line.to_string(),
                    reject.offset.to_string(),
                    reject.reason.to_owned(),
                    reject.detail.clone(),
                ]
            })
            .collect();
        if rows.is_empty() {
            return String::new();
        }
        format!(
            "\n{}",
            output::table(&["line", "byte", "rejected as", "because"], &rows)
        )
    }
}
