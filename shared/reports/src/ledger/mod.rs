//! `ledger`: whether everything that was received is accounted for.

mod page;

pub(crate) use page::page;

use crate::description::ColumnType::{Boolean, Date, Integer, Text};
use crate::description::{AFTER, FROM, LIMIT, Parameter, ReportDescription, TO, figure, group};

pub(crate) const GROUPINGS: &[&[&str]] = &[&["day"], &["day", "reason"]];

pub(crate) const DESCRIPTION: ReportDescription = ReportDescription {
    name: "ledger",
    title: "Ledger",
    question: "Is everything that was received accounted for?",
    definition: "Each delivery ends as exactly one of parsed, duplicate, rejected or erased, or \
        it is pending. Received is counted by listing the archive and by counting, at the edge, \
        the duplicates that never became an object; the others are counted from what parsing \
        stored; pending are the very logs of the listing that nothing is stored of. So the \
        equation is a check, and a day that does not balance shows a loss. Lost are logs that \
        were stored once and are not any more. The day is the UTC day of receipt, of what was \
        received before the last listing, which `listed_as_of` of a reply names; before the first \
        one nothing counts as received. The listing counts what is stored; what becomes of a log \
        after it is followed at once. It counts logs and not persons, and nothing of it is \
        withheld. By day and reason, rows hold the refused logs of each reason only.",
    formulas: &[
        "received = parsed + duplicate + rejected + erased + pending  (balanced)",
        "lost is not part of the balance",
    ],
    source: "Double-entry bookkeeping: the two sides come from different hands.",
    table: None,
    guarded: false,
    columns: &[
        group(
            "day",
            Date,
            "-",
            "The UTC day on which the logs were received.",
        ),
        group("reason", Text, "-", "Why logs were refused as a whole."),
        figure("received", Integer, "deliveries", "What came in."),
        figure("parsed", Integer, "deliveries", "Logs that were stored."),
        figure(
            "duplicate",
            Integer,
            "deliveries",
            "Those whose content was there already.",
        ),
        figure(
            "rejected",
            Integer,
            "deliveries",
            "Logs that were refused as a whole.",
        ),
        figure(
            "erased",
            Integer,
            "deliveries",
            "Logs that were erased on request.",
        ),
        figure(
            "pending",
            Integer,
            "deliveries",
            "Logs in the archive that are still to be parsed.",
        ),
        figure(
            "lost",
            Integer,
            "deliveries",
            "Logs in the archive that were stored once and are not any more.",
        ),
        figure(
            "balanced",
            Boolean,
            "-",
            "Whether the equation holds; null before the archive is first listed.",
        ),
    ],
    parameters: &[
        FROM,
        TO,
        Parameter {
            name: "by",
            allowed: "day; day,reason",
            default: "day",
            meaning: "The columns to group by.",
        },
        LIMIT,
        AFTER,
    ],
};

/// The columns of a grouping: by reason there is but one figure.
pub(crate) fn has_column(grouping: &[&str], name: &str) -> bool {
    !grouping.contains(&"reason") || name == "rejected"
}
