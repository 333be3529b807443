//! `make setup`: packages that are missing are installed by root, and named to anybody else.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Asks for a command as somebody, on a machine whose `apt-get` only says what it is told.
fn ask_for(command: &str, user_id: &str) -> Output {
    let tools = TempDir::new().unwrap();
    for (name, script) in [
        ("id", format!("echo {user_id}")),
        ("apt-get", "echo \"apt-get $*\"".to_owned()),
    ] {
        let path = tools.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    Command::new("tests/tools/system_package")
        .args([command, "mariadb-server"])
        .current_dir(root)
        .env("PATH", format!("{}:/usr/bin:/bin", tools.path().display()))
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn what_works_is_left_alone() {
    for user in ["0", "1000"] {
        let output = ask_for("true", user);
        assert!(output.status.success(), "{output:?}");
        assert_eq!((text(&output.stdout), text(&output.stderr)), ("", ""));
    }
}

#[test]
fn root_has_installed_what_is_missing() {
    let output = ask_for("no-such-command --version", "0");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        text(&output.stdout),
        "apt-get update --quiet=2\n\
         apt-get install --yes --no-install-recommends mariadb-server\n"
    );
}

#[test]
fn anybody_else_is_told_the_line_to_type() {
    let output = ask_for("no-such-command --version", "1000");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "", "nothing was tried");
    assert!(
        text(&output.stderr).ends_with(
            "type: sudo apt-get update && sudo apt-get install --yes --no-install-recommends \
             mariadb-server\n"
        ),
        "{output:?}"
    );
}
