//! `cost`: what the stages cost to run, as measured.

mod page;

pub(crate) use page::page;

use crate::description::ColumnType::{Integer, Number, Text};
use crate::description::{
    AFTER, DAY, FROM, LIMIT, Parameter, ReportDescription, TO, figure, group,
};

pub(crate) const GROUPINGS: &[&[&str]] = &[&["stage"], &["day"], &["day", "stage"]];

pub(crate) const DESCRIPTION: ReportDescription = ReportDescription {
    name: "cost",
    title: "Cost",
    question: "What does a million sessions cost to take in, parse and analyze?",
    definition: "Each stage (upload, intake, parse, analyze) measures how long its calls take, where \
        they run; with the memory of its process that is what AWS Lambda bills, but for the rounding \
        up of each call to a millisecond and the start of a process. What a call of upload or intake \
        took is told with the next log of the same process, so that the last call of each process is \
        missing; the day is that on which it was told. Where nothing says how much memory a process \
        has, as in the embedded form, 1,024 MB are taken: the cost is then what the same work would \
        cost in Lambda. Prices are the list prices of us-east-1 for the processor that this program \
        is built for. Sessions are those in the logs that parse stored on the days; a session \
        that came in several logs, or is parsed anew, counts for each, and those of a process that dies before it has told \
        of them for none. What else a stack costs, requests of S3 and SQS, \
        the gateways, the database, is in docs/cost.md. What was worked is kept beside the sessions and \
        nowhere else: a rebuild of the schema begins it anew. It is read live, counts no persons, and \
        nothing of it is withheld.",
    formulas: &[
        "gb_s = Σ work × memory / 1024",
        "usd = gb_s × price of a GB-second + calls × price of a request",
        "usd_per_million_sessions = usd / sessions × 10⁶",
        "GB-second: 0.0000166667 USD (x86_64), 0.0000133334 USD (arm64); request: 0.0000002 USD",
    ],
    source: "AWS Lambda pricing, on demand, us-east-1, 2026-06.",
    table: None,
    guarded: false,
    columns: &[
        DAY,
        group("stage", Text, "-", "upload, intake, parse or analyze."),
        figure("calls", Integer, "calls", "Calls of it."),
        figure("work_ms", Number, "ms", "How long they took together."),
        figure("gb_s", Number, "GB·s", "The same times the memory."),
        figure("usd", Number, "USD", "What that costs."),
        figure(
            "sessions",
            Integer,
            "sessions",
            "Sessions in the logs that parse stored on these days.",
        ),
        figure(
            "usd_per_million_sessions",
            Number,
            "USD",
            "What a million such sessions cost; null where there is none.",
        ),
    ],
    parameters: &[
        FROM,
        TO,
        Parameter {
            name: "by",
            allowed: "stage; day; day,stage",
            default: "stage",
            meaning: "The columns to group by.",
        },
        LIMIT,
        AFTER,
    ],
};
