//! The program as Lambda runs it.
#![cfg(feature = "lambda")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

#[path = "../../../tests/lambda/aws.rs"]
mod aws;
#[path = "../../../tests/databases/place.rs"]
#[allow(dead_code, reason = "each test program uses its share")]
mod place;
#[path = "../../../tests/lambda/runtime.rs"]
mod runtime;

use std::collections::BTreeSet;

use aws::{Aws, assert_hides, clock};
use logbook_backends::sql::{self, Via};
use logbook_backends::{Database, Put};
use logbook_model::{Consent, LogId};
use logbook_pipeline::{Attempt, Job, NewLog, archive_key, archive_log};
use place::server::Server;
use runtime::{Lambda, refuses, refuses_without_each, starts_unconnected};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_parse");
const BATCH: &str = include_str!("../../../events/sqs-parse-batch.json");
const VARIABLES: &[(&str, &str)] = &[
    ("LOGBOOK_ARCHIVE_BUCKET", "logbook-archive"),
    ("LOGBOOK_KMS_KEY_ID", "key"),
    ("LOGBOOK_HASH_SECRET_ARN", "secret"),
    ("LOGBOOK_DATABASE_HOST", "127.0.0.1"),
    ("LOGBOOK_DATABASE_AUTH", "secret"),
    ("LOGBOOK_DATABASE_SECRET_ARN", "secret"),
    ("LOGBOOK_DATABASE_TLS", "off"),
    ("LOGBOOK_DATABASE_SESSIONS", "sessions"),
];

#[test]
fn it_does_not_start_without_its_whole_environment() {
    refuses_without_each(PROGRAM, "parse", VARIABLES);
}

#[test]
fn it_does_not_start_on_what_is_no_server_or_not_safe() {
    for (variable, value, says) in [
        (
            "LOGBOOK_DATABASE_AUTH",
            "none",
            "LOGBOOK_DATABASE_AUTH must be iam or secret",
        ),
        (
            "LOGBOOK_DATABASE_TLS",
            "maybe",
            "LOGBOOK_DATABASE_TLS must be verify-identity or off",
        ),
        (
            "LOGBOOK_DATABASE_HOST",
            "db.example.org",
            "reached by TLS only",
        ),
        (
            "LOGBOOK_DATABASE_HOST",
            "/var/logbook/sessions.db",
            "reached by TLS only",
        ),
        (
            "LOGBOOK_DATABASE_SESSIONS",
            "/var/logbook/sessions.db",
            "a schema's name",
        ),
        (
            "LOGBOOK_DATABASE_PORT",
            "many",
            "LOGBOOK_DATABASE_PORT is not valid",
        ),
    ] {
        let mut variables = VARIABLES.to_vec();
        variables.retain(|(name, _)| *name != variable);
        variables.push((variable, value));
        refuses(PROGRAM, "parse", &variables, says);
    }
}

#[test]
fn it_connects_to_nothing_before_it_must() {
    starts_unconnected(PROGRAM, "parse", VARIABLES, "{\"Records\":[]}");
}

async fn archive(aws: &Aws, product: &logbook_model::ProductId, id: &str, body: &str) -> Job {
    let (log, said) = (
        LogId::new(id).unwrap(),
        [("user", "marked-user"), ("account", "marked-account")],
    );
    let new = NewLog {
        product: product.clone(),
        log: log.clone(),
        body: body.into(),
        via: Via::Api,
        consent: Consent::Usage,
        received_at: clock(),
        attempt: Attempt(id.to_owned()),
        refused: None,
        bulk: false,
        readable_accounts: false,
        profile: None,
        metadata: said
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    };
    archive_log(&aws.vault(), new).await.unwrap();
    Job::new(product.clone(), log, clock())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_writes_out_nothing_of_what_it_parses() {
    let (Some(aws), Some(server)) = (Aws::find().await, Server::of_environment().await) else {
        return;
    };
    let config = server.sessions();
    let sessions = Database::open_mysql(&config).unwrap();
    sql::migrate(&sessions).await.unwrap();
    let (product, _) = aws.product().await;
    let port = config.port.to_string();
    let mut variables = aws.variables();
    variables.extend([
        ("LOGBOOK_DATABASE_HOST", "127.0.0.1"),
        ("LOGBOOK_DATABASE_PORT", &port),
        ("LOGBOOK_DATABASE_AUTH", "secret"),
        ("LOGBOOK_DATABASE_SECRET_ARN", &aws.database_secret),
        ("LOGBOOK_DATABASE_TLS", "off"),
        ("LOGBOOK_DATABASE_SESSIONS", &config.schema),
    ]);
    let lambda = Lambda::start(PROGRAM, "parse", &variables);
    let good = "{\"name\":\"start\",\"session\":\"s1\",\"user\":\"marked-user\",\"text\":\"marked-body\"}\n\
                {\"marked-body\": tru\n";
    let jobs = [
        archive(&aws, &product, "good", good).await,
        archive(&aws, &product, "bad", "marked-body, and no more\n").await,
        archive(&aws, &product, "cut", "{\"name\":\"marked-body").await,
        Job::new(product.clone(), LogId::new("none").unwrap(), clock()),
    ];
    let cut = archive_key(&product, &jobs[2].log_id);
    let store = aws.archive();
    let object = store.get(&cut, 1 << 20).await.unwrap().unwrap();
    let half = object.body[..object.body.len() / 2].to_vec();
    store
        .put(&cut, half, object.metadata, Put::Always)
        .await
        .unwrap();
    let golden: Value = serde_json::from_str(BATCH).unwrap();
    let record = |(nth, body): (usize, String)| {
        let mut record = golden["Records"][0].clone();
        (record["messageId"], record["body"]) = (json!(format!("m{nth}")), json!(body));
        record
    };
    let bodies = jobs
        .iter()
        .map(Job::to_body)
        .chain(["marked-message".to_owned()]);
    let records: Vec<Value> = bodies.enumerate().map(record).collect();
    let answer = lambda.succeed(&json!({ "Records": records }).to_string());
    let failed = BTreeSet::from(["m3", "m4"]);
    let named = answer["batchItemFailures"].as_array().unwrap().iter();
    let named: BTreeSet<_> = named
        .map(|one| one["itemIdentifier"].as_str().unwrap())
        .collect();
    assert_eq!(named, failed);
    let row = sql::log_row(&sessions, &product, &jobs[0].log_id)
        .await
        .unwrap();
    assert_eq!(row.unwrap().state, sql::LogState::Parsed);
    let mark = format!("state/analyze/{product}/dirty");
    assert!(store.head(&mark).await.unwrap().is_some());
    let secrets = [
        aws.text_of(&aws.secret).await,
        aws.text_of(&aws.database_secret).await,
    ];
    let output = lambda.end();
    let marked = [
        "marked-user",
        "marked-account",
        "marked-body",
        "marked-message",
    ];
    assert_hides(
        &output,
        &[&marked[..], &[&secrets[0], &secrets[1]]].concat(),
    );
    assert!(
        output.contains("LogsParsed") && output.contains("LogsRejected"),
        "{output}"
    );
}
