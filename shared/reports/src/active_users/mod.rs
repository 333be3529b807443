//! `active-users`: how many persons are active, in a day, a week, four weeks.

mod compute;
mod first;
mod page;
mod totals;
mod windows;

pub(crate) use compute::{Changes, PersonDays};
pub(crate) use first::{FirstDays, days_of};
pub(crate) use page::page;
pub(crate) use totals::{Totals, totals};

use crate::description::ColumnType::{Date, Integer, Ratio};
use crate::description::{AFTER, ENVIRONMENT, FROM, LIMIT, ReportDescription, TO, figure, group};

/// Days of the longer window, whose figures hang on a day.
pub(crate) const MONTH: i32 = 28;
/// Days of the shorter window.
pub(crate) const WEEK: i32 = 7;

pub(crate) const GROUPINGS: &[&[&str]] = &[&["day"]];

pub(crate) const DESCRIPTION: ReportDescription = ReportDescription {
    name: "active-users",
    title: "Active users",
    question: "How many use the software, how often do they come back, how many are new?",
    definition: "A person is active on a day if one of the person's sessions belongs to it: a \
        distinct pseudonymous user, else installation; sessions that name neither count as \
        sessions and as nobody. DAU are the persons of the day, WAU those of the 7 days and \
        MAU those of the 28 days that end with it (four whole weeks, so that each holds as \
        many weekends). A person is new on the first day on which any session of theirs is \
        known in the same environment; that day moves when an earlier one comes to light. Days \
        without a session, and without anyone in their 28 days, have no row, nor have days after \
        the last analysis. \
        Each of the three windows is a group of its own to the small-group guard: where it \
        holds fewer persons than the product's min_users, its figures are null (the day's: \
        dau, sessions, unidentified_sessions, new_users; stickiness needs both), and it counts as \
        withheld, one of nobody too; but a day without any session is shown as 0 and does not \
        count. A row is left out in which no window that holds a session is shown.",
    formulas: &[
        "dau(d) = |persons of d|",
        "wau(d) = |persons of d-6 … d|",
        "mau(d) = |persons of d-27 … d|",
        "stickiness(d) = dau(d) / mau(d)",
        "new_users(d) = |{p : first day of p = d}|",
    ],
    source: "Rolling windows of distinct users, with 28 days for the month, as Mozilla's and \
        Google Analytics' active-user metrics.",
    table: Some("active_users"),
    guarded: true,
    columns: &[
        group("day", Date, "-", "The UTC day, with which the windows end."),
        figure("dau", Integer, "persons", "Distinct persons of the day."),
        figure(
            "wau",
            Integer,
            "persons",
            "Distinct persons of the 7 days that end with the day.",
        ),
        figure(
            "mau",
            Integer,
            "persons",
            "Distinct persons of the 28 days that end with the day.",
        ),
        figure(
            "stickiness",
            Ratio,
            "1",
            "Share of the 28 days' persons who came on the day.",
        ),
        figure(
            "sessions",
            Integer,
            "sessions",
            "Sessions that belong to the day.",
        ),
        figure(
            "unidentified_sessions",
            Integer,
            "sessions",
            "Sessions that name neither user nor installation.",
        ),
        figure(
            "new_users",
            Integer,
            "persons",
            "Persons whose first day it is.",
        ),
    ],
    parameters: &[FROM, TO, ENVIRONMENT, LIMIT, AFTER],
};
