//! The week in a few lines, out of the reports.

use std::collections::BTreeMap;

use logbook_backends::{Boxed, Database};
use logbook_model::{Day, Notice, ProductId, Section, Timestamp};

use crate::analyze::Settings;
use crate::catalogue::Report;
use crate::pages::{Named, Whole};
use crate::request::ReportRequest;
use crate::words::{account, error, many, people, percent};
use crate::{Result, finished_as_of};

const WEEK: i32 = 7;
/// Lines of a section at most.
const MAX_LINES: usize = 5;
/// A licence that ends within so many days is looked at.
const SOON: i32 = 60;

/// What a week was like, for R&D and for sales: its seven days end with `to`, or else with the last
/// day that was analyzed whole; not with one that is yet to be analyzed.
pub fn digest<'a>(
    analytics: &'a Database,
    product: &'a ProductId,
    settings: &'a Settings,
    to: Option<Day>,
) -> Boxed<'a, Result<Notice>> {
    Box::pin(async move {
        let analyzed = finished_as_of(analytics, product).await?;
        let analyzed = analyzed.map(Timestamp::day);
        let to = match (to, analyzed) {
            (Some(to), Some(analyzed)) => Some(to.min(analyzed)),
            (to, analyzed) => to.or_else(|| analyzed.map(|day| day.plus(-1))),
        };
        let title = |week: &str| format!("{product}: {week}");
        let Some(to) = to else {
            return Ok(Notice {
                title: title("nothing was analyzed yet"),
                sections: Vec::new(),
            });
        };
        let asked = Asked {
            analytics,
            product,
            settings,
            to,
        };
        Ok(Notice {
            title: title(&format!("the week to {to}")),
            sections: vec![
                section("Use", asked.usage().await?),
                section("Releases", asked.releases().await?),
                section("Errors", asked.errors().await?),
                section("Accounts", asked.accounts().await?),
                section("Logs", asked.logs().await?),
            ],
        })
    })
}

fn section(heading: &str, mut lines: Vec<String>) -> Section {
    if lines.is_empty() {
        lines.push("none".to_owned());
    }
    Section {
        heading: heading.to_owned(),
        lines,
    }
}

/// Whose week.
struct Asked<'a> {
    analytics: &'a Database,
    product: &'a ProductId,
    settings: &'a Settings,
    to: Day,
}

impl Asked<'_> {
    async fn read(&self, report: Report, by: &[&'static str], days: i32) -> Result<Whole> {
        let request = ReportRequest {
            from: Some(self.to.plus(1 - days)),
            to: Some(self.to),
            by: by.to_vec(),
            min_users: self.settings.min_users,
            ..ReportRequest::new(report, self.product.clone())
        };
        Whole::read(self.analytics, &request).await
    }

    async fn usage(&self) -> Result<Vec<String>> {
        let days = self.read(Report::ActiveUsers, &[], 2 * WEEK).await?;
        let of = |day: Day, column: &str| {
            let row = days.iter().find(|row| row.day("day") == Some(day));
            row.and_then(|row| row.count(column))
        };
        let before = self.to.plus(-WEEK);
        let mut lines = Vec::new();
        for (column, what) in [("wau", "in the week"), ("mau", "in 28 days")] {
            if let Some(now) = of(self.to, column) {
                let then = of(before, column);
                let then = then.map_or("unknown".to_owned(), |then| then.to_string());
                lines.push(format!("{} {what}; a week before {then}", people(now)));
            }
        }
        let week = |from: Day| -> u64 {
            let days = (0..WEEK).map(|nth| of(from.plus(-nth), "sessions").unwrap_or_default());
            days.sum()
        };
        let (now, then) = (week(self.to), week(before));
        if now > 0 || then > 0 {
            let sessions = many(now, "session", "sessions");
            let left_out = if days.withheld > 0 {
                " (without the days of too few people)"
            } else {
                ""
            };
            lines.push(format!("{sessions}; in the week before {then}{left_out}"));
        }
        Ok(lines)
    }

    async fn releases(&self) -> Result<Vec<String>> {
        let releases = self.read(Report::ReleaseHealth, &["version"], WEEK).await?;
        let line = |row: Named<'_>| {
            let rate = |column: &str| row.number(column).map_or("?".to_owned(), percent);
            format!(
                "{}: {}, {}, {} of sessions free of crashes, {} free of errors",
                row.text("version"),
                many(
                    row.count("sessions").unwrap_or_default(),
                    "session",
                    "sessions"
                ),
                people(row.count("users").unwrap_or_default()),
                rate("crash_free_session_rate"),
                rate("error_free_session_rate"),
            )
        };
        Ok(most(&releases, "sessions", line))
    }

    async fn errors(&self) -> Result<Vec<String>> {
        let errors = self.read(Report::TopErrors, &["error"], WEEK).await?;
        Ok(most(&errors, "users", error))
    }

    async fn accounts(&self) -> Result<Vec<String>> {
        let accounts = self.read(Report::Accounts, &[], WEEK).await?;
        let mut states: BTreeMap<&str, u64> = BTreeMap::new();
        for row in accounts.iter() {
            *states.entry(row.text("state")).or_default() += 1;
        }
        if states.is_empty() {
            return Ok(Vec::new());
        }
        let states = states
            .iter()
            .map(|(state, count)| format!("{count} {state}"));
        let mut lines = vec![states.collect::<Vec<_>>().join(", ")];
        // Who may leave, and who may want more.
        let ends_soon = |row: Named<'_>| {
            let renews_on = row.day("renews_on");
            renews_on.is_some_and(|day| (self.to..=self.to.plus(SOON)).contains(&day))
        };
        let called = accounts.iter().filter(|row| match row.text("state") {
            "declining" | "silent" => row.day("renews_on").is_none() || ends_soon(*row),
            "at-limit" => true,
            _ => false,
        });
        let mut called: Vec<Named<'_>> = called.collect();
        called.sort_by_key(|row| (row.day("renews_on").is_none(), row.day("renews_on")));
        lines.extend(called.into_iter().take(2 * MAX_LINES).map(account));
        Ok(lines)
    }

    async fn logs(&self) -> Result<Vec<String>> {
        let ledger = self.read(Report::Ledger, &["day"], WEEK).await?;
        let sum = |column: &str| -> u64 {
            let days = ledger.iter().filter_map(|row| row.count(column));
            days.sum()
        };
        let received = sum("received");
        if received == 0 {
            return Ok(Vec::new());
        }
        let states = [
            "parsed",
            "duplicate",
            "rejected",
            "erased",
            "pending",
            "lost",
        ];
        let states = states
            .iter()
            .map(|state| (state, sum(state)))
            .filter(|(_, count)| *count > 0)
            .map(|(state, count)| format!("{count} {state}"));
        let states = states.collect::<Vec<_>>().join(", ");
        Ok(vec![format!("{received} received: {states}")])
    }
}

/// The rows with the most of something, each as a line.
fn most(whole: &Whole, column: &str, line: impl Fn(Named<'_>) -> String) -> Vec<String> {
    let mut rows: Vec<Named<'_>> = whole.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count(column)));
    rows.into_iter().take(MAX_LINES).map(line).collect()
}
