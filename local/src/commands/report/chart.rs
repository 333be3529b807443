//! A page of a report as a small chart: series by day, rankings, differences with their intervals,
//! cohorts. Like the table it is drawn from the JSON that the query API gives.

mod draw;

use std::collections::BTreeMap;

use logbook_model::Day;
use serde_json::Value;

use super::table::items;
use draw::{Interval, bar, interval, line, put_label, short};

/// Lines of a chart at most.
const LINES: usize = 12;
/// Figures that a chart is drawn of, where a report has several: the first that it has.
const MAIN: [&str; 6] = [
    "uses",
    "events",
    "active_users",
    "users",
    "sessions",
    "parsed",
];
const LABEL: usize = 32;

/// A chart no wider than a terminal; none where there is nothing to compare.
pub(super) fn of_page(page: &Value, width: usize) -> Option<String> {
    let page = Page::new(page)?;
    let width = width.max(40);
    match (page.report, page.by.as_slice()) {
        ("retention", _) => cohorts(&page, width),
        ("release-delta", _) => differences(&page, width),
        (_, ["day"]) => figures_by_day(&page, width),
        (_, ["day", ..]) => groups_by_day(&page, width),
        _ => ranking(&page, width),
    }
}

/// What of a page is looked at.
struct Page<'a> {
    report: &'a str,
    by: Vec<&'a str>,
    /// Numbers that are no groups, in order.
    figures: Vec<&'a str>,
    rows: Vec<&'a Value>,
}

impl<'a> Page<'a> {
    fn new(page: &'a Value) -> Option<Self> {
        let by: Vec<&str> = items(&page["by"]).filter_map(Value::as_str).collect();
        let figure = |column: &'a Value| {
            let name = column["name"].as_str()?;
            let is_number = matches!(
                column["type"].as_str(),
                Some("integer" | "ratio" | "number")
            );
            (is_number && !by.contains(&name)).then_some(name)
        };
        let page = Self {
            report: page["report"].as_str()?,
            figures: items(&page["columns"]).filter_map(figure).collect(),
            rows: items(&page["rows"]).collect(),
            by,
        };
        (page.rows.len() > 1).then_some(page)
    }

    /// The figure that a chart of one figure is of.
    fn main(&self) -> Option<&'a str> {
        let main = MAIN.into_iter().find(|name| self.figures.contains(name));
        main.or_else(|| self.figures.first().copied())
    }

    /// The groups of a row, without the day.
    fn label(&self, row: &Value) -> String {
        let names = self.by.iter().filter(|name| **name != "day");
        let cells = names.map(|name| match &row[*name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        short(&cells.collect::<Vec<_>>().join(" · "), LABEL)
    }
}

fn day(row: &Value, name: &str) -> Option<Day> {
    row[name].as_str()?.parse().ok()
}

/// Values of days; `None` where there is none.
type Series = Vec<Option<f64>>;

/// The values of rows from the first day to the last.
fn series(rows: &[(Day, f64)], (first, last): (Day, Day)) -> Series {
    let known: BTreeMap<Day, f64> = rows.iter().copied().collect();
    let days = (0..=last.0 - first.0).map(|nth| known.get(&first.plus(nth)).copied());
    days.collect()
}

fn span(page: &Page<'_>) -> Option<(Day, Day)> {
    let days = page.rows.iter().filter_map(|row| day(row, "day"));
    let (first, last) = (days.clone().min()?, days.max()?);
    (first < last).then_some((first, last))
}

/// A line for each of the first figures.
fn figures_by_day(page: &Page<'_>, width: usize) -> Option<String> {
    let span = span(page)?;
    let labelled = page.figures.iter().take(4).map(|name| {
        let known = page.rows.iter();
        let known = known.filter_map(|row| Some((day(row, "day")?, row[*name].as_f64()?)));
        ((*name).to_owned(), known.collect())
    });
    lines(labelled.collect(), span, "", width)
}

/// A line for each of the greatest groups.
fn groups_by_day(page: &Page<'_>, width: usize) -> Option<String> {
    let (span, main) = (span(page)?, page.main()?);
    let mut groups: BTreeMap<String, Vec<(Day, f64)>> = BTreeMap::new();
    for row in &page.rows {
        if let (Some(day), Some(value)) = (day(row, "day"), row[main].as_f64()) {
            groups
                .entry(page.label(row))
                .or_default()
                .push((day, value));
        }
    }
    let total = |rows: &Vec<(Day, f64)>| rows.iter().map(|(_, value)| value).sum::<f64>();
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by(|a, b| total(&b.1).total_cmp(&total(&a.1)));
    groups.truncate(LINES);
    lines(groups, span, main, width)
}

fn lines(
    groups: Vec<(String, Vec<(Day, f64)>)>,
    span: (Day, Day),
    of: &str,
    width: usize,
) -> Option<String> {
    let label = groups
        .iter()
        .map(|(label, _)| label.chars().count())
        .max()?;
    let room = width.saturating_sub(label + 2 + 2 + 10).max(10);
    let head = [of, &span.0.to_string(), "..", &span.1.to_string()].join(" ");
    let mut chart = format!("{}\n", head.trim_start());
    for (name, known) in groups {
        put_label(&mut chart, &name, label);
        let (drawn, peak) = line(&series(&known, span), room);
        chart.push_str(&format!("{drawn}  ≤ {}\n", number(peak)));
    }
    Some(chart)
}

/// A bar for each of the greatest groups.
fn ranking(page: &Page<'_>, width: usize) -> Option<String> {
    let main = page.main()?;
    let rows = page.rows.iter();
    let rows = rows.filter_map(|row| Some((page.label(row), row[main].as_f64()?)));
    let mut rows: Vec<(String, f64)> = rows.collect();
    rows.sort_by(|a, b| b.1.total_cmp(&a.1));
    rows.truncate(LINES);
    let most = rows.first()?.1;
    let label = rows.iter().map(|(label, _)| label.chars().count()).max()?;
    let room = width.saturating_sub(label + 2 + 2 + 10).max(10);
    let mut chart = format!("{main}\n");
    for (name, value) in rows {
        put_label(&mut chart, &name, label);
        chart.push_str(&format!("{}  {}\n", bar(value, most, room), number(value)));
    }
    (most > 0.0).then_some(chart)
}

/// A difference with its interval, measure by measure, round a line that stands for none.
fn differences(page: &Page<'_>, width: usize) -> Option<String> {
    let mut measures: BTreeMap<&str, Vec<(String, Interval)>> = BTreeMap::new();
    for row in &page.rows {
        let text = |name: &str| row[name].as_str().unwrap_or_default();
        let value = |name: &str| row[name].as_f64();
        let found = (
            value("difference_low"),
            value("difference"),
            value("difference_high"),
        );
        if let (Some(low), Some(value), Some(high)) = found {
            let is_plain = row["differs"].as_bool().unwrap_or_default();
            let label = short(&format!("{} · {}", text("version"), text("feature")), LABEL);
            let found = Interval {
                low,
                value,
                high,
                is_plain,
            };
            measures
                .entry(text("measure"))
                .or_default()
                .push((label, found));
        }
    }
    let labels = measures.values().flatten();
    let label = labels.map(|(label, _)| label.chars().count()).max()?;
    let room = width.saturating_sub(label + 2).max(11);
    let mut chart = String::new();
    for (measure, mut rows) in measures {
        // Those that are more than chance first.
        rows.sort_by_key(|(_, interval)| !interval.is_plain);
        rows.truncate(LINES);
        let ends = rows
            .iter()
            .flat_map(|(_, one)| [one.low.abs(), one.high.abs()]);
        let reach = ends.fold(0.0, f64::max);
        chart.push_str(&format!("{measure}, -{0} .. {0}\n", number(reach)));
        for (name, one) in rows {
            put_label(&mut chart, &name, label);
            chart.push_str(&format!("{}\n", interval(&one, reach, room)));
        }
    }
    chart.push_str("● differs by more than chance  ○ may be chance\n");
    Some(chart)
}

/// A line for each cohort, a cell for each week: the more came back, the darker.
fn cohorts(page: &Page<'_>, width: usize) -> Option<String> {
    const SHADES: [char; 5] = ['·', '░', '▒', '▓', '█'];
    let mut cohorts: BTreeMap<Day, Vec<f64>> = BTreeMap::new();
    for row in &page.rows {
        if let (Some(cohort), Some(share)) = (day(row, "cohort"), row["retention"].as_f64()) {
            cohorts.entry(cohort).or_default().push(share);
        }
    }
    let weeks = cohorts.values().map(Vec::len).max()?;
    let room = width.saturating_sub(12);
    let wide = (room / weeks.max(1)).clamp(1, 3);
    let mut chart = String::from("cohort      week 0, 1, 2 …\n");
    for (cohort, shares) in cohorts.iter().rev().take(2 * LINES).rev() {
        chart.push_str(&format!("{cohort}  "));
        for share in shares.iter().take(room / wide) {
            let shade = SHADES[((share * 5.0) as usize).min(4)];
            chart.extend(std::iter::repeat_n(shade, wide));
        }
        chart.push('\n');
    }
    chart.push_str("· under 20 %  ░ under 40 %  ▒ under 60 %  ▓ under 80 %  █ more\n");
    (weeks > 1).then_some(chart)
}

/// A number in few characters.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 10_000_000.0 => format!("{:.0}M", value / 1e6),
        size if size >= 10_000.0 => format!("{:.0}k", value / 1e3),
        size if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests;
