//! What the program prints. The only place that writes to the terminal.
#![expect(
    clippy::print_stderr,
    reason = "the program's output goes through here"
)]

use std::io::{ErrorKind, Write};

use anyhow::Context;
use serde::Serialize;

/// Prints text to standard output. A reader that went away is no error.
pub(crate) fn text(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("writing to standard output"),
    }
}

/// Prints one JSON document, indented.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut document = serde_json::to_string_pretty(value)?;
    document.push('\n');
    text(&document)
}

/// Prints what came of a command: a text for people, or one JSON document.
pub(crate) fn outcome(
    as_json: bool,
    people: &str,
    document: &impl Serialize,
) -> anyhow::Result<()> {
    if as_json {
        json(document)
    } else {
        text(people)
    }
}

/// Prints a line for people to standard error.
pub(crate) fn note(line: &str) {
    eprintln!("{line}");
}

/// Prints a failure with its causes.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

/// How wide the terminal is.
pub(crate) fn width() -> usize {
    let size = terminal_size::terminal_size();
    size.map_or(80, |(width, _)| usize::from(width.0))
}

/// A table: columns as wide as their widest cell, numbers to the right. Whatever a name has of
/// control characters does nothing to the terminal.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let numeric: Vec<bool> = (0..header.len())
        .map(|at| !rows.is_empty() && rows.iter().all(|row| is_number(&row[at])))
        .collect();
    let width = |at: usize| {
        let cells = rows.iter().map(|row| row[at].chars().count());
        cells.chain([header[at].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &[String]| {
        let mut line = String::new();
        for (at, cell) in cells.iter().enumerate() {
            let blanks = " ".repeat(widths[at] - cell.chars().count());
            if at > 0 {
                line.push_str("  ");
            }
            if numeric[at] {
                line.push_str(&blanks);
                line.extend(shown(cell));
            } else {
                line.extend(shown(cell));
                line.push_str(&blanks);
            }
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    };
    let header: Vec<String> = header.iter().map(|&cell| cell.to_owned()).collect();
    let rule: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
    let mut out = line(&header);
    out.push_str(&line(&rule));
    for row in rows {
        out.push_str(&line(row));
    }
    out
}

fn shown(cell: &str) -> impl Iterator<Item = char> {
    cell.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
}

fn is_number(cell: &str) -> bool {
    let cell = cell.strip_suffix(" ms").unwrap_or(cell);
    let digits = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '%' | '-' | '+');
    cell.is_empty()
        || cell == "–"
        || (cell.chars().all(digits) && cell.chars().any(char::is_numeric))
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn a_table_passes_on_no_control_characters() {
        let rows = [vec!["a\u{1b}[2Jb\r".to_owned(), "1".to_owned()]];
        let table = table(&["name", "n"], &rows);
        assert_eq!(table, "name     n\n───────  ─\na\u{fffd}[2Jb\u{fffd}  1\n");
    }
}
