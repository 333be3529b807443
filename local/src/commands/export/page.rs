//! A page of a report, read from the JSON that the query API gives.

use std::collections::BTreeMap;

use anyhow::Context;
use logbook_model::{Day, Timestamp};
use logbook_reports::{Cell, ColumnType};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::described;

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) report: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) by: Vec<String>,
    pub(super) columns: Vec<PageColumn>,
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) withheld_groups: u64,
    pub(super) freshness: PageFreshness,
    pub(super) next: Option<String>,
}

/// A column, as the report describes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct PageColumn {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: ColumnType,
    pub(super) unit: String,
    #[serde(default)]
    pub(super) meaning: String,
}

/// What the figures rest on.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PageFreshness {
    pub(super) complete_until: Option<String>,
    days_pending: u64,
    logs_pending: u64,
}

/// Numbers stay the texts that they came as, so that they are rounded once.
#[derive(Deserialize)]
struct Document {
    report: String,
    from: String,
    to: String,
    by: Vec<String>,
    columns: Vec<PageColumn>,
    rows: Vec<BTreeMap<String, Box<RawValue>>>,
    withheld_groups: u64,
    freshness: PageFreshness,
    next: Option<String>,
}

impl Page {
    /// Reads a reply.
    pub(super) fn read(text: &str) -> anyhow::Result<Self> {
        let document: Document =
            serde_json::from_str(text).context("the answer is no page of a report")?;
        let columns = document.columns;
        let cells = |row: &BTreeMap<String, Box<RawValue>>| {
            let cells = columns.iter().map(|column| {
                let raw = row.get(&column.name).map_or("null", |raw| raw.get());
                cell(column.kind, raw)
                    .with_context(|| format!("the column {} cannot hold {raw:.80}", column.name))
            });
            cells.collect::<anyhow::Result<Vec<Cell>>>()
        };
        let rows = document.rows.iter().map(cells);
        let rows = rows.collect::<anyhow::Result<_>>()?;
        Ok(Self {
            report: document.report,
            from: document.from,
            to: document.to,
            by: document.by,
            columns,
            rows,
            withheld_groups: document.withheld_groups,
            freshness: document.freshness,
            next: document.next,
        })
    }

    /// What the report is, for a file's metadata.
    pub(super) fn about(&self) -> Vec<(&'static str, String)> {
        let mut about = vec![
            ("logbook.report", self.report.clone()),
            ("logbook.from", self.from.clone()),
            ("logbook.to", self.to.clone()),
            ("logbook.by", self.by.join(",")),
            ("logbook.columns", described(&self.columns)),
            (
                "logbook.days_pending",
                self.freshness.days_pending.to_string(),
            ),
            (
                "logbook.logs_pending",
                self.freshness.logs_pending.to_string(),
            ),
        ];
        let until = self.freshness.complete_until.iter();
        about.extend(until.map(|until| ("logbook.complete_until", until.clone())));
        about
    }
}

fn cell(kind: ColumnType, raw: &str) -> anyhow::Result<Cell> {
    if raw == "null" {
        return Ok(Cell::Null);
    }
    let text = || serde_json::from_str::<String>(raw);
    Ok(match kind {
        ColumnType::Date => Cell::Day(text()?.parse::<Day>()?),
        ColumnType::Time => Cell::Time(instant(&text()?).context("no instant")?),
        ColumnType::Text => Cell::Text(text()?),
        ColumnType::Integer => Cell::Integer(raw.parse()?),
        ColumnType::Ratio => Cell::Ratio(raw.parse()?),
        ColumnType::Number => Cell::Number(raw.parse()?),
        ColumnType::Boolean => Cell::Boolean(raw.parse()?),
    })
}

/// An instant as replies write it: `2026-03-10T12:00:00Z`, with a fraction where there is one.
fn instant(text: &str) -> Option<Timestamp> {
    let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mut seconds = 0;
    for part in clock.split(':') {
        seconds = seconds * 60 + part.parse::<i64>().ok().filter(|_| digits(part))?;
    }
    if !digits(fraction) || fraction.len() > 6 || clock.len() != 8 {
        return None;
    }
    let micros = format!("{fraction:0<6}").parse::<i64>().ok()?;
    let start = Timestamp::start_of(day.parse().ok()?);
    Some(Timestamp(start.0 + seconds * 1_000_000 + micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_as_they_are_written() {
        for micros in [
            0,
            1,
            1_772_150_400_000_000,
            1_772_150_399_999_999,
            1_500_000,
        ] {
            let written = Timestamp(micros).to_string();
            assert_eq!(instant(&written), Some(Timestamp(micros)), "{written}");
        }
        for bad in [
            "2026-03-10",
            "2026-03-10T12:00Z",
            "2026-03-10T+1:00:00Z",
            "T12:00:00Z",
        ] {
            assert_eq!(instant(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_cell_that_its_column_cannot_hold_is_an_error() {
        assert!(cell(ColumnType::Integer, "1.5").is_err());
        assert!(cell(ColumnType::Date, "\"today\"").is_err());
        assert_eq!(
            cell(ColumnType::Ratio, "0.1").unwrap(),
            Cell::Ratio(0.1),
            "rounded once"
        );
    }
}
