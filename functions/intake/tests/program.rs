//! The program as Lambda runs it.
#![cfg(feature = "lambda")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

#[path = "../../../tests/lambda/aws.rs"]
mod aws;
#[path = "../../../tests/lambda/runtime.rs"]
mod runtime;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

use aws::{Aws, assert_hides};
use logbook_backends::Put;
use runtime::{Lambda, refuses, refuses_without_each, starts_unconnected};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_intake");
const VARIABLES: &[(&str, &str)] = &[
    ("LOGBOOK_ARCHIVE_BUCKET", "logbook-archive"),
    ("LOGBOOK_INBOX_BUCKET", "logbook-inbox"),
    ("LOGBOOK_KMS_KEY_ID", "key"),
    ("LOGBOOK_HASH_SECRET_ARN", "secret"),
    (
        "LOGBOOK_PARSE_QUEUE_URL",
        "https://sqs.us-east-1.amazonaws.com/1/parse",
    ),
];
const TEST_EVENT: &str = include_str!("../../../events/s3-test-event.json");
const ARCHIVE_PUT: &str = include_str!("../../../events/s3-archive-put.json");
const INBOX_PUT: &str = include_str!("../../../events/s3-inbox-put.json");
const SWEEP: &str = include_str!("../../../events/schedule-inbox-sweep.json");

#[test]
fn it_does_not_start_without_its_whole_environment() {
    refuses_without_each(PROGRAM, "intake", VARIABLES);
}

#[test]
fn a_bulk_path_is_set_up_wholly_or_not_at_all() {
    let bulk = [
        (
            "LOGBOOK_BULK_QUEUE_URL",
            "https://sqs.us-east-1.amazonaws.com/1/bulk",
        ),
        ("LOGBOOK_BULK_BYTES", "1000"),
        ("LOGBOOK_GLUE_JOB_NAME", "bulk"),
    ];
    for missing in ["LOGBOOK_BULK_BYTES", "LOGBOOK_GLUE_JOB_NAME"] {
        let mut variables = VARIABLES.to_vec();
        variables.extend(bulk.iter().filter(|(name, _)| *name != missing));
        refuses(PROGRAM, "intake", &variables, missing);
    }
}

#[test]
fn it_does_not_start_on_a_file() {
    let mut variables = VARIABLES.to_vec();
    variables[4].1 = "/var/logbook/queue.db";
    let says = "LOGBOOK_PARSE_QUEUE_URL must be the URL of an SQS queue";
    refuses(PROGRAM, "intake", &variables, says);
}

#[test]
fn it_connects_to_nothing_before_it_must() {
    starts_unconnected(PROGRAM, "intake", VARIABLES, TEST_EVENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_writes_out_nothing_of_what_it_takes_in() {
    let Some(aws) = Aws::find().await else {
        return;
    };
    let (product, _) = aws.product().await;
    let key = format!("inbox/{product}/files/marked-file.log");
    let body = b"{\"name\":\"start\",\"user\":\"marked-user\",\"text\":\"marked-body\"}\n";
    let said = [
        ("logbook-user", "marked-user"),
        ("logbook-account", "marked-account"),
    ];
    let said: BTreeMap<String, String> = said
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let inbox = aws.archive();
    inbox
        .put(&key, body.to_vec(), said, Put::Always)
        .await
        .unwrap();
    let lambda = Lambda::start(PROGRAM, "intake", &aws.variables());
    let mut event: Value = serde_json::from_str(INBOX_PUT).unwrap();
    for key in [key.as_str(), "inbox/No Product/marked-file.log"] {
        event["Records"][0]["s3"]["object"]["key"] = key.into();
        lambda.succeed(&event.to_string());
    }
    lambda.succeed(SWEEP);
    assert!(inbox.head(&key).await.unwrap().is_none(), "it was taken in");
    let hash_secret = aws.text_of(&aws.secret).await;
    let output = lambda.end();
    let secrets = [
        "marked-user",
        "marked-account",
        "marked-file",
        "marked-body",
        &hash_secret,
    ];
    assert_hides(&output, &secrets);
    let oldest = output
        .lines()
        .find(|line| line.contains("InboxOldestAgeSeconds"))
        .unwrap();
    let metric: Value = serde_json::from_str(oldest).unwrap();
    assert_eq!(
        (metric["service"].as_str(), metric["stage"].as_str()),
        (Some("intake"), Some("test"))
    );
    assert!(output.contains(runtime::TRACE) && output.contains("request-1"));
}

/// In the place of SQS, because no emulator gives the attribute back: takes one batch, and gives
/// the request's body.
fn one_batch(listener: &TcpListener) -> Value {
    let (stream, _) = listener.accept().unwrap();
    let mut stream = BufReader::new(stream);
    let (mut length, mut line) = (0, String::new());
    while stream.read_line(&mut line).unwrap() > 2 {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    let taken = r#"{"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"d"}],"Failed":[]}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n{taken}",
        taken.len()
    );
    stream.get_mut().write_all(answer.as_bytes()).unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_message_of_a_log_bears_the_trace_on_that_its_event_came_with() {
    let Some(aws) = Aws::find().await else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut variables = aws.variables();
    variables.push(("AWS_ENDPOINT_URL_SQS", &url));
    let sent = std::thread::spawn(move || one_batch(&listener));
    let lambda = Lambda::start(PROGRAM, "intake", &variables);
    lambda.succeed(ARCHIVE_PUT);
    let sent = sent.join().unwrap();
    let message = &sent["Entries"][0];
    assert!(message["MessageBody"].as_str().unwrap().contains("run-1"));
    let borne = &message["MessageSystemAttributes"]["AWSTraceHeader"];
    assert_eq!(borne["StringValue"], runtime::TRACE);
    lambda.end();
}
