//! Tickets that S3 honours: the caller sees no difference.
#![cfg(feature = "aws")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod support;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use logbook_backends::{AwsClients, AwsOptions, ObjectStore};
use logbook_model::Timestamp;
use logbook_upload::Tickets;
use serde_json::{Value, json};
use support::Door;

fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(now.as_micros()).unwrap())
}

/// A door whose inbox is in S3, where an emulator runs.
async fn door() -> Option<(Door, ObjectStore)> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tells tests where the emulator is"
    )]
    let Ok(bucket) = std::env::var("LOGBOOK_TEST_AWS_BUCKET") else {
        println!("skipped: LOGBOOK_TEST_AWS_BUCKET is not set: see tests/emulator/run");
        return None;
    };
    let clients = AwsClients::load(AwsOptions::default()).await;
    let inbox = ObjectStore::open_s3(&clients, bucket);
    let mut door = Door::new().await;
    door.context.tickets =
        Arc::new(Tickets::presigned(inbox.clone()).holding(Duration::from_mins(1)));
    door.context.now = now;
    Some((door, inbox))
}

/// Puts a body as the answer says, by a client that knows no AWS.
fn put(ticket: &Value, body: &str) -> u16 {
    let mut put = ureq::put(ticket["url"].as_str().unwrap())
        .config()
        .http_status_as_error(false)
        .build();
    for (name, value) in ticket["headers"].as_object().unwrap() {
        put = put.header(name, value.as_str().unwrap());
    }
    put.send(body).unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_puts_the_upload_into_the_inbox_with_what_was_said_of_it() {
    let Some((door, inbox)) = door().await else {
        return;
    };
    let id = format!("run-{}", now().0);
    let asked = json!({"bytes": 6, "log_id": id, "consent": "error", "file_name": "Größe.log",
        "user": "ann"});
    let answer = door.post("/v1/uploads", &[], asked.to_string()).await;
    assert_eq!(answer.status, 201);
    let ticket = answer.json();
    assert_eq!(ticket["method"], "PUT");
    let url = ticket["url"].as_str().unwrap();
    assert!(url.contains("X-Amz-Expires=60&"), "{url}");
    assert_eq!(ticket["receipt"], format!("/v1/logs/{id}/receipt"));
    assert!(!answer.body.windows(3).any(|bytes| bytes == b"ann"));
    assert_eq!(put(&ticket, "hello\n"), 200);
    let key = format!("inbox/editor/tickets/{id}");
    let object = inbox.get(&key, 100).await.unwrap().unwrap();
    assert_eq!(object.body, b"hello\n");
    assert_eq!(object.metadata["logbook-consent"], "error");
    assert_eq!(object.metadata["logbook-file-name"], "Größe.log");
    assert_eq!(put(&ticket, "other\n"), 412, "a ticket is for one upload");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_of_s3_is_not_redeemed_here() {
    let Some((door, _)) = door().await else {
        return;
    };
    let asked = json!({"bytes": 6}).to_string();
    let ticket = door.post("/v1/uploads", &[], asked).await.json();
    let url = ticket["url"].as_str().unwrap();
    assert!(door.context.tickets.redeem(url, now()).is_err());
}
