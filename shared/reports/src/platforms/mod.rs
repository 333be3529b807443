//! `platforms`: what the software runs on.

mod compute;
mod name;
mod page;

pub(crate) use compute::compute_day;
pub(crate) use page::page;

use crate::description::ColumnType::{Integer, Ratio, Text};
use crate::description::{
    AFTER, DAY, ENVIRONMENT, FROM, LIMIT, Parameter, ReportDescription, TO, figure, group,
};

pub(crate) const GROUPINGS: &[&[&str]] = &[
    &["day", "os"],
    &["os"],
    &["os", "os_version"],
    &["runtime"],
    &["day", "os", "os_version"],
    &["day", "runtime"],
    &["os", "os_version", "runtime"],
    &["day", "os", "os_version", "runtime"],
];

pub(crate) const DESCRIPTION: ReportDescription = ReportDescription {
    name: "platforms",
    title: "Platforms",
    question: "Which operating systems and runtimes is the software used on?",
    definition: "The operating system is what the session states, in two: its version begins \
        with the first word that begins with a digit, or with v and a digit, and its name is \
        what stands before, without a last word \"version\". So \"Windows 11 Pro\" is Windows, \
        11 Pro, and \"Ubuntu 24.04.1 LTS\" is Ubuntu, 24.04.1 LTS. The runtime is taken as it \
        is stated. What a session does not state is (unknown). Shares compare with all platforms \
        of the same day, or of the whole range when rows are not by day, withheld ones included. \
        Users are distinct persons: pseudonymous users, else installations; who used two \
        platforms counts for both.",
    formulas: &[
        "session_share = sessions / sessions on all platforms",
        "user_share = users / users on all platforms",
    ],
    source: "OpenTelemetry semantic conventions: os.name, os.version and process.runtime as \
        attributes of their own.",
    table: Some("platforms"),
    guarded: true,
    columns: &[
        DAY,
        group("os", Text, "-", "Name of the operating system."),
        group("os_version", Text, "-", "Its version."),
        group(
            "runtime",
            Text,
            "-",
            "The runtime, with its version if stated.",
        ),
        figure("sessions", Integer, "sessions", "Sessions on it."),
        figure("users", Integer, "persons", "Distinct persons who used it."),
        figure(
            "session_share",
            Ratio,
            "1",
            "Share among the sessions on all platforms.",
        ),
        figure(
            "user_share",
            Ratio,
            "1",
            "Share of the users of any platform who used it.",
        ),
    ],
    parameters: &[
        FROM,
        TO,
        Parameter {
            name: "by",
            allowed: "day,os; os; os,os_version; runtime; day,os,os_version; day,runtime; \
                os,os_version,runtime; day,os,os_version,runtime",
            default: "day,os",
            meaning: "The columns to group by.",
        },
        ENVIRONMENT,
        LIMIT,
        AFTER,
    ],
};
