//! `feature-paths`: which feature comes after which.

mod compute;
mod page;

pub(crate) use compute::compute_day;
pub(crate) use page::page;

use crate::description::ColumnType::{Integer, Ratio, Text};
use crate::description::{
    AFTER, DAY, ENVIRONMENT, FROM, LIMIT, Parameter, ReportDescription, TO, derived, figure, group,
};

/// Where a path begins.
pub(crate) const START: &str = "(start)";
/// Where it ends.
pub(crate) const END: &str = "(end)";

pub(crate) const GROUPINGS: &[&[&str]] = &[
    &["from_feature", "to_feature"],
    &["day", "from_feature", "to_feature"],
];

pub(crate) const DESCRIPTION: ReportDescription = ReportDescription {
    name: "feature-paths",
    title: "Feature paths",
    question: "Which feature do people come to after which?",
    definition: "The path of a session is its features in the order of their first uses, each \
        once, from (start) to (end): A → B says that B is the first feature that was new to the \
        session after A was. What is used again later makes no step. The order is that of the \
        events in a log, not of their clocks, and of a session's logs that of their first events. \
        Sessions without features have no path. Users are distinct persons: pseudonymous users, \
        else installations.",
    formulas: &[
        "sessions(A → B) = |{s : B follows A in the path of s}|",
        "share(A → B) = sessions(A → B) / sessions with A, of the same day where rows are by day; \
            else of the days that count for A → B, and of those without A → B on which min_users persons had A",
    ],
    source: "First-order transitions of a path, as in the path exploration of Google Analytics, \
        over first uses.",
    table: Some("feature_paths"),
    guarded: true,
    columns: &[
        DAY,
        group(
            "from_feature",
            Text,
            "-",
            "The feature before; (start) at the begin of a session.",
        ),
        group(
            "to_feature",
            Text,
            "-",
            "The feature after; (end) where no other followed.",
        ),
        figure(
            "sessions",
            Integer,
            "sessions",
            "Sessions in which the one follows the other.",
        ),
        figure(
            "users",
            Integer,
            "persons",
            "Distinct persons of these sessions.",
        ),
        derived(
            "share",
            Ratio,
            "1",
            "Share of the sessions with the feature before.",
        ),
    ],
    parameters: &[
        FROM,
        TO,
        Parameter {
            name: "by",
            allowed: "from_feature,to_feature; day,from_feature,to_feature",
            default: "from_feature,to_feature",
            meaning: "The columns to group by.",
        },
        ENVIRONMENT,
        LIMIT,
        AFTER,
    ],
};
