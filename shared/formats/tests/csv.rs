//! Comma-separated values.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use logbook_formats::{Limits, Profile};
use logbook_model::EventReject;
use support::{context, profile, read, read_with};

fn csv(rest: &str) -> Profile {
    profile(&format!(
        "profile = \"p\"\nfamily = \"csv\"\n{rest}\n[name]\ntemplate = \"{{a}}|{{b}}\"\n"
    ))
}

#[test]
fn quotes_doubled_quotes_and_line_breaks_in_quotes_are_read() {
    let log = "a,b\n\"x, y\",\"say \"\"hi\"\"\"\n\"two\r\nlines\",z\n\n \"p\" , q\n";
    let read = read(&csv(""), log);
    // A control character in a name is shown as a blank.
    assert_eq!(read.names(), ["x, y|say \"hi\"", "two lines|z", "p| q"]);
    let places: Vec<_> = read.events.iter().map(|e| (e.line, e.offset)).collect();
    assert_eq!(places, [(2, 4), (3, 24), (6, 40)]);
}

#[test]
fn a_count_may_be_written_with_a_fraction_that_is_none() {
    let counted = csv("[count]\nfield = \"b\"\n");
    let read = read(
        &counted,
        "a,b\nx,3\nx,3.0\nx,\"3,00\"\nx,3.5\nx,-3.0\nx,many\n",
    );
    let counts: Vec<u64> = read.events.iter().map(|event| event.count).collect();
    assert_eq!(counts, [3, 3, 3]);
    let lines: Vec<u64> = read.rejects().iter().map(|reject| reject.0).collect();
    assert_eq!(lines, [5, 6, 7]);
}

#[test]
fn an_unclosed_quote_costs_its_own_line_only() {
    let read = read(&csv(""), "a,b\n1,\"lost\n2,x\n3,y\n");
    assert_eq!(read.names(), ["2|x", "3|y"]);
    assert_eq!(read.rejects(), [(2, 4, EventReject::Broken)]);
}

#[test]
fn two_unclosed_quotes_cost_their_own_lines_only() {
    let read = read(&csv(""), "a,b\n1,\"lost\n2,x\n3,\"lost too\n4,y\n");
    assert_eq!(read.names(), ["2|x", "4|y"]);
    let lines: Vec<u64> = read.rejects().iter().map(|r| r.0).collect();
    assert_eq!(lines, [2, 4]);
}

#[test]
fn a_quote_within_a_cell_costs_its_line_only() {
    let read = read(&csv(""), "a,b\n1,5\" and 6\"\n2,\"x\"y\"\"\n3,z\n");
    assert_eq!(read.names(), ["3|z"]);
    let details: Vec<&str> = read
        .log
        .figures
        .rejects
        .iter()
        .map(|r| &*r.detail)
        .collect();
    assert_eq!(
        details,
        [
            "a quote stands within an unquoted cell",
            "text follows a closing quote"
        ]
    );
}

#[test]
fn a_quoted_record_over_the_bound_costs_its_own_line_only() {
    let limits = Limits {
        record_bytes: 40,
        ..Limits::default()
    };
    let log = format!("a,b\n1,\"{}\"\n2,x\n", "0,1\n".repeat(20));
    let read = read_with(&csv(""), log, &context(), &limits).unwrap();
    assert_eq!(read.events.last().unwrap().name, "2|x");
    assert_eq!(read.rejects()[0], (2, 4, EventReject::Broken));
}

#[test]
fn a_header_is_trimmed_and_its_order_and_further_columns_do_not_matter() {
    let read = read(&csv(""), "\u{feff}x, b ,\"a\"\n0,1,2\n");
    assert_eq!(read.names(), ["2|1"]);
}

#[test]
fn names_of_columns_are_taken_as_they_are() {
    let p = profile(
        "profile = \"p\"\nfamily = \"csv\"\n[name]\ntemplate = \"{Event Name}-{size (kB.)}\"\n",
    );
    assert_eq!(
        read(&p, "Event Name,size (kB.)\nopen,2\n").names(),
        ["open-2"]
    );
}

#[test]
fn a_row_of_empty_cells_is_a_row_whatever_the_delimiter() {
    for delimiter in [",", "\\t"] {
        let head =
            format!("profile = \"p\"\nfamily = \"csv\"\n[csv]\ndelimiter = \"{delimiter}\"\n");
        let p = profile(&format!(
            "{head}[name]\nfield = \"a\"\ndefault = \"none\"\n"
        ));
        let log = "a,b,c\n1,2,3\n,,\n \n\n";
        let log = if delimiter == "," {
            log.to_owned()
        } else {
            log.replace(',', "\t")
        };
        assert_eq!(read(&p, &log).names(), ["1", "none"], "{delimiter}");
    }
}

#[test]
fn other_delimiters_comments_and_logs_without_a_header_are_read() {
    let p = csv("[csv]\ndelimiter = \"\\t\"\ncomment = \"#\"\ncolumns = [\"a\", \"b\", \"c\"]");
    let read = read(&p, "#Fields: a b c\n1\t\"2\"\t3\n#x\n\t5\t6\n4\t5\t6\n");
    assert_eq!(read.names(), ["1|2", "4|5"]);
    assert_eq!(read.rejects(), [(4, 26, EventReject::NoName)]);
}
