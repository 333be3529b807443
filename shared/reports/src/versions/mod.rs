//! `versions`: which versions are in use.

mod page;

pub(crate) use page::page;

use crate::description::ColumnType::{Integer, Ratio};
use crate::description::{
    AFTER, DAY, ENVIRONMENT, FROM, LIMIT, Parameter, ReportDescription, TO, VERSION, VERSION_GROUP,
    figure,
};

pub(crate) const GROUPINGS: &[&[&str]] = &[&["day", "version"], &["version"]];

pub(crate) const DESCRIPTION: ReportDescription = ReportDescription {
    name: "versions",
    title: "Versions",
    question: "Which versions are in use, and how fast does a new one spread?",
    definition: "A version is what the session states, letter by letter. Shares compare with all \
        versions of the same day, or of the whole range when rows are not by day, withheld ones \
        included. Users are distinct persons: pseudonymous users, else installations; who ran \
        two versions counts for both, so that shares of users may add up to more than 1. Its \
        figures are those of release-health.",
    formulas: &[
        "session_share = sessions / sessions of all versions",
        "user_share = users / users of all versions",
    ],
    source: "Sentry, Release Health: adoption of a release by sessions and by users.",
    table: Some("release_health"),
    guarded: true,
    columns: &[
        DAY,
        VERSION_GROUP,
        figure("sessions", Integer, "sessions", "Sessions of it."),
        figure("users", Integer, "persons", "Distinct persons who ran it."),
        figure(
            "session_share",
            Ratio,
            "1",
            "Share among the sessions of all versions.",
        ),
        figure(
            "user_share",
            Ratio,
            "1",
            "Share of the users of any version who ran it.",
        ),
    ],
    parameters: &[
        FROM,
        TO,
        Parameter {
            name: "by",
            allowed: "day,version; version",
            default: "day,version",
            meaning: "The columns to group by.",
        },
        ENVIRONMENT,
        VERSION,
        LIMIT,
        AFTER,
    ],
};
