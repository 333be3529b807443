//! Profiles for products that have no built-in one, over logs of those products. The figures
//! were counted apart from this code.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::path::Path;

use logbook_formats::{Limits, Profile};
use support::{Read, context, files_below, levels, read_with, real_logs};

fn load(name: &str) -> Profile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/profiles");
    let text = std::fs::read_to_string(path.join(name).with_extension("toml")).unwrap();
    Profile::from_toml(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn read(name: &str, path: &Path) -> Read {
    let log = std::fs::read(path).unwrap();
    read_with(&load(name), log, &context(), &Limits::default())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

struct Figures {
    profile: &'static str,
    log: &'static str,
    records: u64,
    rejects: u64,
    sessions: usize,
    levels: &'static str,
    first: &'static str,
    last: &'static str,
}

const LOGS: &[Figures] = &[
    Figures {
        profile: "bunyan",
        log: "logfile_bunyan.0",
        records: 10,
        rejects: 0,
        sessions: 1,
        levels: "debug 9, info 1",
        first: "2023-03-24T14:26:16.243Z",
        last: "2023-03-24T14:26:18.331Z",
    },
    Figures {
        profile: "service-java",
        log: "logfile_java.1",
        records: 20,
        rejects: 0,
        sessions: 2,
        levels: "info 20",
        first: "2025-01-24T07:00:31.139Z",
        last: "2025-01-24T07:05:39.884Z",
    },
    Figures {
        profile: "spark",
        log: "logfile_spark.0",
        records: 399,
        rejects: 0,
        sessions: 1,
        levels: "info 399",
        first: "2017-06-09T20:10:40",
        last: "2017-06-09T20:10:54",
    },
    Figures {
        profile: "glog",
        log: "logfile_glog.0",
        records: 7,
        rejects: 0,
        sessions: 1,
        levels: "error 2, info 4, warn 1",
        // The last 17 May before the tests' day of receipt.
        first: "2025-05-17T15:04:22.619632",
        last: "2025-05-17T15:04:22.619776",
    },
    Figures {
        profile: "logfmt",
        log: "logfile_logfmt.0",
        records: 5,
        rejects: 0,
        sessions: 1,
        levels: "error 2, info 2, warn 1",
        first: "2021-09-15T21:17:10.220731Z",
        last: "2021-09-15T21:18:20.335825Z",
    },
    Figures {
        profile: "logfmt",
        log: "logfile_grafana.0",
        records: 5,
        rejects: 0,
        sessions: 1,
        levels: "info 5",
        first: "2025-04-24T19:51:48.520963Z",
        last: "2025-04-24T19:51:48.521251Z",
    },
    Figures {
        profile: "postgres",
        log: "logfile_postgres.0",
        records: 21,
        rejects: 0,
        // One a process.
        sessions: 5,
        levels: "error 1, info 20",
        first: "2025-08-13T08:45:01.123Z",
        last: "2025-08-13T08:50:02.010Z",
    },
    Figures {
        profile: "nested-json",
        log: "logfile_nested_json.json",
        records: 13,
        rejects: 0,
        sessions: 1,
        levels: "debug 1, error 1, fatal 2, info 3, trace 5, warn 1",
        first: "2013-09-06T20:00:48.124817Z",
        last: "2013-09-06T22:01:49.124817Z",
    },
    Figures {
        profile: "nested-json",
        log: "logfile_invalid_json.json",
        records: 5,
        rejects: 1,
        sessions: 1,
        levels: "info 1, trace 3",
        first: "2013-09-06T20:00:48.124817Z",
        last: "2013-09-06T22:00:59.222222Z",
    },
    Figures {
        profile: "laravel",
        log: "logfile_laravel.1",
        records: 4,
        rejects: 0,
        sessions: 1,
        levels: "fatal 2, info 2",
        first: "2025-01-02T11:19:06",
        last: "2025-01-02T11:19:06",
    },
    Figures {
        profile: "mixed",
        log: "logfile_mixed_json2.json",
        records: 15,
        rejects: 0,
        sessions: 1,
        levels: "debug 1, error 1, fatal 3, info 4, trace 5, warn 1",
        first: "2013-09-06T20:00:48.124817Z",
        last: "2013-09-06T22:01:49.124817Z",
    },
];

#[test]
fn profiles_for_odd_formats_read_what_is_there() {
    let Some(folder) = real_logs() else { return };
    for want in LOGS {
        let read = read(
            want.profile,
            &folder.join("lnav-odd-formats").join(want.log),
        );
        let figures = &read.log.figures;
        assert_eq!(figures.records, want.records, "{}", want.log);
        assert_eq!(figures.rejects_total, want.rejects, "{}", want.log);
        assert_eq!(read.log.parts.len(), want.sessions, "{}", want.log);
        assert_eq!(levels(&read.log), want.levels, "{}", want.log);
        let starts = read.log.parts.iter().filter_map(|part| part.started_at);
        let lasts = read
            .log
            .parts
            .iter()
            .filter_map(|part| part.last_activity_at);
        assert_eq!(
            starts.min().unwrap().to_string(),
            want.first,
            "{}",
            want.log
        );
        assert_eq!(lasts.max().unwrap().to_string(), want.last, "{}", want.log);
    }
}

#[test]
fn single_figures_of_odd_formats_are_right() {
    let Some(folder) = real_logs() else { return };
    let folder = folder.join("lnav-odd-formats");
    let java = read("service-java", &folder.join("logfile_java.1"));
    assert_eq!(java.log.parts[1].facts.version.as_deref(), Some("v3.0.7"));
    assert_eq!(
        java.log.parts[1].facts.runtime.as_deref(),
        Some("Java 21.0.5")
    );
    assert_eq!(java.log.parts[1].features["RSAKeyLoaderService"].events, 4);
    assert_eq!(java.log.figures.backward_steps, 1);
    let broken = read("nested-json", &folder.join("logfile_invalid_json.json"));
    assert_eq!((broken.rejects()[0].0, broken.rejects()[0].1), (3, 186));
    let laravel = read("laravel", &folder.join("logfile_laravel.1"));
    assert_eq!(laravel.log.figures.continuation_lines, 60);
    assert_eq!(laravel.log.parts[0].features["Page Access"].events, 1);
    let postgres = read("postgres", &folder.join("logfile_postgres.0"));
    let ended = postgres
        .log
        .parts
        .iter()
        .filter(|part| part.ended())
        .count();
    assert_eq!(ended, 2);
    let mixed = read("mixed", &folder.join("logfile_mixed_json2.json"));
    assert_eq!(
        (mixed.log.parts[0].crashes, mixed.log.parts[0].errors),
        (1, 4)
    );
}

#[test]
fn telemetry_documents_are_read() {
    let Some(folder) = real_logs() else { return };
    let events = files_below(&folder.join("sentry-event-samples"));
    let read_all = |name: &str, files: &[std::path::PathBuf]| -> Vec<Read> {
        files.iter().map(|path| read(name, path)).collect()
    };
    let events = read_all("sentry-event", &events);
    assert_eq!(events.len(), 26);
    assert!(
        events
            .iter()
            .all(|read| (read.events.len(), read.log.figures.rejects_total) == (1, 0))
    );
    assert!(
        events
            .iter()
            .all(|read| read.log.parts[0].started_at.is_some())
    );
    let unhandled: u64 = events.iter().map(|read| read.log.parts[0].unhandled).sum();
    assert_eq!(unhandled, 3);

    let pings = read_all(
        "glean-ping",
        &files_below(&folder.join("mozilla-pings/glean")),
    );
    assert_eq!(pings.len(), 16);
    assert!(
        pings
            .iter()
            .all(|read| (read.events.len(), read.log.figures.rejects_total) == (1, 0))
    );
    let sessions = pings
        .iter()
        .filter(|read| !read.events[0].session.starts_with("r-"));
    assert_eq!(sessions.count(), 5);
}

#[test]
fn envelopes_and_requests_are_read() {
    let Some(folder) = real_logs() else { return };
    let (mut records, mut rejects, mut named, mut timed) = (0, 0, 0, 0);
    for path in files_below(&folder.join("mozilla-gcp-ingestion")) {
        if path
            .extension()
            .is_some_and(|extension| extension == "ndjson")
        {
            let read = read("gcp-ingestion", &path);
            records += read.log.figures.records;
            rejects += read.log.figures.rejects_total;
            named += read
                .events
                .iter()
                .filter(|event| event.name != "message")
                .count();
            timed += read
                .events
                .iter()
                .filter(|event| event.time.is_some())
                .count();
        }
    }
    assert_eq!((records, rejects, named, timed), (219, 2, 72, 11));

    let requests = read(
        "posthog-capture",
        &folder.join("posthog-capture/requests_dump.jsonl"),
    );
    assert_eq!(
        (
            requests.log.figures.records,
            requests.log.figures.rejects_total
        ),
        (16, 0)
    );
    assert_eq!(
        requests.log.parts[0].features["POST application/json"].events,
        2
    );
}
