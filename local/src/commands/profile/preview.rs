//! `logbook profile try`: what each of a log's first lines becomes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Cursor, Read};
use std::path::Path;
use std::process::ExitCode;

use logbook_formats::{Limits, LogContext, Observed, ReadError, RejectedRecord, read_log};
use logbook_model::{LogId, Part, ProductId, Timestamp};
use serde::Serialize;

use crate::cli::SealedArgs;
use crate::log_file;
use crate::output;

/// Longest line shown, in characters.
const SHOWN_CHARS: usize = 100;
/// Longest value of an attribute shown, in characters.
const SHOWN_VALUE_CHARS: usize = 40;
/// What is said of the first line that begins no record; of further ones the dot is enough.
const NOTHING: &str = "· no event (continues the one before, or header, metadata, ignored, blank)";
/// How much of the log is read beyond the lines that are shown.
const MORE_BYTES: u64 = 64 << 20;

/// What a line of the log, or one record of it, became.
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
struct One<'l> {
    line: u64,
    text: &'l str,
    #[serde(flatten)]
    became: &'l Became,
}

/// A line of the log, and all that it became: a line may hold several records.
struct Line {
    number: u64,
    text: String,
    became: Vec<Became>,
}

impl Line {
    fn one_by_one(&self) -> impl Iterator<Item = One<'_>> {
        self.became.iter().map(|became| One {
            line: self.number,
            text: &self.text,
            became,
        })
    }
}

pub(super) fn run(spec: &str, path: &Path, lines: usize, json: bool) -> anyhow::Result<ExitCode> {
    let profile = log_file::any_profile(spec)?;
    let mut log = log_file::open(path, &SealedArgs::default(), u64::MAX)?;
    let mut head = Vec::new();
    for _ in 0..lines {
        match log.reader.read_until(b'\n', &mut head) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => return refused(&error),
        }
    }
    let mut context = LogContext::new(ProductId::new("try")?, LogId::new("try")?, Timestamp(0));
    context.received_at = log.modified_at.unwrap_or_default();
    context.modified_at = log.modified_at;
    context.file_name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let mut seen = Seen::default();
    let mut see = |observed: &Observed<'_>| seen.take(observed, lines as u64);
    // What follows decides too: a document, or a record with its lines, may go on.
    let source = Cursor::new(&head).chain(log.reader.take(MORE_BYTES));
    let limits = Limits::default();
    let (rejects, parts, no_log) =
        match read_log(source, &profile, &context, &limits, Some(&mut see)) {
            Ok(parsed) => (parsed.figures.rejects, parsed.parts, None),
            Err(ReadError::Rejected {
                reason,
                detail,
                figures,
            }) => {
                let no_log = format!("the log is refused: {reason}: {detail}");
                (figures.rejects, Vec::new(), Some(no_log))
            }
            Err(ReadError::Source(error)) => return refused(&error),
        };
    for reject in rejects {
        seen.refuse(reject, lines as u64);
    }
    let became = lines_of(&head, seen.became);
    if json {
        for line in became.iter().flat_map(Line::one_by_one) {
            output::text(&format!("{}\n", serde_json::to_string(&line)?))?;
        }
    } else {
        output::text(&for_people(&became, lines))?;
        output::text(&sessions(&parts, &seen.sessions))?;
    }
    Ok(match no_log {
        Some(no_log) => {
            output::note(&no_log);
            ExitCode::from(super::REFUSED)
        }
        None => ExitCode::SUCCESS,
    })
}

/// A log that does not inflate is refused; all else could not be done.
fn refused(error: &std::io::Error) -> anyhow::Result<ExitCode> {
    let Some(refused) = log_file::inflate_refusal(error) else {
        anyhow::bail!("cannot read the log: {error}");
    };
    output::note(&format!("the log is refused: {refused}"));
    Ok(ExitCode::from(super::REFUSED))
}

/// What the lines that are shown became, and the sessions they belong to.
#[derive(Default)]
struct Seen {
    became: BTreeMap<u64, Vec<Became>>,
    sessions: BTreeSet<u32>,
}

impl Seen {
    fn take(&mut self, observed: &Observed<'_>, lines: u64) {
        let line = observed.event.line;
        if line <= lines {
            self.sessions.insert(observed.ordinal);
            let event = Became::Event(shown(observed));
            self.became.entry(line).or_default().push(event);
        }
    }

    fn refuse(&mut self, reject: RejectedRecord, lines: u64) {
        if reject.line <= lines {
            let rejected = Became::Rejected {
                reason: reject.reason.name(),
                detail: reject.detail,
            };
            self.became.entry(reject.line).or_default().push(rejected);
        }
    }
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

fn lines_of(head: &[u8], mut became: BTreeMap<u64, Vec<Became>>) -> Vec<Line> {
    let text = String::from_utf8_lossy(head);
    let numbered = (1..).zip(text.lines());
    numbered
        .map(|(number, text)| Line {
            number,
            text: text.to_owned(),
            became: became.remove(&number).unwrap_or(vec![Became::Nothing]),
        })
        .collect()
}

/// The lines; of what one line became, at most as much as there are lines to be shown.
fn for_people(lines: &[Line], most: usize) -> String {
    let mut out = String::new();
    let mut is_said = false;
    for line in lines {
        let text = cut(&line.text, SHOWN_CHARS);
        out.push_str(&format!("{:>5}  {text}\n", line.number));
        for became in line.became.iter().take(most) {
            let became = match became {
                Became::Event(event) => event_line(event),
                Became::Rejected { reason, detail } => format!("✗ rejected: {reason}: {detail}"),
                Became::Nothing if is_said => "·".to_owned(),
                Became::Nothing => {
                    is_said = true;
                    NOTHING.to_owned()
                }
            };
            out.push_str(&format!("       {became}\n"));
        }
        if line.became.len() > most {
            let more = line.became.len() - most;
            out.push_str(&format!("       … and {more} more of this line\n"));
        }
    }
    let begins = |line: &Line| !matches!(line.became[..], [Became::Nothing]);
    if !lines.iter().any(begins) {
        out.push_str("\nno record begins in these lines: -n shows more\n");
    }
    out
}

/// A text of at most so many characters; what is cut shows.
fn cut(text: &str, chars: usize) -> String {
    let mut shown: String = text.chars().take(chars).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Whom and what the sessions that were shown ran for, as far as the log says.
fn sessions(parts: &[Part], shown: &BTreeSet<u32>) -> String {
    let mut out = String::new();
    for &ordinal in shown {
        let Some(part) = parts.get(ordinal as usize) else {
            continue;
        };
        let facts = &part.facts;
        out.push_str(&format!("\nsession #{ordinal}  {}", part.session));
        for (name, fact) in [
            ("version", &facts.version),
            ("os", &facts.os),
            ("runtime", &facts.runtime),
            ("user", &facts.user),
            ("installation", &facts.installation),
            ("account", &facts.account),
            ("environment", &facts.environment),
        ] {
            if let Some(fact) = fact {
                out.push_str(&format!("  {name}={fact:?}"));
            }
        }
    }
    if !out.is_empty() {
        out.push('\n');
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
        line.push_str(&format!("  {name}={:?}", cut(value, SHOWN_VALUE_CHARS)));
    }
    line
}
