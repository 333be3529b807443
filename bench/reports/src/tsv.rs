//! The rows that storing and a listing of the archive would write, as files that a server loads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Write as _};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use logbook_backends::sql::{LogMeta, ParsedLog};
use logbook_model::{Day, EventTime, Feature, LogId, Part, Session, SessionFacts, Timestamp, Zone};

use crate::runs::{Delivery, TIMEOUT_SECS};
use crate::world::{LAST_DAY, PRODUCT};

/// The tables, each with its columns in the order of the files.
pub const TABLES: [(&str, &str); 11] = [
    (
        "log",
        "product, log_id, state, received_at, archived_at, received_day, queued_at, parsed_at, \
         via, consent, content_hash, duplicate_of, sealed_bytes, inflated_bytes, profile, \
         parser_version, reason, detail, records, rejects_total, sessions, repaired_utf8, \
         backward_steps, extra",
    ),
    (
        "part",
        "product, session_id, log_id, ordinal, received_at, profile, marks_ends, started, \
         continued, superseded, has_end, end_at, end_local, started_at, started_local, \
         last_activity_at, last_activity_local, first_seq, last_seq, events, occurrences, errors, \
         unhandled, crashes, backward_steps, level_unspecified, level_trace, level_debug, \
         level_info, level_warn, level_error, level_fatal, version, os, runtime, user_id, \
         installation_id, account_id, environment",
    ),
    (
        "part_feature",
        "product, session_id, log_id, name, events, uses, errors, first_seq, last_seq, \
         duration_count, duration_sum_us, durations",
    ),
    (
        "session",
        "product, session_id, parts, started_at, started_local, last_activity_at, \
         last_activity_local, ended_at, ended_local, effective_start, effective_end, start_day, \
         status, end_reason, awaits_end, open_until, events, occurrences, errors, crashes, \
         level_unspecified, level_trace, level_debug, level_info, level_warn, level_error, \
         level_fatal, version, os, runtime, user_id, installation_id, account_id, environment",
    ),
    (
        "reject",
        "product, log_id, reason, ordinal, scope, received_day, line, byte_offset, detail",
    ),
    (
        "reject_count",
        "product, log_id, reason, scope, received_day, n",
    ),
    ("dirty", "product, day, generation, cleared"),
    ("ledger_received", "product, day, received"),
    ("ledger_counted", "product, day, state, reason, logs"),
    ("ledger_listing", "product, as_of, counted"),
    (
        "stage_work",
        "product, day, stage, memory_mb, worker, calls, work_us, sessions",
    ),
];

/// What the work of a stage is taken to be: memory in MB, and microseconds a call.
const STAGES: [(&str, u64, u64); 4] = [
    ("upload", 512, 4000),
    ("intake", 512, 6000),
    ("parse", 1769, 9000),
    ("analyze", 1769, 900),
];
/// When the archive was listed last.
pub const LISTED_AS_OF: Timestamp = Timestamp::start_of(LAST_DAY.plus(2));
/// Processes of a stage on a day.
const WORKERS: u64 = 20;

/// Writes a file `TABLE.tsv` for each table of [`TABLES`].
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    files: Vec<BufWriter<File>>,
    days: BTreeSet<Day>,
    /// Logs of a day by what became of them, and why they were refused.
    logs: BTreeMap<Day, BTreeMap<(String, String), u64>>,
}

/// A line, cell by cell.
#[derive(Default)]
struct Line(String);

impl Line {
    fn new() -> Self {
        Self::default().text(PRODUCT)
    }

    /// A cell whose text has neither tabs nor line feeds nor backslashes.
    fn text(mut self, cell: impl Display) -> Self {
        if !self.0.is_empty() {
            self.0.push('\t');
        }
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{cell}");
        self
    }

    fn or_null(self, cell: Option<impl Display>) -> Self {
        match cell {
            Some(cell) => self.text(cell),
            None => self.text("\\N"),
        }
    }

    fn flag(self, cell: bool) -> Self {
        self.text(u8::from(cell))
    }

    fn bytes(self, cell: &[u8]) -> Self {
        self.text(hex(cell).to_uppercase())
    }

    fn time(self, time: Option<EventTime>) -> Self {
        self.or_null(time.map(|time| time.at.0))
            .or_null(time.map(|time| u8::from(time.zone == Zone::Local)))
    }

    fn levels(self, by_level: [u64; 7]) -> Self {
        by_level.into_iter().fold(self, Self::text)
    }

    fn facts(self, facts: &SessionFacts) -> Self {
        self.or_null(facts.version.as_deref())
            .or_null(facts.os.as_deref())
            .or_null(facts.runtime.as_deref())
            .or_null(facts.user.as_deref())
            .or_null(facts.installation.as_deref())
            .or_null(facts.account.as_deref())
            .or_null(facts.environment.as_deref())
    }
}

impl Writer {
    /// Makes the files in a folder that is there.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let files = TABLES.iter().map(|(table, _)| {
            let file = File::create(folder.join(format!("{table}.tsv")))?;
            Ok(BufWriter::with_capacity(1 << 20, file))
        });
        Ok(Self {
            folder: folder.to_owned(),
            files: files.collect::<io::Result<_>>()?,
            days: BTreeSet::new(),
            logs: BTreeMap::new(),
        })
    }

    fn write(&mut self, table: &str, line: &Line) -> io::Result<()> {
        let at = TABLES.iter().position(|(name, _)| *name == table);
        let file = at.and_then(|at| self.files.get_mut(at));
        file.map_or(Ok(()), |file| writeln!(file, "{}", line.0))
    }

    /// Writes the rows of what a session comes in.
    pub fn session(&mut self, deliveries: &[Delivery]) -> io::Result<()> {
        let mut parts = Vec::new();
        for delivery in deliveries {
            match delivery {
                Delivery::Parsed(log) => {
                    self.parsed(log)?;
                    parts.extend(&log.parts);
                }
                Delivery::Duplicate(log, of) => self.log(
                    &log.meta,
                    "duplicate",
                    &LogCells {
                        duplicate_of: Some(of),
                        ..LogCells::default()
                    },
                )?,
                Delivery::Rejected(log) => {
                    let reason = log.reason.name();
                    self.log(
                        &log.meta,
                        "rejected",
                        &LogCells {
                            reason: Some((reason, &log.detail)),
                            ..LogCells::default()
                        },
                    )?;
                    let sample = reject(&log.meta, reason).text(0).text("log");
                    let sample = sample.text(day(&log.meta)).text("\\N").text("\\N");
                    self.write("reject", &sample.text(&log.detail))?;
                    let count = reject(&log.meta, reason).text("log").text(day(&log.meta));
                    self.write("reject_count", &count.text(1))?;
                }
            }
        }
        self.fold(&parts)
    }

    fn parsed(&mut self, log: &ParsedLog) -> io::Result<()> {
        let cells = LogCells {
            log: Some(log),
            ..LogCells::default()
        };
        self.log(&log.meta, "parsed", &cells)?;
        for part in &log.parts {
            self.write("part", &part_line(part))?;
            for (name, feature) in &part.features {
                self.write("part_feature", &feature_line(part, name, feature))?;
            }
        }
        let samples = log.rejects.samples.iter();
        for (ordinal, sample) in samples.enumerate() {
            let line = reject(&log.meta, sample.reason.name()).text(ordinal);
            let line = line.text("event").text(day(&log.meta));
            let line = line.or_null(sample.line).or_null(sample.byte_offset);
            self.write("reject", &line.text(&sample.detail))?;
        }
        for (reason, n) in &log.rejects.counts {
            let line = reject(&log.meta, reason.name()).text("event");
            self.write("reject_count", &line.text(day(&log.meta)).text(n))?;
        }
        Ok(())
    }

    fn log(&mut self, meta: &LogMeta, state: &str, cells: &LogCells<'_>) -> io::Result<()> {
        let reason = cells.reason.map_or("", |(reason, _)| reason);
        let of_day = self.logs.entry(meta.archived_at.day()).or_default();
        *of_day
            .entry((state.to_owned(), reason.to_owned()))
            .or_default() += 1;
        let hash = cells.log.map(|log| hex(&log.content_hash));
        let count = |of: fn(&ParsedLog) -> u64| cells.log.map_or(0, of);
        let line = Line::new()
            .text(meta.log.as_str())
            .text(state)
            .text(meta.received_at.0)
            .text(meta.archived_at.0)
            .text(day(meta))
            .or_null(meta.queued_at.map(|at| at.0))
            .text(meta.parsed_at.0)
            .text(meta.via.name())
            .text(meta.consent.name())
            .or_null(hash)
            .or_null(cells.duplicate_of.map(LogId::as_str))
            .text(meta.sealed_bytes)
            .text(meta.inflated_bytes)
            .text(&meta.profile)
            .text(&meta.parser_version)
            .or_null(cells.reason.map(|(reason, _)| reason))
            .or_null(cells.reason.map(|(_, detail)| detail))
            .text(count(|log| log.records))
            .text(count(|log| log.rejects.total()))
            .text(count(|log| log.parts.len() as u64))
            .text(count(|log| log.repaired_utf8))
            .text(count(|log| {
                log.parts.iter().map(|part| part.backward_steps).sum()
            }))
            .text("{}");
        self.write("log", &line)
    }

    /// The session that parts make.
    fn fold(&mut self, parts: &[&Part]) -> io::Result<()> {
        let fold = |as_of| Session::fold(parts.iter().copied(), TIMEOUT_SECS, as_of);
        let (Some(session), Some(silent)) = (fold(None), fold(Some(Timestamp(i64::MAX)))) else {
            return Ok(());
        };
        let judged = |of: &Session| (of.status, of.end_reason, of.ended_at);
        let open_until = (judged(&session) != judged(&silent))
            .then(|| session.effective_end.0 + i64::from(TIMEOUT_SECS) * 1_000_000);
        let start_day = session.effective_start.day();
        self.days.insert(start_day);
        let line = Line::new()
            .text(session.id.as_str())
            .text(session.parts)
            .time(session.started_at)
            .time(session.last_activity_at)
            .time(session.ended_at)
            .text(session.effective_start.0)
            .text(session.effective_end.0)
            .text(start_day.0)
            .text(session.status.name())
            .text(session.end_reason.name())
            .flag(session.awaits_end)
            .or_null(open_until)
            .text(session.events)
            .text(session.occurrences)
            .text(session.errors)
            .text(session.crashes)
            .levels(session.by_level)
            .facts(&session.facts);
        self.write("session", &line)
    }

    /// Writes what there is by day, and a script that loads the files.
    pub fn finish(mut self) -> io::Result<()> {
        for day in std::mem::take(&mut self.days) {
            self.write("dirty", &Line::new().text(day.0).text(1).text(0))?;
        }
        for (day, logs) in std::mem::take(&mut self.logs) {
            let received: u64 = logs.values().sum();
            self.write("ledger_received", &Line::new().text(day.0).text(received))?;
            for ((state, reason), n) in logs {
                let line = Line::new().text(day.0).text(state).text(reason);
                self.write("ledger_counted", &line.text(n))?;
            }
            for (stage, memory, took) in STAGES {
                for worker in 0..WORKERS {
                    let calls = received / WORKERS + u64::from(worker < received % WORKERS);
                    let line = Line::new().text(day.0).text(stage).text(memory);
                    let sessions = if stage == "parse" { calls } else { 0 };
                    let line = line.text(worker).text(calls).text(calls * took);
                    let line = line.text(sessions);
                    self.write("stage_work", &line)?;
                }
            }
        }
        let listing = Line::new().text(LISTED_AS_OF.0).flag(true);
        self.write("ledger_listing", &listing)?;
        for file in &mut self.files {
            file.flush()?;
        }
        std::fs::write(self.folder.join("load.sql"), script(&self.folder))
    }
}

fn script(folder: &Path) -> String {
    let mut script = String::from(
        "SET SESSION unique_checks = 0, foreign_key_checks = 0, max_statement_time = 0;\n",
    );
    for (table, columns) in TABLES {
        let file = folder.join(format!("{table}.tsv"));
        let (columns, set) = match columns.strip_suffix(", durations") {
            Some(others) => (
                format!("{others}, @hex"),
                " SET durations = UNHEX(@hex)".to_owned(),
            ),
            None => (columns.to_owned(), String::new()),
        };
        let _ = writeln!(
            script,
            "LOAD DATA LOCAL INFILE '{}' INTO TABLE {table} CHARACTER SET utf8mb4 ({columns}){set};",
            file.display()
        );
    }
    script
}

/// What a row of `log` says beyond its times.
#[derive(Default)]
struct LogCells<'a> {
    log: Option<&'a ParsedLog>,
    duplicate_of: Option<&'a LogId>,
    reason: Option<(&'a str, &'a str)>,
}

const fn day(meta: &LogMeta) -> i32 {
    meta.archived_at.day().0
}

fn reject(meta: &LogMeta, reason: &str) -> Line {
    Line::new().text(meta.log.as_str()).text(reason)
}

fn part_line(part: &Part) -> Line {
    Line::new()
        .text(part.session.as_str())
        .text(part.log.as_str())
        .text(part.ordinal)
        .text(part.received_at.0)
        .text(&part.profile)
        .flag(part.marks_ends)
        .flag(part.started)
        .flag(part.continued)
        .flag(part.superseded)
        .flag(part.ended())
        .time(part.end.flatten())
        .time(part.started_at)
        .time(part.last_activity_at)
        .text(part.first_seq)
        .text(part.last_seq)
        .text(part.events)
        .text(part.occurrences)
        .text(part.errors)
        .text(part.unhandled)
        .text(part.crashes)
        .text(part.backward_steps)
        .levels(part.by_level)
        .facts(&part.facts)
}

fn feature_line(part: &Part, name: &str, feature: &Feature) -> Line {
    let durations = if feature.durations.is_empty() {
        Vec::new()
    } else {
        feature.durations.to_bytes()
    };
    Line::new()
        .text(part.session.as_str())
        .text(part.log.as_str())
        .text(name)
        .text(feature.events)
        .text(feature.uses)
        .text(feature.errors)
        .text(feature.first_seq)
        .text(feature.last_seq)
        .text(feature.durations.count())
        .text(feature.durations.sum_us())
        .bytes(&durations)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
