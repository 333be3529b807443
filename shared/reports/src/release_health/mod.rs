//! `release-health`: how sessions of a release end.

mod compute;
mod page;
mod tally;

pub(crate) use compute::compute_day;
pub(crate) use page::page;

use crate::description::ColumnType::{Integer, Ratio};
use crate::description::{
    AFTER, DAY, ENVIRONMENT, FROM, LIMIT, Parameter, ReportDescription, TO, VERSION, VERSION_GROUP,
    figure,
};

pub(crate) const GROUPINGS: &[&[&str]] = &[&["version"], &["day", "version"], &["day"]];

pub(crate) const DESCRIPTION: ReportDescription = ReportDescription {
    name: "release-health",
    title: "Release health",
    question: "Which release is healthy, and how many have it?",
    definition: "Each session counts once, at its worst status: ok (nothing bad, no explicit \
        end) < exited (nothing bad, ended explicitly) < errored (an error that the software \
        handled) < unhandled (an error that nothing handled, though it ran on) < abnormal (it \
        should have ended explicitly and did not) < crashed. Crash-free is what did not crash; \
        error-free is what is ok or exited. A user is free of something if all of the user's \
        sessions in the group are. Users are distinct persons over the whole group: \
        pseudonymous users, else installations; sessions that name neither count among the \
        sessions and not among the users. Shares compare with all versions of the same day, or \
        of the whole range when rows are not by day. A rate of nothing is null.",
    formulas: &[
        "crash_free_session_rate = 1 - crashed / sessions",
        "error_free_session_rate = (ok + exited) / sessions",
        "crash_free_user_rate = 1 - |users with a crashed session| / users",
        "error_free_user_rate = 1 - |users with a session worse than exited| / users",
        "session_share = sessions / sessions of all versions",
        "user_share = users / users of all versions",
    ],
    source: "Sentry, Release Health: session states, crash-free rates and adoption.",
    table: Some("release_health"),
    guarded: true,
    columns: &[
        DAY,
        VERSION_GROUP,
        figure("sessions", Integer, "sessions", "Sessions of it."),
        figure("users", Integer, "persons", "Distinct persons who ran it."),
        figure(
            "unidentified_sessions",
            Integer,
            "sessions",
            "Sessions that name neither user nor installation.",
        ),
        figure(
            "ok",
            Integer,
            "sessions",
            "Sessions with nothing bad and no explicit end.",
        ),
        figure(
            "exited",
            Integer,
            "sessions",
            "Sessions with nothing bad that ended explicitly.",
        ),
        figure(
            "errored",
            Integer,
            "sessions",
            "Sessions whose worst is an error that was handled.",
        ),
        figure(
            "unhandled",
            Integer,
            "sessions",
            "Sessions whose worst is an error that was not handled.",
        ),
        figure(
            "abnormal",
            Integer,
            "sessions",
            "Sessions that should have ended explicitly and did not.",
        ),
        figure("crashed", Integer, "sessions", "Sessions that crashed."),
        figure(
            "crash_free_session_rate",
            Ratio,
            "1",
            "Share of the sessions that did not crash.",
        ),
        figure(
            "error_free_session_rate",
            Ratio,
            "1",
            "Share of the sessions that are ok or exited.",
        ),
        figure(
            "crash_free_user_rate",
            Ratio,
            "1",
            "Share of the users none of whose sessions crashed.",
        ),
        figure(
            "error_free_user_rate",
            Ratio,
            "1",
            "Share of the users all of whose sessions are ok or exited.",
        ),
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
            allowed: "version; day,version; day",
            default: "version",
            meaning: "The columns to group by.",
        },
        ENVIRONMENT,
        VERSION,
        LIMIT,
        AFTER,
    ],
};
