//! The help of every command.

#![allow(clippy::unwrap_used, reason = "tests")]

mod cli;

use cli::Folder;

/// The names that a list in a help text begins its lines with.
fn listed<'a>(help: &'a str, heading: &str) -> Vec<&'a str> {
    help.lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .filter(|name| *name != "help" && name.starts_with(char::is_alphabetic))
        .collect()
}

#[test]
fn every_command_explains_itself_and_each_of_its_options() {
    let folder = Folder::new();
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    let mut seen = 0;
    while let Some(command) = open.pop() {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.push("--help");
        let ran = folder.run(&arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{command:?}");
        seen += 1;
        for name in listed(&ran.out, "Commands:") {
            open.push([command.clone(), vec![name.to_owned()]].concat());
        }
        for option in options(&ran.out) {
            assert!(
                option.is_explained,
                "{command:?}: {} is not explained",
                option.name
            );
        }
        assert!(
            !ran.out.contains("--kill-at"),
            "what is for tests stays hidden"
        );
    }
    assert!(seen >= 20, "{seen} commands");
}

struct Described {
    name: String,
    is_explained: bool,
}

/// Options and arguments of a help text, and whether words follow them.
fn options(help: &str) -> Vec<Described> {
    let lines: Vec<&str> = help.lines().collect();
    let starts = |line: &str| {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        (2..=6).contains(&indent) && (text.starts_with('-') || text.starts_with(['<', '[']))
    };
    let mut described = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| starts(line)) {
        let text = line.trim();
        let beside = text.contains("  ");
        let below = lines
            .get(at + 1)
            .is_some_and(|next| next.starts_with("          ") && !next.trim().is_empty());
        described.push(Described {
            name: text.split("  ").next().unwrap_or_default().to_owned(),
            is_explained: beside || below,
        });
    }
    described
}

#[test]
fn the_options_that_documents_speak_of_are_there() {
    let folder = Folder::new();
    for (command, expected) in [
        (
            &["inspect"][..],
            &[
                "--profile",
                "--profile-file",
                "--metadata",
                "--key-file",
                "--data-key-file",
                "--product",
                "--log-id",
                "--max-inflated",
                "--log",
                "--data",
                "--json",
            ][..],
        ),
        (
            &["upload"],
            &[
                "--data",
                "--profile",
                "--product",
                "--url",
                "--key",
                "--consent",
                "--jobs",
                "--no-wait",
                "--json",
                "--api-key",
                "--token",
                "--query-url",
            ],
        ),
        (
            &["report"],
            &[
                "--data",
                "--product",
                "--from",
                "--to",
                "--by",
                "--where",
                "--limit",
                "--json",
                "--csv",
                "--url",
                "--token",
            ],
        ),
        (
            &["run"],
            &[
                "--data",
                "--listen",
                "--product",
                "--log",
                "--sweep-secs",
                "--sweep-age-secs",
                "--analyze-secs",
            ],
        ),
        (&["redrive"], &["--data", "--max", "--list"]),
        (&["profile", "try"], &["--lines", "--json"]),
        (&["profile", "test"], &["--update"]),
        (
            &["product", "add"],
            &[
                "--profile",
                "--consent",
                "--min-users",
                "--readable-accounts",
            ],
        ),
        (
            &["product", "set"],
            &[
                "--profile",
                "--consent",
                "--min-users",
                "--session-timeout",
                "--readable-accounts",
                "--json",
            ],
        ),
        (&["product", "show"], &["--data", "--json"]),
    ] {
        let help = folder.run(&[command, &["--help"]].concat()).out;
        for option in expected {
            assert!(help.contains(option), "{command:?} has no {option}");
        }
    }
}

#[test]
fn a_slip_is_named_and_ends_with_2() {
    let folder = Folder::new();
    for arguments in [
        &["inspekt"][..],
        &["inspect"],
        &["report", "--json", "--csv"],
        &["upload", "-j0", "x"],
    ] {
        let ran = folder.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.starts_with("error: "), "{}", ran.err);
    }
    assert_eq!(folder.run(&["--version"]).code, 0);
    let help = folder.run(&["--help"]).out;
    assert!(help.contains("Exit codes: 0 done; 1 it"), "{help}");
}
