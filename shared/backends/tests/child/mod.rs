//! A test that runs as a process of its own, and is killed.
//!
//! The test program starts itself again with the name of an ignored test, which works in the
//! directory that it reads from its input and acknowledges on its output.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const MARK: &str = "acknowledged ";

/// Runs the ignored test `name` until it has acknowledged `count` things, kills it with
/// SIGKILL and gives all that it acknowledged.
pub(crate) fn run_and_kill(name: &str, directory: &Path, count: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{}", directory.display()).unwrap();
    drop(input);
    let mut acknowledged = Vec::new();
    let output = BufReader::new(child.stdout.take().unwrap());
    for line in output.lines() {
        let line = line.unwrap();
        if let Some((_, what)) = line.split_once(MARK) {
            acknowledged.push(what.to_owned());
        }
        if acknowledged.len() == count {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(acknowledged.len() >= count);
    acknowledged
}

/// In the child: where to work. `None` when nobody started it as a child.
pub(crate) fn directory() -> Option<PathBuf> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).ok()?;
    let path = line.trim();
    (!path.is_empty()).then(|| PathBuf::from(path))
}

/// In the child: something is done and durable.
pub(crate) fn acknowledge(what: &str) {
    println!("{MARK}{what}");
}
