//! docs/profiles.md: its profiles are profiles, and its example gives what it says.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use logbook_formats::Profile;
use logbook_model::{EventReject, LogReject, Session, Status};
use support::read;

const TEXT: &str = include_str!("../../../docs/profiles.md");

/// The code blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    let rest = TEXT.split(&opening).skip(1);
    rest.map(|block| block.split("```").next().unwrap())
        .collect()
}

#[test]
fn every_block_of_toml_is_a_profile_or_a_part_of_one() {
    let blocks = blocks("toml");
    assert!(blocks.len() > 15);
    for block in blocks {
        let mut profile = String::new();
        if !block.contains("profile = ") {
            let families = ["text", "csv"];
            let of = |family: &&str| block.contains(&format!("[{family}]"));
            let family = families.into_iter().find(of).unwrap_or("ndjson");
            profile = format!("profile = \"p\"\nfamily = \"{family}\"\n");
        }
        profile.push_str(block);
        if !block.contains("[name]") {
            profile.push_str("\n[name]\ndefault = \"x\"\n");
        }
        if let Err(error) = Profile::from_toml(&profile) {
            panic!("{error}\n{block}");
        }
    }
}

#[test]
fn the_first_profile_reads_its_log_as_told() {
    let profile = Profile::from_toml(blocks("toml")[0]).unwrap();
    let read = read(&profile, blocks("log")[0]);
    assert_eq!(read.names(), ["App", "Command", "Export", "App"]);
    assert_eq!(read.events[2].line, 3);
    assert_eq!(read.log.figures.continuation_lines, 2);
    assert_eq!(read.log.parts.len(), 1);
    let part = &read.log.parts[0];
    assert!(part.ended());
    assert_eq!(
        (part.errors, part.facts.version.as_deref()),
        (1, Some("3.1"))
    );
    let session = Session::fold([part], 1800, None).unwrap();
    assert_eq!(session.status, Status::Errored);
}

#[test]
fn every_reason_and_conversion_is_documented() {
    for reason in EventReject::ALL {
        assert!(TEXT.contains(&format!("| `{reason}` |")), "{reason}");
    }
    for reason in LogReject::ALL {
        assert!(TEXT.contains(&format!("`{reason}`")), "{reason}");
    }
    let pattern = |c: char| {
        format!(
            "profile = \"p\"\nfamily = \"ndjson\"\n[name]\ndefault = \"x\"\n[time]\nfield = \"t\"\nformat = \"%H%{c}\"\n"
        )
    };
    for c in (' '..='~').filter(|c| !matches!(c, '"' | '\\')) {
        let known = Profile::from_toml(&pattern(c)).is_ok();
        assert_eq!(known, TEXT.contains(&format!("`%{c}`")), "%{c}");
    }
}
