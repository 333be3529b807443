//! The built-in profiles over logs of the field: one line of figures a log, and figures that
//! are counted again here by other means.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use logbook_formats::{HEAD_BYTES, Limits, ReadError, builtin, guess};
use logbook_model::Session;
use serde_json::Value;
use support::{Read, context, files_below, levels, read_with, real_logs};

/// The logs of a folder that a profile reads.
struct Set {
    folder: &'static str,
    extension: &'static str,
    profile: &'static str,
}

const fn set(folder: &'static str, extension: &'static str, profile: &'static str) -> Set {
    Set {
        folder,
        extension,
        profile,
    }
}

const FUS: Set = set("jetbrains-fus", "log", "jetbrains-fus");
const UDC: Set = set("eclipse-udc", "csv", "eclipse-udc");
const IDEA: Set = set("idea-log", "log", "idea-log");
const APM: Set = set("elastic-apm-intake", "ndjson", "elastic-apm");
const MINECRAFT: Set = set("minecraft", "log", "minecraft");

/// All of them, in the order of the snapshot.
const SETS: [Set; 10] = [
    FUS,
    UDC,
    IDEA,
    APM,
    MINECRAFT,
    set("otlp-proto-examples", "json", "otlp"),
    set("otlp-java-golden", "json", "otlp"),
    set("otlp-oteldemo-otlp2parquet", "json", "otlp"),
    set("otlp-oteldemo-otlp2parquet", "jsonl", "otlp"),
    set("otlp-gcp-fixtures", "json", "otlp"),
];

impl Set {
    fn logs(&self, folder: &Path) -> Vec<PathBuf> {
        let mut files = files_below(&folder.join(self.folder));
        files.retain(|path| {
            let of_set = path.extension().is_some_and(|e| e == self.extension);
            // Not logs, but what some other program makes of them.
            let text = path.to_string_lossy();
            of_set && !text.contains("expected-output") && !text.contains("_expected")
        });
        files
    }

    fn read(&self, path: &Path) -> Result<Read, ReadError> {
        let log = std::fs::read(path).unwrap();
        let profile = builtin(self.profile).unwrap();
        read_with(profile, log, &context(), &Limits::default())
    }
}

fn figures(read: &Read) -> String {
    let log = &read.log;
    let mut out = format!(
        "records {}, rejects {}, sessions {}, backward {}; {}",
        log.figures.records,
        log.figures.rejects_total,
        log.parts.len(),
        log.figures.backward_steps,
        levels(log)
    );
    let errors: u64 = log.parts.iter().map(|part| part.errors).sum();
    let first = log.parts.iter().filter_map(|part| part.started_at).min();
    let last = log
        .parts
        .iter()
        .filter_map(|part| part.last_activity_at)
        .max();
    write!(out, "; errors {errors}").unwrap();
    if let (Some(first), Some(last)) = (first, last) {
        write!(out, "; {first} to {last}").unwrap();
    }
    let mut statuses: BTreeMap<&str, u32> = BTreeMap::new();
    for part in &log.parts {
        let session = Session::fold([part], 1800, None).unwrap();
        *statuses.entry(session.status.name()).or_default() += 1;
    }
    for (status, n) in statuses {
        write!(out, "; {status} {n}").unwrap();
    }
    for (reason, n) in &log.figures.rejects_by_reason {
        write!(out, "; {reason} {n}").unwrap();
    }
    out
}

/// One line a log.
fn told(sets: &[Set], folder: &Path) -> String {
    let mut out = String::new();
    for set in sets {
        for path in set.logs(folder) {
            let name = path.strip_prefix(folder).unwrap().display();
            let head = std::fs::read(&path).unwrap();
            let guessed = guess(&head[..head.len().min(HEAD_BYTES)]);
            let guessed = guessed.map_or("none", |profile| profile.id());
            write!(out, "{name}: ").unwrap();
            if guessed != set.profile {
                write!(out, "[guessed: {guessed}] ").unwrap();
            }
            match set.read(&path) {
                Ok(read) => writeln!(out, "{}", figures(&read)).unwrap(),
                Err(ReadError::Rejected { reason, .. }) => {
                    writeln!(out, "rejected: {reason}").unwrap();
                }
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }
    out
}

#[test]
fn every_log_reads_as_it_did() {
    let Some(folder) = real_logs() else { return };
    insta::assert_snapshot!("figures", told(&SETS, &folder));
}

#[test]
fn feature_statistics_are_those_of_a_plain_json_reader() {
    let Some(folder) = real_logs() else { return };
    let logs = FUS.logs(&folder);
    assert_eq!(logs.len(), 2);
    for path in logs {
        let read = FUS.read(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let rows: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let mut names: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for row in &rows {
            let part = |pointer: &str| row.pointer(pointer).unwrap().as_str().unwrap().to_owned();
            let name = format!("{}/{}", part("/group/id"), part("/event/id"));
            let count = row
                .pointer("/event/count")
                .map_or(1, |n| n.as_u64().unwrap());
            let (events, uses) = names.entry(name).or_default();
            *events += 1;
            *uses += count;
        }
        assert_eq!(read.log.figures.records, rows.len() as u64);
        assert_eq!(read.log.parts.len(), 1);
        let part = &read.log.parts[0];
        assert_eq!(part.session.as_str(), rows[0]["session"].as_str().unwrap());
        let features = part.features.iter();
        let got: BTreeMap<String, (u64, u64)> = features
            .map(|(name, f)| (name.to_string(), (f.events, f.uses)))
            .collect();
        assert_eq!(got, names);
        assert_eq!(
            part.occurrences,
            names.values().map(|(_, uses)| uses).sum::<u64>()
        );
    }
}

#[test]
fn usage_data_has_a_record_a_line_that_is_not_the_header() {
    let Some(folder) = real_logs() else { return };
    let (mut rows_of_all, mut rejected) = (0, 0);
    let (mut wanted, mut got) = (BTreeMap::new(), BTreeMap::<String, u64>::new());
    for path in UDC.logs(&folder) {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        let rows = text.lines().filter(|line| !line.trim().is_empty()).skip(1);
        let rows: Vec<&str> = rows.collect();
        let Ok(read) = UDC.read(&path) else {
            let header = text.lines().next().unwrap_or_default();
            assert!(
                rows.is_empty() || !header.contains("what"),
                "{}",
                path.display()
            );
            continue;
        };
        assert_eq!(
            read.log.figures.records,
            rows.len() as u64,
            "{}",
            path.display()
        );
        let starts = rows
            .iter()
            .filter(|row| row.starts_with("started,bundle,org.eclipse.osgi,"))
            .count();
        let started = read.log.parts.iter().filter(|part| part.started).count();
        assert_eq!(started, starts, "{}", path.display());
        rows_of_all += rows.len();
        let header = text.lines().find(|line| !line.trim().is_empty()).unwrap();
        for (name, events) in names_of_rows(header, &rows) {
            *wanted.entry(name).or_default() += events;
        }
        let features = read.log.parts.iter().flat_map(|part| &part.features);
        for (name, feature) in features {
            *got.entry(name.to_string()).or_default() += feature.events;
        }
        rejected += read.log.figures.rejects_total;
    }
    assert_eq!(rows_of_all, 2013);
    assert_eq!((got, rejected), (wanted, 0));
}

/// How often each `what/kind` stands in rows whose first cells hold neither commas nor quotes.
fn names_of_rows(header: &str, rows: &[&str]) -> BTreeMap<String, u64> {
    let column = |name: &str| {
        let mut columns = header.split(',');
        columns.position(|column| column.trim() == name).unwrap()
    };
    let bare = |cell: &'_ str| cell.trim().trim_matches('"').to_owned();
    let (what, kind) = (column("what"), column("kind"));
    let mut names = BTreeMap::new();
    for row in rows {
        let cells: Vec<String> = row.split(',').map(bare).collect();
        let name = format!("{}/{}", cells[what], cells[kind]);
        *names.entry(name).or_default() += 1;
    }
    names
}

#[test]
fn runs_of_an_ide_are_told_apart() {
    let Some(folder) = real_logs() else { return };
    let path = folder.join("idea-log/deeplink-starter.idea.log");
    let read = IDEA.read(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let starts = text
        .lines()
        .filter(|line| line.contains("IDE STARTED"))
        .count();
    assert_eq!(read.log.parts.len(), 11);
    assert_eq!(
        read.log.parts.iter().filter(|part| part.started).count(),
        10
    );
    assert_eq!(starts, 10);
    assert!(read.log.parts[0].continued);
}

#[test]
fn agents_streams_have_an_event_a_line_that_is_not_metadata() {
    let Some(folder) = real_logs() else { return };
    for path in APM.logs(&folder) {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let kinds = lines.map(|line| {
            let value: Option<Value> = serde_json::from_str(line).ok();
            let kind = value.and_then(|value| Some(value.as_object()?.keys().next()?.clone()));
            kind.unwrap_or_default()
        });
        let kinds: Vec<String> = kinds.collect();
        let known = [
            "error",
            "transaction",
            "span",
            "metricset",
            "log",
            "e",
            "x",
            "y",
            "me",
        ];
        let metadata = kinds.iter().enumerate().filter(|(at, kind)| {
            matches!(kind.as_str(), "metadata" | "m")
                || (*at == 0 && !kind.is_empty() && !known.contains(&kind.as_str()))
        });
        let want = (kinds.len() - metadata.count()) as u64;
        let got = match APM.read(&path) {
            Ok(read) => read.log.figures.records,
            Err(ReadError::Rejected { figures, .. }) => figures.records,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(got, want, "{}", path.display());
    }
}

/// Level of a golden entry: syslog, where 8 to 10 mark lines of a crash report.
fn agrees(golden: u64, level: &str) -> bool {
    match level {
        "unspecified" => golden > 7,
        "trace" => golden == 6,
        "debug" => golden == 7,
        "info" => golden == 6 || golden == 5,
        "warn" => golden == 4,
        "error" => golden == 3,
        "fatal" => golden <= 2,
        other => panic!("{other}"),
    }
}

#[test]
fn entries_of_a_game_are_those_of_another_parser() {
    let Some(folder) = real_logs() else { return };
    let mut compared = 0;
    for path in MINECRAFT.logs(&folder) {
        let Ok(golden) = std::fs::read(path.with_extension("json")) else {
            continue;
        };
        let golden: Value = serde_json::from_str(&String::from_utf8_lossy(&golden)).unwrap();
        let want: Vec<(u64, u64)> = golden["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| {
                let line = entry.pointer("/lines/0/number").unwrap().as_u64().unwrap();
                (line, entry["level"].as_u64().unwrap())
            })
            .collect();
        let read = MINECRAFT.read(&path).unwrap();
        let name = path.display();
        let lines: Vec<u64> = read.events.iter().map(|event| event.line).collect();
        let lines_wanted: Vec<u64> = want.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, lines_wanted, "{name}");
        for (event, (line, level)) in read.events.iter().zip(want) {
            assert!(
                agrees(level, event.level),
                "{name}, line {line}: {level}, {}",
                event.level
            );
        }
        compared += 1;
    }
    assert_eq!(compared, 115);
}
