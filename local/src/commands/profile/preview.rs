//! `logbook profile try`: what each of a log's first lines becomes.

use std::collections::BTreeMap;
use std::io::{BufRead, Cursor};
use std::path::Path;
use std::process::ExitCode;

use logbook_formats::{Limits, LogContext, Observed, ReadError, RejectedRecord, read_log};
use logbook_model::{LogId, ProductId, Timestamp};
use serde::Serialize;

use crate::cli::SealedArgs;
use crate::log_file;
use crate::output;

/// Longest line shown, in characters.
const SHOWN_CHARS: usize = 100;

/// What one line of the log became.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "became")]
enum Became {
    Event(Shown),
    Rejected {
        reason: &'static str,
        detail: String,
    },
    /// A continuation, header, metadata, ignored or blank line.
    Nothing,
}

#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    level: &'static str,
    session: u32,
    #[serde(skip_serializing_if = "is_false")]
    starts_session: bool,
    #[serde(skip_serializing_if = "is_false")]
    ends_session: bool,
    #[serde(skip_serializing_if = "is_false")]
    error: bool,
    kind: String,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_us: Option<u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[derive(Debug, Serialize)]
struct Line {
    #[serde(rename = "line")]
    number: u64,
    text: String,
    #[serde(flatten)]
    became: Became,
}

pub(super) fn run(spec: &str, log: &Path, lines: usize, json: bool) -> anyhow::Result<ExitCode> {
    let profile = log_file::any_profile(spec)?;
    let mut log = log_file::open(log, &SealedArgs::default(), u64::MAX)?;
    let mut bytes = Vec::new();
    for _ in 0..lines {
        if log.reader.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
    }
    let mut context = LogContext::new(ProductId::new("try")?, LogId::new("try")?, Timestamp(0));
    context.received_at = log.modified_at.unwrap_or_default();
    context.modified_at = log.modified_at;
    let mut events = BTreeMap::new();
    let mut see = |seen: &Observed<'_>| {
        events.insert(seen.event.line, shown(seen));
    };
    let source = Cursor::new(&bytes);
    let result = read_log(
        source,
        &profile,
        &context,
        &Limits::default(),
        Some(&mut see),
    );
    let (rejects, refused) = match result {
        Ok(parsed) => (parsed.figures.rejects, None),
        Err(ReadError::Rejected {
            reason,
            detail,
            figures,
        }) => (
            figures.rejects,
            Some(format!("the lines make no log: {reason}: {detail}")),
        ),
        Err(ReadError::Source(error)) => return Err(error.into()),
    };
    let became = lines_of(&bytes, events, rejects);
    if json {
        for line in &became {
            output::text(&format!("{}\n", serde_json::to_string(line)?))?;
        }
    } else {
        output::text(&for_people(&became))?;
    }
    Ok(match refused {
        Some(refused) => {
            output::note(&refused);
            ExitCode::from(super::REFUSED)
        }
        None => ExitCode::SUCCESS,
    })
}

fn shown(seen: &Observed<'_>) -> Shown {
    let event = seen.event;
    Shown {
        name: event.name.to_string(),
        time: event.time.map(|time| time.to_string()),
        level: event.level.name(),
        session: seen.ordinal,
        starts_session: seen.starts,
        ends_session: seen.ends,
        error: event.error,
        kind: format!("{:?}", event.kind).to_lowercase(),
        count: event.count,
        duration_us: event.duration_us,
        attributes: seen.attributes.iter().cloned().collect(),
    }
}

fn lines_of(
    bytes: &[u8],
    mut events: BTreeMap<u64, Shown>,
    rejects: Vec<RejectedRecord>,
) -> Vec<Line> {
    let mut rejects: BTreeMap<u64, RejectedRecord> = rejects
        .into_iter()
        .map(|reject| (reject.line, reject))
        .collect();
    let text = String::from_utf8_lossy(bytes);
    let numbered = (1..).zip(text.lines());
    numbered
        .map(|(line, text)| Line {
            number: line,
            text: text.to_owned(),
            became: match (events.remove(&line), rejects.remove(&line)) {
                (Some(event), _) => Became::Event(event),
                (None, Some(reject)) => Became::Rejected {
                    reason: reject.reason.name(),
                    detail: reject.detail,
                },
                (None, None) => Became::Nothing,
            },
        })
        .collect()
}

fn for_people(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        let mut text: String = line.text.chars().take(SHOWN_CHARS).collect();
        if text.len() < line.text.len() {
            text.push('…');
        }
        let became = match &line.became {
            Became::Event(event) => event_line(event),
            Became::Rejected { reason, detail } => format!("✗ rejected: {reason}: {detail}"),
            Became::Nothing => {
                "· no event (continues the one before, or header, metadata, ignored, blank)"
                    .to_owned()
            }
        };
        out.push_str(&format!("{:>5}  {text}\n       {became}\n", line.number));
    }
    out
}

fn event_line(event: &Shown) -> String {
    let mut line = format!("→ {}", event.name);
    if let Some(time) = &event.time {
        line.push_str(&format!("  at {time}"));
    }
    line.push_str(&format!(
        "  level {}  session #{}",
        event.level, event.session
    ));
    let marks = [
        (event.starts_session, "starts it"),
        (event.ends_session, "ends it"),
        (event.error, "error"),
        (event.kind == "crash", "crash"),
        (event.kind == "unhandled", "unhandled"),
    ];
    for (_, mark) in marks.iter().filter(|(holds, _)| *holds) {
        line.push_str(&format!("  [{mark}]"));
    }
    if event.count != 1 {
        line.push_str(&format!("  ×{}", event.count));
    }
    if let Some(us) = event.duration_us {
        line.push_str(&format!("  {:.3} ms", us as f64 / 1000.0));
    }
    for (name, value) in &event.attributes {
        let value: String = value.chars().take(40).collect();
        line.push_str(&format!("  {name}={value:?}"));
    }
    line
}
