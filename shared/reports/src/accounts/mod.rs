//! `accounts`: which customers are active, growing, drifting away.

mod compute;
mod page;
mod state;

pub(crate) use compute::compute_day;
pub(crate) use page::page;

use crate::description::ColumnType::{Date, Integer, Number, Text};
use crate::description::{
    ACCOUNT, ACCOUNT_GROUP, AFTER, ENVIRONMENT, FROM_WEEKS, LIMIT, ReportDescription, TO, derived,
};

/// Days of which an account's activity is judged.
pub(crate) const ACTIVE: i32 = 28;

pub(crate) const GROUPINGS: &[&[&str]] = &[&["account"]];

pub(crate) const DESCRIPTION: ReportDescription = ReportDescription {
    name: "accounts",
    title: "Accounts",
    question: "Which accounts are active, which grow, which fall silent?",
    definition: "An account is what sessions name as the customer's, as a pseudonym unless the \
        product says that accounts stay readable; sessions that name none are left out. Figures \
        are of the 28 days that end with the range, in four weeks of 7 days. Accounts are listed \
        that have a session in the range, or in the 56 days that end with it. Users are distinct \
        persons, never sums: pseudonymous users, else installations. The state is the first of \
        these that holds: silent, no session in the 28 days; growing, at least 2 users and at \
        least a tenth more than in the 28 days before; declining, at least 2 users and at least \
        a tenth fewer; steady, anything else. Seats under contract are not \
        known to Logbook so far, so that no account is at-limit. Account totals are contract \
        data: they are shown however few the persons.",
    formulas: &[
        "active_users = |persons of the 28 days|",
        "v = active_users, o = previous_users, trend = (v - o) / o",
        "silent: sessions = 0",
        "growing: v - o ≥ 2 and 10 (v - o) ≥ o",
        "declining: o - v ≥ 2 and 10 (o - v) ≥ o",
        "steady: else",
    ],
    source: "Own definition; weekly active users of an account as in customer health scores.",
    table: Some("account_days"),
    guarded: false,
    columns: &[
        ACCOUNT_GROUP,
        derived("state", Text, "-", "silent, growing, declining or steady."),
        derived(
            "active_users",
            Integer,
            "persons",
            "Distinct persons of the 28 days that end with the range.",
        ),
        derived(
            "previous_users",
            Integer,
            "persons",
            "Distinct persons of the 28 days before them.",
        ),
        derived(
            "week_1",
            Integer,
            "persons",
            "Distinct persons of the first 7 of the 28 days.",
        ),
        derived(
            "week_2",
            Integer,
            "persons",
            "Distinct persons of the second 7 days.",
        ),
        derived(
            "week_3",
            Integer,
            "persons",
            "Distinct persons of the third 7 days.",
        ),
        derived(
            "week_4",
            Integer,
            "persons",
            "Distinct persons of the last 7 days.",
        ),
        derived(
            "trend",
            Number,
            "1",
            "By which share there are more users than in the 28 days before; null where there \
             were none.",
        ),
        derived("sessions", Integer, "sessions", "Sessions of the 28 days."),
        derived(
            "features",
            Integer,
            "features",
            "Features used in the 28 days.",
        ),
        derived(
            "last_day",
            Date,
            "-",
            "The last UTC day with a session, up to the end of the range.",
        ),
    ],
    parameters: &[FROM_WEEKS, TO, ENVIRONMENT, ACCOUNT, LIMIT, AFTER],
};
