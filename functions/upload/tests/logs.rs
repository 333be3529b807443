//! What `POST /v1/logs` promises.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::io::Read;

use axum::http::header;
use logbook_backends::{Durability, Keys, ObjectStore};
use logbook_model::LogId;
use logbook_pipeline::{Vault, open_log};
use support::{Door, LOG, NOON, editor, gzip};

#[tokio::test]
async fn a_log_that_was_taken_is_durable_and_its_answer_says_where_to_ask() {
    let door = Door::new().await;
    let answer = door.log(&[("x-logbook-log-id", "run-1")], LOG).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.headers[header::LOCATION], "/v1/logs/run-1/receipt");
    assert_eq!(
        answer.json(),
        serde_json::json!({
            "product": "editor",
            "log_id": "run-1",
            "state": "archived",
            "duplicate": false,
            "receipt": "/v1/logs/run-1/receipt",
        })
    );
    // Another process, over the same folder.
    let at = |name: &str| door.directory.path().join(name);
    let archive = at("archive");
    let store = ObjectStore::open_dir(&archive, Durability::Process);
    let keys = Keys::open_dir(&at("keys")).await.unwrap();
    let vault = Vault::new(store.await.unwrap(), keys);
    let id = LogId::new("run-1").unwrap();
    let opened = open_log(&vault, &editor(), &id).await.unwrap();
    assert_eq!(opened.attributes.received_at, NOON);
    let mut plain = String::new();
    opened
        .log
        .reader(1 << 20)
        .read_to_string(&mut plain)
        .unwrap();
    assert_eq!(plain, LOG);
}

#[tokio::test]
async fn the_id_may_come_in_the_query() {
    let door = Door::new().await;
    let answer = door.post("/v1/logs?log_id=run-1", &[], LOG).await;
    assert_eq!(answer.json()["log_id"], "run-1");
    assert!(door.archived("run-1").await.is_some());
}

#[tokio::test]
async fn a_log_without_an_id_gets_one_of_its_own() {
    let door = Door::new().await;
    let (one, two) = (door.log(&[], LOG).await, door.log(&[], LOG).await);
    assert_eq!((one.status.as_u16(), two.status.as_u16()), (201, 201));
    let id = |answer: &support::Answer| answer.json()["log_id"].as_str().unwrap().to_owned();
    assert_ne!(id(&one), id(&two));
    assert_eq!(id(&one).len(), 36);
    assert!(door.archived(&id(&one)).await.is_some());
}

#[tokio::test]
async fn the_same_log_sent_again_is_a_duplicate_and_noted_at_the_edge() {
    let door = Door::new().await;
    let named = [("x-logbook-log-id", "run-1")];
    assert_eq!(door.log(&named, LOG).await.status, 201);
    assert_eq!(door.edge_notes().await, 0);
    let again = door.log(&named, gzip(LOG)).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.json()["duplicate"], true);
    assert_eq!(again.headers[header::LOCATION], "/v1/logs/run-1/receipt");
    assert_eq!(door.edge_notes().await, 1);
}

#[tokio::test]
async fn other_content_under_a_taken_id_is_refused_and_nothing_is_written() {
    let door = Door::new().await;
    let named = [("x-logbook-log-id", "run-1")];
    door.log(&named, LOG).await;
    let before = door.files();
    let answer = door.log(&named, "{\"name\":\"other\"}\n").await;
    assert_eq!(answer.problem(), (409, "id-conflict".to_owned()));
    assert_eq!(door.files(), before);
    // What is said of a log belongs to its content.
    let said = [named[0], ("x-logbook-version", "2.0")];
    assert_eq!(door.log(&said, LOG).await.status, 409);
}

#[tokio::test]
async fn plain_gzip_and_zstd_are_the_same_log() {
    let door = Door::new().await;
    let packed = zstd::encode_all(LOG.as_bytes(), 1).unwrap();
    for (id, body, encoding) in [
        ("a", LOG.as_bytes().to_vec(), None),
        ("b", gzip(LOG), None),
        ("c", gzip(LOG), Some("gzip")),
        ("d", packed.clone(), None),
        ("e", packed, Some("ZSTD")),
        ("f", LOG.as_bytes().to_vec(), Some("identity")),
    ] {
        let mut headers = vec![("x-logbook-log-id", id)];
        headers.extend(encoding.map(|encoding| ("content-encoding", encoding)));
        assert_eq!(door.log(&headers, body).await.status, 201, "{id}");
    }
    let first = door.archived("a").await.unwrap();
    for id in ["b", "c", "d", "e", "f"] {
        let other = door.archived(id).await.unwrap();
        let hash = "logbook-content-hash";
        assert_eq!(other[hash], first[hash], "{id}");
        let bytes = "logbook-inflated-bytes";
        assert_eq!(other[bytes], first[bytes], "{id}");
    }
}

#[tokio::test]
async fn an_encoding_that_is_not_known_is_refused() {
    let door = Door::new().await;
    for encoding in ["br", "deflate", "gzip, gzip", ""] {
        let answer = door.log(&[("content-encoding", encoding)], LOG).await;
        assert_eq!(
            answer.problem(),
            (415, "unsupported-media".to_owned()),
            "{encoding}"
        );
    }
}

#[tokio::test]
async fn a_body_over_the_bound_is_shown_the_other_door() {
    let door = Door::new().await;
    let before = door.files();
    let answer = door.log(&[], vec![b'x'; (4 << 20) + 1]).await;
    assert_eq!(answer.problem(), (413, "too-large".to_owned()));
    assert_eq!(answer.json()["see"], "/v1/uploads");
    assert_eq!(answer.json()["max_bytes"], 4 << 20);
    assert!(answer.detail().contains("/v1/uploads"));
    assert_eq!(door.files(), before);
    assert_eq!(door.log(&[], vec![b'x'; 4 << 20]).await.status, 201);
}

#[tokio::test]
async fn a_log_that_ends_too_early_is_taken_for_parsing_to_judge() {
    let door = Door::new().await;
    let mut cut = gzip(LOG);
    cut.truncate(cut.len() - 9);
    let answer = door.log(&[("x-logbook-log-id", "run-1")], cut).await;
    assert_eq!(answer.status, 201);
    assert_eq!(door.log(&[], "").await.status, 201);
}

#[tokio::test]
async fn only_post_is_taken() {
    use tower::ServiceExt;
    let door = Door::new().await;
    let request = axum::http::Request::builder()
        .uri("/v1/logs")
        .body(axum::body::Body::empty())
        .unwrap();
    let response = logbook_upload::app(door.context.clone()).oneshot(request);
    assert_eq!(response.await.unwrap().status(), 405);
}
