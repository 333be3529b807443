//! Alarms against a peer that behaves as Slack's webhooks do.

#![allow(clippy::unwrap_used, reason = "a peer that fails fails its test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use logbook_backends::{Durability, Metadata, ObjectStore, Put};
use logbook_bootstrap::lambda::Web;
use logbook_notify::{Context, Event, NotifyError, Webhook, handle};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What Slack got, and what it answers next.
#[derive(Clone, Default)]
struct Slack {
    got: Arc<Mutex<Vec<Value>>>,
    answers: Arc<Mutex<Vec<StatusCode>>>,
    /// For how many seconds it wants to be left alone then.
    pause: Arc<Mutex<u32>>,
}

impl Slack {
    async fn serve(&self) -> String {
        let slack = self.clone();
        let hook = post(async move |body: String| {
            slack
                .got
                .lock()
                .unwrap()
                .push(serde_json::from_str(&body).unwrap());
            let mut answers = slack.answers.lock().unwrap();
            let status = answers.pop().unwrap_or(StatusCode::OK);
            let pause = slack.pause.lock().unwrap().to_string();
            (status, [("retry-after", pause)], "said the hook")
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            axum::serve(listener, Router::new().route("/services/secret", hook))
                .await
                .unwrap();
        });
        format!("http://{address}/services/secret")
    }

    fn heads(&self) -> Vec<String> {
        let got = self.got.lock().unwrap();
        let text = |message: &Value| message["text"].as_str().unwrap().to_owned();
        got.iter().map(text).collect()
    }
}

async fn context(url: String, tries: u32) -> (Context, TempDir) {
    let folder = TempDir::new().unwrap();
    let told = ObjectStore::open_dir(folder.path(), Durability::Process)
        .await
        .unwrap();
    let context = Context {
        webhook: Webhook::new(url),
        archive: told.clone(),
        told,
        web: Web::new(Duration::from_secs(5), tries),
    };
    (context, folder)
}

fn alarm(name: &str, state: &str, at: &str, message_id: &str) -> Event {
    let message = json!({
        "AlarmName": name, "AlarmDescription": "Dead letters wait: see docs/deploy.md",
        "AWSAccountId": "123456789012", "NewStateValue": state,
        "NewStateReason": "Threshold Crossed: 1 datapoint [3.0] was > the threshold <0.0> & more",
        "StateChangeTime": at, "Region": "EU (Frankfurt)",
        "AlarmArn": format!("arn:aws:cloudwatch:eu-central-1:123456789012:alarm:{name}"),
        "OldStateValue": "OK", "Trigger": {"MetricName": "ApproximateNumberOfMessagesVisible"},
    });
    event(&message.to_string(), message_id)
}

fn event(message: &str, message_id: &str) -> Event {
    let text = include_str!("../../../events/sns-alarm.json");
    let mut event: Value = serde_json::from_str(text).unwrap();
    event["Records"][0]["Sns"]["Message"] = message.into();
    event["Records"][0]["Sns"]["MessageId"] = message_id.into();
    serde_json::from_value(event).unwrap()
}

#[tokio::test]
async fn an_alarm_and_its_end_are_told_once_each_though_sns_sends_them_twice() {
    let slack = Slack::default();
    let (context, _folder) = context(slack.serve().await, 3).await;
    let began = alarm(
        "logbook-dead-letters",
        "ALARM",
        "2026-01-01T00:00:00.000+0000",
        "m-1",
    );
    let ended = alarm(
        "logbook-dead-letters",
        "OK",
        "2026-01-01T00:05:00.000+0000",
        "m-2",
    );
    for event in [&began, &began, &ended, &began, &ended] {
        handle(&context, event.clone()).await.unwrap();
    }
    let heads = [
        "🔴 logbook-dead-letters: alarm",
        "✅ logbook-dead-letters: recovered",
    ];
    assert_eq!(slack.heads(), heads);
    let blocks = slack.got.lock().unwrap()[0]["blocks"].to_string();
    assert!(blocks.contains("&lt;0.0&gt; &amp; more"), "{blocks}");
    let address = "eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#alarmsV2:alarm/logbook-dead-letters|";
    assert!(blocks.contains(address), "{blocks}");
    // Another change of the same alarm is news.
    let again = alarm(
        "logbook-dead-letters",
        "ALARM",
        "2026-01-02T00:00:00.000+0000",
        "m-3",
    );
    handle(&context, again).await.unwrap();
    assert_eq!(slack.heads().len(), 3);
}

#[tokio::test]
async fn what_slack_does_not_take_now_is_tried_again() {
    let slack = Slack::default();
    *slack.answers.lock().unwrap() = vec![
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    let (context, _folder) = context(slack.serve().await, 3).await;
    handle(&context, event("a plain text", "m-1"))
        .await
        .unwrap();
    assert_eq!(slack.heads().len(), 3, "twice in vain, then taken");
}

#[tokio::test]
async fn who_wants_to_be_left_alone_for_long_is_asked_again_by_lambda() {
    let slack = Slack::default();
    let (context, _folder) = context(slack.serve().await, 3).await;
    *slack.pause.lock().unwrap() = 30;
    *slack.answers.lock().unwrap() = vec![StatusCode::TOO_MANY_REQUESTS];
    let began = alarm("a", "ALARM", "2026-01-01T00:00:00.000+0000", "m-1");
    let asked = std::time::Instant::now();
    let failed = handle(&context, began.clone()).await.unwrap_err();
    assert!(matches!(failed, NotifyError::Slack(_)), "{failed}");
    assert!(asked.elapsed() < Duration::from_secs(10));
    handle(&context, began).await.unwrap();
    assert_eq!(slack.heads().len(), 2);
}

#[tokio::test]
async fn a_message_that_was_not_taken_is_not_remembered_as_told() {
    let slack = Slack::default();
    *slack.answers.lock().unwrap() = vec![StatusCode::INTERNAL_SERVER_ERROR; 2];
    let (context, _folder) = context(slack.serve().await, 2).await;
    let failed = handle(&context, event("a plain text", "m-1")).await;
    assert!(matches!(failed, Err(NotifyError::Slack(_))), "{failed:?}");
    handle(&context, event("a plain text", "m-1"))
        .await
        .unwrap();
    assert_eq!(slack.heads().len(), 3);
}

#[tokio::test]
async fn a_refusal_for_good_is_an_error_that_does_not_speak_the_address_out() {
    let slack = Slack::default();
    *slack.answers.lock().unwrap() = vec![StatusCode::FORBIDDEN];
    let (context, _folder) = context(slack.serve().await, 3).await;
    let error = handle(&context, event("text", "m-1")).await.unwrap_err();
    let text = format!("{error} {error:?} {context:?}");
    assert!(text.contains("403"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(slack.heads().len(), 1, "not tried again");

    let (context, _folder) =
        self::context("http://127.0.0.1:1/services/secret".to_owned(), 1).await;
    let error = handle(&context, event("text", "m-2")).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[tokio::test]
async fn a_text_longer_than_slack_takes_is_cut() {
    let slack = Slack::default();
    let (context, _folder) = context(slack.serve().await, 1).await;
    handle(&context, event(&"ä".repeat(10_000), "m-1"))
        .await
        .unwrap();
    let got = slack.got.lock().unwrap();
    let shown = got[0]["blocks"][1]["text"]["text"].as_str().unwrap();
    assert!(shown.chars().count() <= 3000);
    assert!(shown.ends_with('…'));
}

#[tokio::test]
async fn a_notice_in_the_archive_is_told_once_and_what_is_none_is_an_error() {
    let slack = Slack::default();
    let (context, _folder) = context(slack.serve().await, 1).await;
    let text = include_str!("../../../events/s3-notice-put.json");
    let event: Event = serde_json::from_str(text).unwrap();
    handle(&context, event.clone()).await.unwrap();
    assert_eq!(slack.heads().len(), 0, "it is not there any more");
    let key = "state/notices/editor/week-2026-03-16.json";
    let put = async |body: &str| {
        let body = body.as_bytes().to_vec();
        let put = context.archive.put(key, body, Metadata::new(), Put::Always);
        put.await.unwrap();
    };
    put("{}").await;
    let failed = handle(&context, event.clone()).await;
    assert!(
        matches!(failed, Err(NotifyError::Notice { .. })),
        "{failed:?}"
    );
    put(r#"{"title": "editor: news", "sections": [{"heading": "New errors", "lines": ["a", "b"]}]}"#)
        .await;
    for _ in 0..2 {
        handle(&context, event.clone()).await.unwrap();
    }
    assert_eq!(slack.heads(), ["editor: news"]);
    let blocks = slack.got.lock().unwrap()[0]["blocks"].clone();
    assert_eq!(blocks[1]["text"]["text"], "*New errors*\n• a\n• b");
}
