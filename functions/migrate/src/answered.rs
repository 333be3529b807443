//! Every request is answered: where nothing comes of the work, and where it dies.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use aws_lambda_events::event::cloudformation::CloudFormationCustomResourceRequest as Request;
use logbook_bootstrap::lambda::{Environment, Stores, Web};
use serde_json::Value;

use crate::{Context, MigrateError, handle, within};

/// A function whose database does not answer.
fn variables(name: &str) -> Option<String> {
    let value = match name {
        "AWS_REGION" => "us-east-1",
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "test",
        "LOGBOOK_DATABASE_HOST" => "127.0.0.1",
        "LOGBOOK_DATABASE_PORT" => "1",
        "LOGBOOK_DATABASE_USER" => "logbook",
        "LOGBOOK_DATABASE_AUTH" => "iam",
        "LOGBOOK_DATABASE_TLS" => "off",
        "LOGBOOK_DATABASE_SESSIONS" => "sessions",
        "LOGBOOK_DATABASE_ANALYTICS" => "analytics",
        _ => return None,
    };
    Some(value.to_owned())
}

/// Waits for one answer, in CloudFormation's place; its address, and what will have come.
fn awaited() -> (String, JoinHandle<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/answer", listener.local_addr().unwrap());
    let come = spawn(move || body_of(listener.accept().unwrap().0));
    (url, come)
}

/// The body of a request, which is answered with 200.
fn body_of(mut stream: TcpStream) -> Value {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut piece).unwrap();
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body);
        if let Some(Ok(answer)) = body.map(serde_json::from_str) {
            let said = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(said.as_bytes()).unwrap();
            return answer;
        }
        assert!(read > 0, "no answer in {text}");
    }
}

async fn answer_to(event: &str, budget: Duration) -> Value {
    let (url, come) = awaited();
    let mut event: Value = serde_json::from_str(event).unwrap();
    event["ResponseURL"] = url.into();
    let request: Request = serde_json::from_value(event).unwrap();
    let context = Context {
        stores: Stores::open(Environment::from_fn(variables)).unwrap(),
        web: Web::new(Duration::from_secs(5), 1),
        budget,
    };
    handle(Arc::new(context), request).await.unwrap();
    come.join().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_come_in_time_is_an_answer() {
    let event = include_str!("../../../events/cloudformation-update.json");
    let answer = answer_to(event, Duration::from_millis(300)).await;
    assert_eq!(answer["Status"], "FAILED", "{answer}");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(reason.starts_with("not finished within 300ms"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_asks_no_database() {
    let event = include_str!("../../../events/cloudformation-delete.json");
    let answer = answer_to(event, Duration::from_millis(300)).await;
    assert_eq!(answer["Status"], "SUCCESS", "{answer}");
}

#[tokio::test]
async fn work_that_dies_is_an_outcome() {
    let outcome = within(Duration::from_mins(1), async { panic!("in its midst") }).await;
    assert!(
        matches!(outcome, Err(MigrateError::BrokeOff(_))),
        "{outcome:?}"
    );
}
