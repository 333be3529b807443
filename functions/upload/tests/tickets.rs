//! What `POST /v1/uploads` promises: a ticket allows one upload, as it was asked for.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logbook_model::Timestamp;
use logbook_upload::{TicketError, TicketUpload};
use serde_json::{Value, json};
use support::{Answer, Door, NOON};

async fn ask(door: &Door, asked: Value) -> Answer {
    door.post("/v1/uploads", &[], asked.to_string()).await
}

fn ticket_of(answer: &Value) -> String {
    let url = answer["url"].as_str().unwrap();
    let ticket = url.strip_prefix("http://localhost/local/inbox/").unwrap();
    ticket.to_owned()
}

fn redeem(door: &Door, ticket: &str, secs: i64) -> Result<TicketUpload, TicketError> {
    let at = Timestamp(NOON.0 + secs * 1_000_000);
    door.context.tickets.redeem(ticket, at)
}

#[tokio::test]
async fn a_ticket_allows_what_was_asked_for() {
    let door = Door::new().await;
    let before = door.files();
    let asked = json!({"bytes": 5_000_000, "log_id": "run-1", "consent": "error", "version": "2"});
    let answer = ask(&door, asked).await;
    assert_eq!(answer.status, 201);
    let answer = answer.json();
    assert_eq!(answer["method"], "PUT");
    assert_eq!(answer["receipt"], "/v1/logs/run-1/receipt");
    assert_eq!(answer["expires_at"], "2026-11-02T12:15:00Z");
    assert_eq!(
        answer["headers"],
        json!({"content-length": "5000000", "if-none-match": "*"})
    );
    let upload = redeem(&door, &ticket_of(&answer), 0).unwrap();
    assert_eq!(upload.key, "inbox/editor/tickets/run-1");
    assert_eq!(upload.bytes, 5_000_000);
    assert_eq!(upload.metadata["logbook-consent"], "error");
    assert_eq!(upload.metadata["logbook-version"], "2");
    assert_eq!(door.files(), before, "a ticket is written nowhere");
}

#[tokio::test]
async fn what_is_said_in_headers_is_said_of_the_upload_too() {
    let door = Door::new().await;
    let headers = [("x-logbook-log-id", "run-1"), ("x-logbook-os", "linux")];
    let answer = door.post("/v1/uploads", &headers, "{\"bytes\":5}").await;
    let upload = redeem(&door, &ticket_of(&answer.json()), 0).unwrap();
    assert_eq!(upload.key, "inbox/editor/tickets/run-1");
    assert_eq!(upload.metadata["logbook-os"], "linux");
    assert_eq!(upload.metadata["logbook-consent"], "usage");
}

#[tokio::test]
async fn a_ticket_holds_for_a_quarter_of_an_hour() {
    let door = Door::new().await;
    let ticket = ticket_of(&ask(&door, json!({"bytes": 5})).await.json());
    assert!(redeem(&door, &ticket, 899).is_ok());
    assert_eq!(redeem(&door, &ticket, 900), Err(TicketError::Expired));
    assert!(
        TicketError::Expired
            .to_string()
            .contains("ask for a new one")
    );
}

#[tokio::test]
async fn an_altered_ticket_is_none() {
    let door = Door::new().await;
    let ticket = ticket_of(&ask(&door, json!({"bytes": 5})).await.json());
    let (packed, signature) = ticket.split_once('.').unwrap();
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(packed).unwrap()).unwrap();
    let larger = URL_SAFE_NO_PAD.encode(text.replace(",5,", ",500,"));
    assert_ne!(larger, packed);
    let other = Door::new().await;
    let tickets = logbook_upload::Tickets::local(String::new(), [8; 32]);
    for bad in [
        format!("{larger}.{signature}"),
        format!("{packed}."),
        packed.to_owned(),
        format!("{packed}.{}", &signature[1..]),
        format!("{packed}.{signature}x"),
        String::new(),
        "..".to_owned(),
    ] {
        assert_eq!(
            redeem(&other, &bad, 0),
            Err(TicketError::Signature),
            "{bad}"
        );
    }
    assert_eq!(tickets.redeem(&ticket, NOON), Err(TicketError::Signature));
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_by_name() {
    let door = Door::new().await;
    let bad = |name: &str| (400, name.to_owned());
    for (asked, problem) in [
        (json!({}), bad("bad-request")),
        (json!({"bytes": -1}), bad("bad-request")),
        (json!({"bytes": 1.5}), bad("bad-request")),
        (json!({"bytes": "5"}), bad("bad-request")),
        (json!([5]), bad("bad-request")),
        (json!({"bytes": 5, "log_id": "a/b"}), bad("bad-request")),
        (json!({"bytes": 5, "log_id": 7}), bad("bad-request")),
        (
            json!({"bytes": 5, "colour": "red"}),
            bad("unknown-parameter"),
        ),
        (
            json!({"bytes": 5, "consent": "off"}),
            (403, "consent-off".to_owned()),
        ),
        (
            json!({"bytes": (256_u64 << 20) + 1}),
            (413, "too-large".to_owned()),
        ),
    ] {
        let answer = ask(&door, asked.clone()).await;
        assert_eq!(answer.problem(), problem, "{asked}");
    }
    assert_eq!(ask(&door, json!({"bytes": 256 << 20})).await.status, 201);
    let answer = door.post("/v1/uploads", &[], "bytes=5").await;
    assert_eq!(answer.problem(), bad("bad-request"));
    let answer = door.post("/v1/uploads?bytes=5", &[], "{\"bytes\":5}").await;
    assert_eq!(answer.problem(), bad("unknown-parameter"));
    let answer = door.post("/v1/uploads", &[], vec![b' '; 20_000]).await;
    assert_eq!(answer.problem().0, 413);
}

/// The URL of an upload is logged wherever it passes.
#[tokio::test]
async fn a_ticket_names_nobody() {
    let door = Door::new().await;
    let asked = json!({"bytes": 5, "user": "Ann Example", "installation": "anns-laptop"});
    let answer = ask(&door, asked).await.json();
    let upload = redeem(&door, &ticket_of(&answer), 0).unwrap();
    for name in ["logbook-user", "logbook-installation"] {
        assert!(upload.metadata[name].starts_with("p:"), "{upload:?}");
    }
}

#[tokio::test]
async fn of_two_statements_of_consent_the_stricter_holds() {
    let door = Door::new().await;
    for (header, member) in [("crash", "usage"), ("usage", "crash")] {
        let asked = json!({"bytes": 5, "consent": member}).to_string();
        let headers = [("x-logbook-consent", header)];
        let answer = door.post("/v1/uploads", &headers, asked).await.json();
        let upload = redeem(&door, &ticket_of(&answer), 0).unwrap();
        assert_eq!(upload.metadata["logbook-consent"], "crash");
    }
    let asked = json!({"bytes": 5, "consent": "usage"}).to_string();
    let refused = door
        .post("/v1/uploads", &[("x-logbook-consent", "off")], asked)
        .await;
    assert_eq!(refused.status, 403);
}
