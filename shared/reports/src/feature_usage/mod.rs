//! `feature-usage`: which features are used, by how many, how often they fail, how long they
//! take.

mod compute;
mod page;

pub(crate) use compute::{compute_day, compute_sums};
pub(crate) use page::page;

use crate::description::ColumnType::{Integer, Text};
use crate::description::{
    AFTER, DAY, ENVIRONMENT, FROM, LIMIT, Parameter, ReportDescription, TO, VERSION, VERSION_GROUP,
    figure, group,
};

pub(crate) const GROUPINGS: &[&[&str]] = &[
    &["day", "version", "feature"],
    &["day"],
    &["version"],
    &["feature"],
    &["day", "version"],
    &["day", "feature"],
    &["version", "feature"],
];

pub(crate) const DESCRIPTION: ReportDescription = ReportDescription {
    name: "feature-usage",
    title: "Feature usage",
    question: "Which features are used, by how many, how often do they fail, how long do they take?",
    definition: "A feature is a name of events in a session, as the profile makes it. A session \
        belongs to the UTC day of its first event, with all its uses. A user is a distinct \
        pseudonymous user; where a session names none, its installation stands for the user; \
        where it names neither, the session counts as a session and as nobody. Users over a \
        range, or over several versions or features, are distinct persons, never sums. \
        Percentiles are of all uses with a duration, weighted by their counts, each within 1 % \
        of the nearest-rank value; over a range they come from the merged distributions, never \
        from other percentiles. \
        Where rows are not by feature, their sessions are all sessions of the group, those \
        included of which the consent lets no event be stored, and over a range those of days on \
        which min_users persons were there though no feature was used.",
    formulas: &[
        "users = |{person of s : s in sessions with the feature}|",
        "sessions = |{s : s has at least one event of the feature}|",
        "p95 = the duration at or below which 95 % of timed uses lie (rank ⌈0.95 n⌉)",
    ],
    source: "Masson, Rim, Lee: DDSketch: A Fast and Fully-Mergeable Quantile Sketch with \
        Relative-Error Guarantees, VLDB 2019.",
    table: Some("feature_usage"),
    guarded: true,
    columns: &[
        DAY,
        VERSION_GROUP,
        group(
            "feature",
            Text,
            "-",
            "Name of the feature; (other) for names beyond the bound on names.",
        ),
        figure(
            "uses",
            Integer,
            "uses",
            "How often it was used: the sum of the events' counts.",
        ),
        figure(
            "sessions",
            Integer,
            "sessions",
            "Sessions in which it was used at least once.",
        ),
        figure("users", Integer, "persons", "Distinct persons who used it."),
        figure("errors", Integer, "events", "Events of it that are errors."),
        figure(
            "timed_uses",
            Integer,
            "uses",
            "Uses whose duration is known.",
        ),
        figure(
            "p50_us",
            Integer,
            "µs",
            "Median duration of the timed uses, within 1 %.",
        ),
        figure(
            "p95_us",
            Integer,
            "µs",
            "95th percentile of their durations, within 1 %.",
        ),
        figure(
            "p99_us",
            Integer,
            "µs",
            "99th percentile of their durations, within 1 %.",
        ),
    ],
    parameters: &[
        FROM,
        TO,
        Parameter {
            name: "by",
            allowed: "day,version,feature or any of them: day; version; feature; day,version; \
                day,feature; version,feature",
            default: "day,version,feature",
            meaning: "The columns to group by.",
        },
        ENVIRONMENT,
        VERSION,
        Parameter {
            name: "feature",
            allowed: "a feature's name",
            default: "all features",
            meaning: "Only this feature.",
        },
        LIMIT,
        AFTER,
    ],
};
