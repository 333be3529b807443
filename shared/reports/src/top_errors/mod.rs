//! `top-errors`: what fails, how often, for how many, and since when.

mod compute;
mod page;
mod seen;

pub(crate) use compute::compute_day;
pub(crate) use page::page;
pub(crate) use seen::Touched;

use crate::description::ColumnType::{Date, Integer, Text};
use crate::description::{
    AFTER, DAY, ENVIRONMENT, FROM, LIMIT, Parameter, ReportDescription, TO, VERSION, VERSION_GROUP,
    derived, figure, group,
};

pub(crate) const GROUPINGS: &[&[&str]] = &[
    &["error"],
    &["day", "error"],
    &["version", "error"],
    &["day", "version", "error"],
];

pub(crate) const DESCRIPTION: ReportDescription = ReportDescription {
    name: "top-errors",
    title: "Errors",
    question: "What fails, how often, for how many, in which versions and since when?",
    definition: "The fingerprint of an error is the name of its event, as the profile makes it, \
        such as a message's category or an exception's class: errors of one name are one error. \
        Which events are errors, the profile says too. A session belongs to the UTC day of its \
        first event, with all its errors. Users are distinct persons, never sums: pseudonymous \
        users, else installations. First and last say when and where the error is known at all \
        in the environment, whatever range and versions are asked for; a day is that of the \
        session. Of several versions on the first day, the first by Semantic Versioning is \
        named (read as in release-delta; what is no version comes before all that are, by its \
        text), and of those on the last day the last. They move when sessions come late or are \
        erased. Rows come in the order of their groups.",
    formulas: &[
        "events = Σ events of the name that are errors",
        "sessions = |{s : s has at least one of them}|",
        "users = |{person of s : s in these sessions}|",
        "first_day = min {day of s : s has the error, in any version}",
    ],
    source: "Sentry, issue grouping: one issue a fingerprint, with its first and last release. \
        Order of versions: Semantic Versioning 2.0.0, §11.",
    table: Some("top_errors"),
    guarded: true,
    columns: &[
        DAY,
        VERSION_GROUP,
        group("error", Text, "-", "The error: the name of its events."),
        figure("events", Integer, "events", "Events of it."),
        figure(
            "sessions",
            Integer,
            "sessions",
            "Sessions in which it occurred at least once.",
        ),
        figure("users", Integer, "persons", "Distinct persons who met it."),
        derived(
            "first_day",
            Date,
            "-",
            "The first UTC day on which it is known, in any version.",
        ),
        derived(
            "first_version",
            Text,
            "-",
            "The version on that day; of several, the first.",
        ),
        derived(
            "last_day",
            Date,
            "-",
            "The last UTC day on which it is known, in any version.",
        ),
        derived(
            "last_version",
            Text,
            "-",
            "The version on that day; of several, the last.",
        ),
    ],
    parameters: &[
        FROM,
        TO,
        Parameter {
            name: "by",
            allowed: "error; day,error; version,error; day,version,error",
            default: "error",
            meaning: "The columns to group by.",
        },
        ENVIRONMENT,
        VERSION,
        Parameter {
            name: "error",
            allowed: "an error's name",
            default: "all errors",
            meaning: "Only this error.",
        },
        LIMIT,
        AFTER,
    ],
};
