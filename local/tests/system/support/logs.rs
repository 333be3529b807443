//! Logs to upload: one of each format, one of each kind of fault, and those of the field.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::Installation;
use super::stores::dropped_id;

/// A log of a run: three good events, one of them an error and one standing for two uses.
pub(crate) fn usage(session: &str) -> Vec<u8> {
    let mut log = String::new();
    for (second, rest) in [
        (
            0,
            r#""name":"app/start","type":"session_start","user":"u1","version":"1.2.0""#,
        ),
        (5, r#""name":"report/export","count":2,"duration_ms":12.5"#),
        (9, r#""name":"report/print","level":"error""#),
    ] {
        let time = format!("2026-03-01T10:00:{second:02}Z");
        writeln!(log, r#"{{"time":"{time}","session":"{session}",{rest}}}"#).unwrap();
    }
    log.into_bytes()
}

/// What [`usage`] holds: events, occurrences, errors.
pub(crate) const OF_USAGE: (u64, u64, u64) = (3, 4, 1);

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// 320 KB of zstd (RFC 8878) that begin well, and would inflate to 10 GB: a frame of one raw
/// block, then one of 80,000 blocks of type RLE, four bytes each, that stand for 128 KiB each.
pub(crate) fn bomb() -> Vec<u8> {
    let frame_header = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 7 << 3];
    let block_header = |size: u32, kind: u32, last: u32| {
        let bytes = (size << 3 | kind << 1 | last).to_le_bytes();
        [bytes[0], bytes[1], bytes[2]]
    };
    let log = usage("bomb");
    let raw = block_header(log.len() as u32, 0, 1);
    let repeated = [&block_header(128 << 10, 1, 0)[..], b"x"].concat();
    let repeated = repeated.repeat(80_000);
    [&frame_header[..], &raw, &log, &frame_header, &repeated].concat()
}

/// OTLP/JSON of one record.
pub(crate) fn otlp(session: &str) -> Vec<u8> {
    let text = |key: &str, value: &str| {
        format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#)
    };
    let resource = [
        text("service.name", "app"),
        text("service.version", "1.2.0"),
    ]
    .join(",");
    let of_session = text("session.id", session);
    let record = format!(
        r#"{{"timeUnixNano":"1772359200000000000","severityNumber":9,"eventName":"app/start","body":{{"stringValue":"started"}},"attributes":[{of_session}]}}"#
    );
    format!(
        r#"{{"resourceLogs":[{{"resource":{{"attributes":[{resource}]}},"scopeLogs":[{{"logRecords":[{record}]}}]}}]}}"#
    )
    .into_bytes()
}

/// One log of each format that is found by its content, and what is repaired or passed over.
pub(crate) fn good() -> Vec<(&'static str, Vec<u8>)> {
    let crlf = String::from_utf8(usage("crlf"))
        .unwrap()
        .replace('\n', "\r\n");
    let mut repaired = usage("repaired");
    repaired.extend(
        b"{\"time\":\"2026-03-01T10:00:20Z\",\"session\":\"repaired\",\"name\":\"odd \xff\"}\n",
    );
    let mut with_rejects = usage("with-rejects");
    with_rejects.extend(b"{\"name\": broken\n{\"time\":\"2026-03-01T10:01:00Z\",\"session\":\"with-rejects\",\"name\":\"after\"}");
    let fus = r#"{"recorder_id":"FUS","product":"IC","session":"fus-1","build":"231.1","bucket":"1","time":1772359200000,"group":{"id":"actions","version":"1"},"event":{"id":"invoked","count":3,"data":{"id":"Save"}}}"#;
    let udc = "what,kind,bundleId,bundleVersion,description,time\n\
        started,bundle,org.eclipse.osgi,3.7.0,org.eclipse.osgi,1772359200000\n\
        executed,command,org.eclipse.ui,3.7.0,org.eclipse.ui.file.save,1772359201000\n";
    let idea = "2026-03-01 10:00:00,000 [      1]   INFO - #com.intellij.idea.Main - IDE STARTED\n\
        2026-03-01 10:00:01,000 [   1001]  ERROR - #com.intellij.Plugin - failed\n\
        java.lang.IllegalStateException: no\n\tat A.b(A.java:1)\n";
    let minecraft = "[10:00:00] [main/INFO]: Loading\n[10:00:01] [main/WARN]: slow\n";
    let apm = "{\"metadata\":{\"service\":{\"name\":\"shop\",\"version\":\"1\",\"agent\":{\"name\":\"java\",\"version\":\"1\"}}}}\n\
        {\"transaction\":{\"id\":\"a1\",\"trace_id\":\"t1\",\"name\":\"GET /\",\"type\":\"request\",\"duration\":12.5,\"timestamp\":1772359200000000,\"span_count\":{\"started\":0}}}\n";
    let eclipse = "!SESSION 2026-03-01 10:00:00.000 -----------------------------------------------\n\
        eclipse.buildId=1\n\n!ENTRY org.eclipse.ui 4 0 2026-03-01 10:00:01.000\n!MESSAGE failed\n";
    vec![
        ("plain", usage("plain")),
        ("gzip", gzip(&usage("zipped"))),
        ("two-members", [gzip(&usage("m1")), gzip(&usage("m2"))].concat()),
        ("crlf", crlf.into_bytes()),
        ("bom", [b"\xef\xbb\xbf".to_vec(), usage("bom")].concat()),
        ("repaired", repaired),
        ("with-rejects", with_rejects),
        ("otlp", otlp("otlp-1")),
        ("fus", format!("{fus}\n").into_bytes()),
        ("udc", udc.into()),
        ("idea", idea.into()),
        ("minecraft", minecraft.into()),
        ("apm", apm.into()),
        ("eclipse", eclipse.into()),
        // Another log of a session that is told above.
        ("more", b"{\"time\":\"2026-03-01T10:02:00Z\",\"session\":\"plain\",\"name\":\"app/stop\",\"type\":\"session_end\"}\n".to_vec()),
    ]
}

/// Logs that are refused as a whole, with the reason.
pub(crate) fn bad() -> Vec<(&'static str, Vec<u8>)> {
    let zipped = gzip(&usage("never").repeat(50));
    let mut corrupt = zipped.clone();
    let middle = corrupt.len() / 2;
    corrupt[middle] ^= 0x55;
    vec![
        ("empty", Vec::new()),
        ("wrong_format", b"what is this?\nnothing known\n".to_vec()),
        ("truncated", zipped[..zipped.len() - 9].to_vec()),
        ("corrupt", corrupt),
        (
            "no_good_record",
            b"{\"name\": broken\n{\"name\": too\n".to_vec(),
        ),
    ]
}

/// How a log is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Api,
    Otlp,
    Ticket,
    Drop,
}

/// A log to be sent; its id, or the name of the file that is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) product: String,
    pub(crate) id: String,
    pub(crate) route: Route,
    pub(crate) body: Vec<u8>,
    /// Whether its content is sent under another id as well.
    pub(crate) copy: bool,
}

impl Item {
    pub(crate) fn new(product: &str, id: &str, route: Route, body: Vec<u8>) -> Self {
        let (product, id) = (product.to_owned(), id.to_owned());
        Self {
            product,
            id,
            route,
            body,
            copy: false,
        }
    }

    /// The same, as a copy of something sent.
    pub(crate) fn copy(self) -> Self {
        Self { copy: true, ..self }
    }

    /// The id that its log gets.
    pub(crate) fn log_id(&self) -> String {
        match self.route {
            Route::Drop => dropped_id(&self.product, &self.id, &self.body),
            _ => self.id.clone(),
        }
    }
}

/// What is to come out: each content once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Sums {
    pub(crate) logs: u64,
    pub(crate) rejected: u64,
    pub(crate) sessions: BTreeSet<String>,
    pub(crate) events: u64,
    pub(crate) occurrences: u64,
    pub(crate) errors: u64,
}

impl Sums {
    /// Adds what `logbook inspect` says of a log.
    pub(crate) fn add(&mut self, installation: &Installation, item: &Item, profile: &str) {
        let said = inspect(installation, item, profile);
        if !said["rejected"].is_null() {
            self.rejected += 1;
            return;
        }
        if item.copy {
            return;
        }
        self.logs += 1;
        for session in said["sessions"].as_array().unwrap() {
            let number = |name: &str| session[name].as_u64().unwrap();
            self.sessions
                .insert(session["session_id"].as_str().unwrap().to_owned());
            self.events += number("events");
            self.occurrences += number("occurrences");
            self.errors += number("errors");
        }
    }

    /// The same of sessions as the API shows them.
    pub(crate) fn of_sessions(sessions: &[Value]) -> Self {
        let mut sums = Self::default();
        for session in sessions {
            let number = |name: &str| session[name].as_u64().unwrap();
            let id = session["session_id"].as_str().unwrap().to_owned();
            assert!(sums.sessions.insert(id), "{session}");
            sums.events += number("events");
            sums.occurrences += number("occurrences");
            sums.errors += number("errors");
        }
        sums
    }
}

fn inspect(installation: &Installation, item: &Item, profile: &str) -> Value {
    let path = installation
        .outside()
        .join(format!("inspect-{}", item.product));
    std::fs::write(&path, &item.body).unwrap();
    let mut command = std::process::Command::new(super::PROGRAM);
    command.args(["inspect", "--json", "--product", &item.product]);
    command.args(["--log-id", &item.log_id()]).arg(&path);
    if item.route == Route::Otlp {
        command.args(["--profile", "otlp"]);
    } else if profile != "auto" {
        command.args(["--profile", profile]);
    }
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        // Where no profile fits, the command has nothing to say but that.
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains("no built-in profile fits"),
            "{}: {said}",
            item.id
        );
        serde_json::json!({ "rejected": { "reason": "wrong_format" } })
    })
}

/// The folder of logs of the field, which are no part of the project.
#[expect(
    clippy::disallowed_methods,
    reason = "only the caller knows where they are"
)]
pub(crate) fn real_logs() -> Option<PathBuf> {
    let folder = std::env::var_os("LOGBOOK_REAL_LOGS").map(Into::into);
    if folder.is_none() {
        eprintln!("skipped: LOGBOOK_REAL_LOGS is not set");
    }
    folder
}

/// The logs of the field that a profile reads.
pub(crate) fn of_the_field(folder: &Path, below: &str, extension: &str) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.join(below)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = path.to_string_lossy();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == extension) && !text.contains("expected")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}
