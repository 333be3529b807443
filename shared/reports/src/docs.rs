//! The catalogue as a page for people.

use std::fmt::Write as _;

use crate::catalogue::Report;
use crate::views::view_of;

const HEAD: &str = "# Reports

This page is made of the catalogue that `GET /v1/reports` gives; \
`cargo run -p logbook-reports --example docs > docs/reports.md` makes it anew.

Days are UTC. A session belongs to the day of its first event: the first that has a time, in the \
order of the log and not by the clock, and of several logs the earliest of these; where no event \
has a time, to the day of receipt. Users are distinct pseudonymous users, else installations. \
Production traffic is apart: a session counts as production if it names no environment, or \
`production` or `prod` in any case; all others are `other`. What was sent under the consent \
`error` or `crash` counts as far as [the consent](contract.md#consent) lets it be stored.

Rows come in the order of their groups, texts by their bytes.

Every reply says what it rests on: `complete_until` (all that was received until then is in the \
figures), days out of date, logs pending and rejected.

**Small groups.** Groups of fewer persons than the product's `min_users` (5 if it says nothing) are \
withheld and counted in `withheld_groups`, those of nobody identified among them. Totals of \
accounts are contract data and shown all the same; how many of an account use a feature is told in \
bands.

A comparison of two ranges shall tell no more of a group than a row does. Where days are put \
together, those of a group count in blocks, each of which rests on at least `min_users` persons, and \
which are the same in every range: a day of that many persons is a block by itself; the other days \
of a calendar month are put together, in order, until they rest on that many, and begin anew. A \
range has the blocks all of whose days lie in it. So the figures of a group in two ranges are the \
same, or differ by what at least that many persons did. Where a group has days of fewer, its figures \
lack what is left at either end of the range and at the end of each month (so also days of nobody \
identified, unless other days of too few persons follow them), and it is withheld if no block of it \
lies in the range. This goes for `feature-usage`, `feature-adoption`, `feature-paths`, \
`release-health`, `release-delta`, `versions`, `platforms` and `top-errors`.

How far it does not go. `account-features`, funnels and cohorts are guarded row by row alone, and so \
is what all persons did together: `active-users` and its windows, the wholes of shares and of \
adoption. The first and last days and versions of an error may be of one person. Who adds up rows \
and compares them with each other, with one of fewer columns, of all environments or of another \
report, or asks the same before and after new logs came, may still learn of a few persons; and that a group is withheld \
tells that there is one. Views for BI tools have no rows of ranges: each of theirs is guarded by itself.

A person is kept as the first 64 bits of a hash of the pseudonym, so that distinct persons of any \
range can be counted. That any two of ten million persons of a product share them has a \
probability below 3 in a million. A run that names a user and another that names only its \
installation are two persons.

In CSV, null is an empty field, and a text that a spreadsheet would take for a formula (it starts \
with `=`, `+`, `-`, `@`, tab or carriage return) gets an apostrophe in front.
";

/// The page `docs/reports.md`.
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    for report in Report::ALL {
        report_section(&mut page, report);
    }
    page
}

fn report_section(page: &mut String, report: Report) {
    let view = view_of(report);
    let report = report.description();
    let (name, title, question) = (report.name, report.title, report.question);
    let _ = writeln!(page, "\n## {title} (`{name}`)\n\n*{question}*\n");
    let _ = writeln!(page, "{}\n\n```text", report.definition);
    for formula in report.formulas {
        let _ = writeln!(page, "{formula}");
    }
    let _ = writeln!(page, "```\n\nSource: {}\n", report.source);
    let _ = match report.table {
        Some(table) => writeln!(page, "Table: `{table}`.\n"),
        None => writeln!(
            page,
            "It has no table of its own; a page is made when it is asked for.\n"
        ),
    };
    if let Some(view) = view {
        let _ = writeln!(page, "View for BI tools: `{view}` (see [bi.md](bi.md)).\n");
    }
    page.push_str("| Column | Type | Unit | Meaning |\n| --- | --- | --- | --- |\n");
    for column in report.columns {
        let (name, kind) = (column.name, column.kind.name());
        let _ = writeln!(
            page,
            "| `{name}` | {kind} | {} | {} |",
            column.unit, column.meaning
        );
    }
    page.push_str("\n| Parameter | Allowed | Default | Meaning |\n| --- | --- | --- | --- |\n");
    for parameter in report.parameters {
        let (name, allowed) = (parameter.name, parameter.allowed);
        let (default, meaning) = (parameter.default, parameter.meaning);
        let _ = writeln!(page, "| `{name}` | {allowed} | {default} | {meaning} |");
    }
}
