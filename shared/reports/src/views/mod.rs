//! The views that BI tools read: a view a report table, described by the texts of the catalogue.
//!
//! What they show is in the migrations (`0010_views.sql`); what their columns mean is here, and is
//! written into the analytics schema itself, as the view `bi_columns`.

mod describe;
mod texts;

pub(crate) use texts::keep;

use crate::catalogue::Report;
use crate::description::{Column, ColumnType};

/// A view of the analytics schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its name.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What a row of it is.
    pub row: &'static str,
    /// The report that shows the same.
    pub report: Option<Report>,
    /// Its columns, in order.
    pub columns: Vec<Column>,
}

/// Every view, in the order of the catalogue.
pub fn views() -> Vec<View> {
    let mut views = describe::of_reports();
    views.extend(describe::others());
    views
}

/// The view that shows what a report does, at its finest grouping.
pub fn view_of(report: Report) -> Option<&'static str> {
    match report {
        // Its figures are those of release-health.
        Report::Versions => Some("bi_release_health"),
        // By day: the figures of 28 days are in no table.
        Report::Accounts => Some("bi_account_days"),
        _ => {
            let mut views = describe::of_reports().into_iter();
            let found = views.find(|view| view.report == Some(report))?;
            Some(found.name)
        }
    }
}

/// Whether what a column counts may be added up over days. Persons may not: who comes on two days
/// is one person. New persons may: each is new once.
pub fn adds_up(column: &Column) -> bool {
    let once = matches!(column.name, "new_users" | "repeat_7" | "repeat_28");
    let counts = matches!(column.unit, "uses" | "sessions" | "events");
    !column.groups && column.kind == ColumnType::Integer && (counts || once)
}

/// The statements that let a user of a server read the views of a schema, and nothing else there.
/// Both are names that need no quoting.
pub fn grants(schema: &str, user: &str) -> String {
    let grant = |view: &View| format!("GRANT SELECT ON `{schema}`.`{}` TO '{user}'@'%'", view.name);
    let grants: Vec<String> = views().iter().map(grant).collect();
    grants.join("; ")
}
