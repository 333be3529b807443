//! What the tests share: reading a log by the public door, and seeing its events.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::panic, clippy::print_stdout, reason = "tests")]

use logbook_formats::{Limits, LogContext, ParsedLog, Profile, ReadError, builtin, read_log};
use logbook_model::{Day, EventReject, LogId, LogReject, ProductId, Timestamp};

/// When every log of the tests was received: 2026-03-01.
pub(crate) fn received_at() -> Timestamp {
    Timestamp::start_of(Day::from_civil(2026, 3, 1))
}

pub(crate) fn context() -> LogContext {
    LogContext::new(
        ProductId::new("editor").unwrap(),
        LogId::new("log-1").unwrap(),
        received_at(),
    )
}

pub(crate) fn profile(toml: &str) -> Profile {
    Profile::from_toml(toml).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn default_profile() -> &'static Profile {
    builtin("logbook").unwrap()
}

/// An event, as a test looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) line: u64,
    pub(crate) offset: u64,
    pub(crate) name: String,
    pub(crate) level: &'static str,
    pub(crate) time: Option<String>,
    pub(crate) count: u64,
    pub(crate) duration_us: Option<u64>,
    pub(crate) error: bool,
    pub(crate) session: String,
    pub(crate) ordinal: u32,
    pub(crate) attributes: Vec<(String, String)>,
}

/// A log that was read, with its events.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) log: ParsedLog,
    pub(crate) events: Vec<Seen>,
}

impl Read {
    pub(crate) fn names(&self) -> Vec<&str> {
        self.events.iter().map(|event| &*event.name).collect()
    }

    pub(crate) fn times(&self) -> Vec<&str> {
        let times = self.events.iter().map(|event| event.time.as_deref());
        times.map(|time| time.unwrap_or("-")).collect()
    }

    /// Line, offset and reason of each reject.
    pub(crate) fn rejects(&self) -> Vec<(u64, u64, EventReject)> {
        let rejects = self.log.figures.rejects.iter();
        rejects.map(|r| (r.line, r.offset, r.reason)).collect()
    }
}

pub(crate) fn read(profile: &Profile, log: impl AsRef<[u8]>) -> Read {
    read_with(profile, log, &context(), &Limits::default()).unwrap()
}

pub(crate) fn read_with(
    profile: &Profile,
    log: impl AsRef<[u8]>,
    context: &LogContext,
    limits: &Limits,
) -> Result<Read, ReadError> {
    read_source(profile, log.as_ref(), context, limits)
}

pub(crate) fn read_source(
    profile: &Profile,
    source: impl std::io::Read,
    context: &LogContext,
    limits: &Limits,
) -> Result<Read, ReadError> {
    let mut events = Vec::new();
    let mut observer = |seen: &logbook_formats::Observed<'_>| {
        events.push(Seen {
            line: seen.event.line,
            offset: seen.event.offset,
            name: seen.event.name.to_string(),
            level: seen.event.level.name(),
            time: seen.event.time.map(|time| time.to_string()),
            count: seen.event.count,
            duration_us: seen.event.duration_us,
            error: seen.event.error,
            session: seen.session.to_string(),
            ordinal: seen.ordinal,
            attributes: seen.attributes.to_vec(),
        });
    };
    let log = read_log(source, profile, context, limits, Some(&mut observer))?;
    Ok(Read { log, events })
}

/// Why a log is refused as a whole.
pub(crate) fn refused(profile: &Profile, log: impl AsRef<[u8]>) -> (LogReject, String) {
    match read_with(profile, log, &context(), &Limits::default()) {
        Err(ReadError::Rejected { reason, detail, .. }) => (reason, detail),
        other => panic!("the log is not rejected: {other:?}"),
    }
}

/// The folder of logs of the field, which are no part of the project.
#[expect(
    clippy::disallowed_methods,
    reason = "only the caller knows where they are"
)]
pub(crate) fn real_logs() -> Option<std::path::PathBuf> {
    let folder = std::env::var_os("LOGBOOK_REAL_LOGS").map(Into::into);
    if folder.is_none() {
        println!("skipped: LOGBOOK_REAL_LOGS is not set");
    }
    folder
}

/// All files below a folder, by their paths, in order.
pub(crate) fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Rows by level over all sessions.
pub(crate) fn levels(log: &ParsedLog) -> String {
    let mut sums = [0; 7];
    for part in &log.parts {
        for (sum, n) in sums.iter_mut().zip(part.by_level) {
            *sum += n;
        }
    }
    let levels = logbook_model::PartBuilder::levels(&sums);
    let levels: Vec<String> = levels
        .iter()
        .map(|(name, n)| format!("{name} {n}"))
        .collect();
    levels.join(", ")
}
