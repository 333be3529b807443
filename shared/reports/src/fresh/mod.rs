//! `freshness`: how much of what was received the reports show.

mod page;

pub(crate) use page::page;

use crate::description::ColumnType::{Date, Integer, Text, Time};
use crate::description::{AFTER, FROM, LIMIT, ReportDescription, TO, figure, group};

pub(crate) const GROUPINGS: &[&[&str]] = &[&["product"]];

pub(crate) const DESCRIPTION: ReportDescription = ReportDescription {
    name: "freshness",
    title: "Freshness",
    question: "Up to when are the figures complete, and what is still to come?",
    definition: "The reports are complete up to the instant for which the last finished analysis \
        vouched, one that left no day out of date: some time before it, in which a log is on its \
        way, and not after the oldest log that waits in the queue then (where the queue does not tell \
        since when logs wait, nothing new is vouched for until none does). But not beyond the start of the earliest day \
        on which a log came in that is still to be parsed. Logs pending are those of the archive's \
        last listing that nothing is stored of, lost ones among them. Days pending are days whose \
        sessions changed since they were computed. It is one row a product, read live, counts \
        logs and days and no persons, and nothing of it is withheld. Only logs_rejected looks at \
        the range.",
    formulas: &[
        "complete_until = min(analyzed_until, start of oldest_log_pending)",
        "days_pending = |{day : sessions of it changed since it was computed}|",
    ],
    source: "Low watermarks: Akidau et al., The Dataflow Model, VLDB 2015.",
    table: None,
    guarded: false,
    columns: &[
        group("product", Text, "-", "The product."),
        figure(
            "complete_until",
            Time,
            "-",
            "All that was received until then is in the figures; null before the first analysis.",
        ),
        figure(
            "analyzed_until",
            Time,
            "-",
            "The instant for which the last finished analysis vouched.",
        ),
        figure(
            "oldest_log_pending",
            Date,
            "-",
            "The earliest day on which a log came in that is still to be parsed.",
        ),
        figure(
            "oldest_day_pending",
            Date,
            "-",
            "The earliest day whose figures are out of date.",
        ),
        figure(
            "days_pending",
            Integer,
            "days",
            "Days whose figures are out of date.",
        ),
        figure(
            "logs_pending",
            Integer,
            "logs",
            "Logs in the archive that are still to be parsed.",
        ),
        figure(
            "logs_rejected",
            Integer,
            "logs",
            "Logs received in the range and refused as a whole.",
        ),
    ],
    parameters: &[FROM, TO, LIMIT, AFTER],
};
