//! The program as Lambda runs it.
#![cfg(feature = "lambda")]
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../../tests/lambda/runtime.rs"]
mod runtime;

use runtime::refuses_without_each;

const PROGRAM: &str = env!("CARGO_BIN_EXE_analyze");
const VARIABLES: &[(&str, &str)] = &[
    ("LOGBOOK_ARCHIVE_BUCKET", "logbook-archive"),
    (
        "LOGBOOK_PARSE_QUEUE_URL",
        "https://sqs.us-east-1.amazonaws.com/1/parse",
    ),
    ("LOGBOOK_DATABASE_HOST", "db.example.org"),
    ("LOGBOOK_DATABASE_AUTH", "iam"),
    ("LOGBOOK_DATABASE_USER", "logbook"),
    ("LOGBOOK_DATABASE_TLS", "verify-identity"),
    ("LOGBOOK_DATABASE_SESSIONS", "sessions"),
    ("LOGBOOK_DATABASE_ANALYTICS", "analytics"),
];

#[test]
fn it_does_not_start_without_its_whole_environment() {
    refuses_without_each(PROGRAM, "analyze", VARIABLES);
}
