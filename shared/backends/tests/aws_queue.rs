//! The contract of queues on SQS.
#![cfg(feature = "aws")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "contract/queue.rs"]
mod contract;
mod emulator;

use std::time::Duration;

use contract::{Kind, contract, take};
use emulator::{Emulator, unique};
use logbook_backends::{Attributes, AwsClients, AwsOptions, Error, Queue, trace};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

const SQS: Kind = Kind {
    short: Duration::from_secs(1),
    knows_all: false,
};

async fn queue() -> Option<Queue> {
    let emulator = Emulator::find().await?;
    let (url, dead_letters) = emulator.queues().await;
    Some(Queue::open_sqs(&emulator.clients, url, dead_letters))
}

#[tokio::test(flavor = "multi_thread")]
async fn sqs_keeps_the_contract() {
    if let Some(queue) = queue().await {
        contract(&queue, SQS).await;
    }
}

#[tokio::test]
async fn more_dead_letters_than_a_batch_are_looked_at_and_brought_back() {
    let Some(queue) = queue().await else { return };
    let none = Attributes::new();
    let bodies: Vec<String> = (0..23).map(|n| n.to_string()).collect();
    let batch: Vec<(&str, &Attributes)> = bodies.iter().map(|body| (&**body, &none)).collect();
    queue.send_batch(&batch).await.unwrap();
    // A message given back after its third receive is dead at the next look.
    for _ in 0..40 {
        take(&queue, 10, Duration::ZERO, Duration::ZERO).await;
    }
    assert_eq!(queue.depth().await.unwrap().dead, 23);
    assert_eq!(queue.dead_letters(15).await.unwrap().len(), 15);
    assert_eq!(queue.dead_letters(99).await.unwrap().len(), 23);
    assert_eq!(queue.redrive(12).await.unwrap(), 12);
    assert_eq!(queue.redrive(99).await.unwrap(), 11);
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.visible, depth.dead), (23, 0));
}

#[tokio::test]
async fn a_message_that_sqs_cannot_take_is_refused_for_good() {
    let Some(queue) = queue().await else { return };
    let error = queue.send("\u{1}", &Attributes::new()).await.unwrap_err();
    assert!(!error.is_transient(), "{error}");
}

#[tokio::test]
async fn a_queue_that_is_missing_may_come() {
    let Some(emulator) = Emulator::find().await else {
        return;
    };
    let (url, dead) = emulator.queues().await;
    let url = format!("{url}-{}", unique("missing"));
    let queue = Queue::open_sqs(&emulator.clients, url, dead);
    let error = queue.send("x", &Attributes::new()).await.unwrap_err();
    assert!(matches!(&error, Error::Service { service: "sqs", .. }));
    assert!(error.is_transient());
}

/// Takes one batch of one message, and gives the request's body.
async fn one_batch(listener: TcpListener) -> String {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufReader::new(stream);
    let (mut length, mut line) = (0, String::new());
    while { stream.read_line(&mut line) }.await.unwrap() > 2 {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let sent = r#"{"Successful":[{"Id":"0","MessageId":"m","MD5OfMessageBody":"d"}],"Failed":[]}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n{sent}",
        sent.len()
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
    String::from_utf8(body).unwrap()
}

/// What is sent is looked at, because no emulator gives the attribute back.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_bears_the_trace_on_that_it_was_sent_in() {
    if Emulator::find().await.is_none() {
        return; // there are no credentials
    }
    let trace_id = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";
    for header in [Some(trace_id.to_owned()), None] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let options = AwsOptions {
            endpoint_url: Some(url.clone()),
            ..AwsOptions::default()
        };
        let queue = Queue::open_sqs(&AwsClients::load(options).await, format!("{url}/1/q"), "");
        let batch = tokio::spawn(one_batch(listener));
        let attributes = Attributes::new();
        trace::within(header.clone(), queue.send("a log", &attributes))
            .await
            .unwrap();
        let body: serde_json::Value = serde_json::from_str(&batch.await.unwrap()).unwrap();
        let borne = &body["Entries"][0]["MessageSystemAttributes"]["AWSTraceHeader"];
        assert_eq!(borne["StringValue"].as_str(), header.as_deref());
    }
}
