//! What holds of every log and every profile.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::io;

use logbook_formats::{Limits, Profile, ReadError, builtin, builtin_texts, guess};
use logbook_model::{LogId, Part, Session, SessionId};
use proptest::prelude::*;
use support::{Read, context, default_profile, profile, read_source, read_with};

/// A source that gives as many bytes at a time as it is told, and is interrupted now and then.
struct Chopped<'a> {
    bytes: &'a [u8],
    sizes: std::iter::Cycle<std::slice::Iter<'a, usize>>,
}

impl io::Read for Chopped<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = *self.sizes.next().unwrap();
        if size == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let size = size.min(self.bytes.len()).min(buffer.len());
        let (now, later) = self.bytes.split_at(size);
        buffer[..size].copy_from_slice(now);
        self.bytes = later;
        Ok(size)
    }
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    (1usize..40, prop::collection::vec(0usize..70_000, 0..4)).prop_map(|(first, mut sizes)| {
        sizes.push(first);
        sizes
    })
}

/// Pieces of logs of all families, well-formed and not.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{\"name\":\"a\",\"time\":1,\"session\":\"s\"}\n".to_owned()),
        Just("{\"name\":\"b\",\"count\":-1}\r\n".to_owned()),
        Just("{\n\"name\":\"c\"\n},\n".to_owned()),
        Just("what,kind,time,bundleId\n".to_owned()),
        Just("started,bundle,1300000000000,org.eclipse.osgi\n".to_owned()),
        Just("executed,\"com\nmand\",1300000000001,\"x\"\"y\"\n".to_owned()),
        Just("executed,\"lost,1300000000001,\n".to_owned()),
        Just("2019-10-21 13:21:32,100 [      0]   INFO - #a.b - IDE STARTED\n".to_owned()),
        Just("2019-10-21 13:21:33,100 [   1000]  ERROR - a.b - oh\n\tat x\n".to_owned()),
        Just("[12:00:01] [main/WARN] [log]: \u{1b}[31mred\n".to_owned()),
        Just(
            "!SESSION 2026-02-01 10:00:00.000 ---\n!ENTRY p 4 0 2026-02-01 10:00:01.000\n"
                .to_owned()
        ),
        "[\\[\\]{}\",:a0 \n\u{0}é]{0,30}",
        "[ab]{100,300}\n",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn profiles() -> Vec<Profile> {
    let documents = profile(
        "profile = \"d\"\nfamily = \"ndjson\"\n[ndjson]\ndocuments = true\n[name]\nfield = \"name\"\n",
    );
    let built_in = builtin_texts()
        .iter()
        .map(|(id, _)| builtin(id).unwrap().clone());
    built_in.chain([documents]).collect()
}

fn told(result: Result<Read, ReadError>) -> String {
    match result {
        Ok(read) => format!("{read:?}"),
        Err(error) => format!("{error:?}"),
    }
}

fn tight() -> Limits {
    Limits {
        record_bytes: 90,
        events: 9,
        sessions: 3,
        names_per_session: 2,
        ..Limits::default()
    }
}

proptest! {
    #[test]
    fn how_the_source_chops_its_reads_does_not_matter(log in pieces(), sizes in sizes()) {
        let log = log.repeat(1 + 150_000 / (log.len() + 1) * usize::from(sizes.len() == 3));
        for (profile, limits) in profiles().iter().flat_map(|p| [(p, Limits::default()), (p, tight())]) {
            let whole = told(read_with(profile, &log, &context(), &limits));
            let chopped = Chopped { bytes: log.as_bytes(), sizes: sizes.iter().cycle() };
            prop_assert_eq!(told(read_source(profile, chopped, &context(), &limits)), whole);
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic_and_its_figures_add_up(
        log in prop_oneof![
            pieces().prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..400),
        ],
    ) {
        let _ = guess(&log);
        for (profile, limits) in profiles().iter().flat_map(|p| [(p, Limits::default()), (p, tight())]) {
            let Ok(read) = read_with(profile, &log, &context(), &limits) else { continue };
            let figures = &read.log.figures;
            let events = read.events.len() as u64;
            prop_assert_eq!(figures.records, events + figures.rejects_total);
            prop_assert_eq!(figures.rejects_by_reason.values().sum::<u64>(), figures.rejects_total);
            prop_assert_eq!(read.log.parts.iter().map(|p| p.events).sum::<u64>(), events);
            prop_assert_eq!(figures.inflated_bytes, log.len() as u64);
            prop_assert!(read.log.parts.len() <= limits.sessions as usize);
            let ids: std::collections::BTreeSet<_> = read.log.parts.iter().map(|p| &p.session).collect();
            prop_assert_eq!(ids.len(), read.log.parts.len(), "one part a session");
        }
    }

    #[test]
    fn no_text_makes_a_profile_panic(
        (at, change) in (any::<prop::sample::Index>(), "[\\[\\]{}=\"'.,%(?<>)a0\n]{0,6}"),
        cut in 0usize..40,
        which in any::<prop::sample::Index>(),
    ) {
        let (_, text) = which.get(builtin_texts());
        let mut chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        let end = (at + cut).min(chars.len());
        chars.splice(at..end, change.chars());
        let text: String = chars.into_iter().collect();
        if let Err(error) = Profile::from_toml(&text) {
            prop_assert!(error.line >= 1 && error.line <= text.lines().count() + 1);
            prop_assert!(error.column >= 1);
            prop_assert!(!error.message.is_empty());
        }
    }

    #[test]
    fn a_log_cut_in_two_folds_to_the_sessions_of_the_whole(
        rows in prop::collection::vec(("[abc]", "[xyz]", 0u64..3, any::<bool>(), 0u32..5000), 1..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let lines: Vec<String> = rows.iter().enumerate().map(|(n, (session, name, count, error, took))| {
            format!("{{\"session\":\"{session}\",\"name\":\"{name}\",\"count\":{count},\"error\":{error},\"duration_ms\":{took},\"time\":{n}}}\n")
        }).collect();
        let (head, tail) = lines.split_at(cut.index(lines.len()));
        let parts = |log: &str, lines: &[String]| {
            let mut context = context();
            context.log = LogId::new(log).unwrap();
            if lines.is_empty() {
                return Vec::new();
            }
            read_with(default_profile(), lines.concat(), &context, &Limits::default()).unwrap().log.parts
        };
        let whole = sessions(parts("log-1", &lines));
        let cut: Vec<Part> = parts("log-1", head).into_iter().chain(parts("log-2", tail)).collect();
        let cut = sessions(cut);
        prop_assert_eq!(whole.keys().collect::<Vec<_>>(), cut.keys().collect::<Vec<_>>());
        for (id, whole) in whole {
            let cut = &cut[&id];
            prop_assert_eq!((whole.events, whole.occurrences, whole.errors), (cut.events, cut.occurrences, cut.errors));
            prop_assert_eq!((whole.started_at, whole.last_activity_at), (cut.started_at, cut.last_activity_at));
            prop_assert_eq!((whole.status, whole.by_level), (cut.status, cut.by_level));
            for (name, feature) in &whole.features {
                let other = &cut.features[name];
                prop_assert_eq!((feature.events, feature.uses, feature.errors), (other.events, other.uses, other.errors));
                prop_assert_eq!(&feature.durations, &other.durations);
            }
        }
    }
}

fn sessions(parts: Vec<Part>) -> BTreeMap<SessionId, Session> {
    let mut by_id: BTreeMap<SessionId, Vec<Part>> = BTreeMap::new();
    for part in parts {
        by_id.entry(part.session.clone()).or_default().push(part);
    }
    let fold = |parts: Vec<Part>| Session::fold(&parts, 1800, None).unwrap();
    by_id
        .into_iter()
        .map(|(id, parts)| (id, fold(parts)))
        .collect()
}
