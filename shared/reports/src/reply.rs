//! A page of a report, as JSON and as CSV.

use logbook_model::{Day, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::catalogue::Report;
use crate::cursor::Cursor;
use crate::description::Column;
use crate::freshness::Freshness;

/// A page of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportReply {
    /// The report.
    pub report: Report,
    /// First day of the range.
    pub from: Day,
    /// Last day of the range.
    pub to: Day,
    /// The columns that rows are grouped by.
    pub by: Vec<&'static str>,
    /// The columns, in order.
    pub columns: Vec<&'static Column>,
    /// The rows, in the order of their groups; a cell for each column.
    pub rows: Vec<Vec<Cell>>,
    /// How many groups of this page are not shown because they have fewer persons than the
    /// product's `min_users`. Over all pages they add up.
    pub withheld_groups: u64,
    /// What the reports rest on.
    pub freshness: Freshness,
    /// Of the ledger: the listing of the archive that it speaks of, if there was one. What came later
    /// is not counted as received, though it may be parsed already.
    pub listed_as_of: Option<Timestamp>,
    /// The `after` of the page that follows; `None` on the last.
    pub next: Option<Cursor>,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// Not known, not defined (a share of nothing), or withheld.
    Null,
    /// A day.
    Day(Day),
    /// An instant.
    Time(Timestamp),
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number between 0 and 1.
    Ratio(f64),
    /// Any number.
    Number(f64),
    /// True or false.
    Boolean(bool),
}

impl Cell {
    pub(crate) fn count(count: u64) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// `part / whole`; null if the whole is nothing.
    pub(crate) fn share(part: u64, whole: u64) -> Self {
        share(part, whole).map_or(Self::Null, Self::Ratio)
    }

    pub(crate) fn or_null(count: Option<u64>) -> Self {
        count.map_or(Self::Null, Self::count)
    }
}

/// `part / whole`; nothing if the whole is nothing.
pub(crate) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl ReportReply {
    /// As a JSON object: rows are objects by column name.
    pub fn to_json(&self) -> Value {
        let row = |cells: &Vec<Cell>| -> Value {
            let names = self.columns.iter().map(|column| column.name.to_owned());
            let cells = cells.iter().map(|cell| json!(cell));
            Value::Object(names.zip(cells).collect::<Map<_, _>>())
        };
        let mut page = json!({
            "report": self.report.name(),
            "from": self.from,
            "to": self.to,
            "by": self.by,
            "columns": self.columns,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "withheld_groups": self.withheld_groups,
            "freshness": self.freshness,
            "next": self.next.as_ref().map(Cursor::encode),
        });
        if self.report == Report::Ledger {
            page["listed_as_of"] = json!(self.listed_as_of);
        }
        page
    }

    /// As CSV by RFC 4180: a header of the column names, CRLF after each record.
    ///
    /// Null is an empty field. A text that a spreadsheet would take for a formula, because it
    /// starts with `=`, `+`, `-`, `@`, tab or carriage return, gets an apostrophe in front, so
    /// that a feature's name can run nothing; it is data from strangers. Numbers are left as
    /// they are.
    pub fn to_csv(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        let rows = self.rows.iter().map(|row| csv_row(row));
        csv_header(&names) + &rows.collect::<String>()
    }

    /// Up to when all that was received is in the report.
    pub const fn complete_until(&self) -> Option<Timestamp> {
        self.freshness.complete_until
    }
}

/// The first record of [`ReportReply::to_csv`].
pub fn csv_header(names: &[&str]) -> String {
    let names = names.iter().map(|name| field(name));
    names.collect::<Vec<_>>().join(",") + "\r\n"
}

/// A row as a record of [`ReportReply::to_csv`].
pub fn csv_row(row: &[Cell]) -> String {
    let cells = row.iter().map(|cell| match cell {
        Cell::Null => String::new(),
        Cell::Day(day) => day.to_string(),
        Cell::Time(time) => time.to_string(),
        Cell::Text(text) => field(text),
        Cell::Integer(number) => number.to_string(),
        Cell::Ratio(number) | Cell::Number(number) => number.to_string(),
        Cell::Boolean(value) => value.to_string(),
    });
    cells.collect::<Vec<_>>().join(",") + "\r\n"
}

fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}
