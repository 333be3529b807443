//! `accounts`: which customers are active, growing, drifting away.

mod compute;
mod contracts;
mod page;
mod state;

pub(crate) use compute::compute_day;
pub use contracts::{contracts_version, store_contracts};
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
        are of the 28 days that end with the range, or with the last day that was analyzed if that \
        is earlier, in four weeks of 7 days. Accounts are listed \
        that have a session in the range, or in the 56 days that end with it; those under \
        contract always, unless only sessions outside production are asked for. Users are distinct \
        persons, never sums: pseudonymous users, else installations. The state is the first of \
        these that holds: silent, no session in the 28 days; at-limit, as many users as seats, or \
        more; growing, at least 2 users and at least a tenth more than in the 28 days before; \
        declining, at least 2 users and at least a tenth fewer; steady, anything else. Name, \
        seats, modules, owner and renewal are what the vendor says of the contract (`PUT \
        /v1/accounts/{id}`, `logbook account`), and null or 0 where it says nothing. A licensed \
        module is used where one of its features is: `export` covers the features `export` and \
        those that go on after `/`, `.` or `:`, as `export/pdf` does. Account totals are contract \
        data: they are shown however few the persons.",
    formulas: &[
        "active_users = |persons of the 28 days|",
        "v = active_users, o = previous_users, trend = (v - o) / o",
        "silent: sessions = 0",
        "at-limit: v ≥ seats",
        "growing: v - o ≥ 2 and 10 (v - o) ≥ o",
        "declining: o - v ≥ 2 and 10 (o - v) ≥ o",
        "steady: else",
    ],
    source: "Own definition; weekly active users of an account as in customer health scores.",
    table: Some("account_days"),
    guarded: false,
    columns: &[
        ACCOUNT_GROUP,
        derived(
            "state",
            Text,
            "-",
            "silent, at-limit, growing, declining or steady.",
        ),
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
            "The last UTC day with a session, up to the end of the range; null where it lies before \
             all that is looked at.",
        ),
        derived("name", Text, "-", "What the vendor calls the customer."),
        derived(
            "seats",
            Integer,
            "persons",
            "Persons that the licence covers.",
        ),
        derived(
            "seat_use",
            Number,
            "1",
            "active_users / seats; null without seats.",
        ),
        derived("modules", Integer, "modules", "Licensed modules."),
        derived(
            "modules_used",
            Integer,
            "modules",
            "Licensed modules of which a feature was used in the 28 days.",
        ),
        derived("owner", Text, "-", "Who looks after the account."),
        derived(
            "renews_on",
            Date,
            "-",
            "The day on which the licence ends unless it is renewed.",
        ),
    ],
    parameters: &[FROM_WEEKS, TO, ENVIRONMENT, ACCOUNT, LIMIT, AFTER],
};
