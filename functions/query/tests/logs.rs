//! Logs as they came, and their receipts.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use axum::http::header;
use logbook_model::{Consent, LogId};
use logbook_pipeline::{Archived, Attempt, add_product_key, archive_key};
use logbook_query::Scope;
use support::{Answer, Api, TOKEN, ask, product, run};

async fn ranged(api: &Api, range: &str) -> Answer {
    let token = format!("Bearer {TOKEN}");
    let headers = [("authorization", token.as_str()), ("range", range)];
    api.get_with("/v1/logs/log-a", &headers).await
}

#[tokio::test]
async fn a_log_comes_back_byte_for_byte() {
    let api = Api::new().await;
    let body = run("s1", 2, "1.0", "ann");
    api.take("log-a", body.clone()).await;
    let answer = api.get("/v1/logs/log-a").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text(), body);
    assert_eq!(
        answer.header(header::CONTENT_TYPE),
        "application/octet-stream"
    );
    assert_eq!(answer.header(header::ACCEPT_RANGES), "bytes");
    assert_eq!(answer.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");

    let part = ranged(&api, "bytes=5-9").await;
    assert_eq!(part.status, 206);
    assert_eq!(part.text(), body[5..=9]);
    let place = format!("bytes 5-9/{}", body.len());
    assert_eq!(part.header(header::CONTENT_RANGE), place);
    assert_eq!(
        ranged(&api, "bytes=-4").await.text(),
        body[body.len() - 4..]
    );
    for bad in ["bytes=9999-", "lines=0-1", "bytes=0-1,4-5"] {
        let answer = ranged(&api, bad).await;
        assert_eq!(answer.status, 416, "{bad}");
        assert_eq!(answer.problem(), "range-not-satisfiable");
        assert_eq!(answer.json()["total_bytes"], body.len());
    }
}

#[tokio::test]
async fn a_large_log_is_read_in_ranges() {
    let api = Api::new().await;
    let line = run("s1", 2, "1.0", "ann");
    let body = line.repeat((6 << 20) / line.len());
    assert_eq!(
        api.archive(Api::new_log("log-a", body.clone())).await,
        Archived::Created
    );
    let whole = api.get("/v1/logs/log-a").await;
    assert_eq!(
        (whole.status.as_u16(), whole.problem().as_str()),
        (413, "too-large")
    );
    assert_eq!(whole.json()["total_bytes"], body.len());
    assert!(
        whole.detail().contains("Range: bytes=0-4194303"),
        "{}",
        whole.detail()
    );
    let mut read = Vec::new();
    while read.len() < body.len() {
        let part = ranged(&api, &format!("bytes={}-", read.len())).await;
        assert_eq!(part.status, 206);
        assert!(part.body.len() <= 4 << 20);
        let place = format!(
            "bytes {}-{}/{}",
            read.len(),
            read.len() + part.body.len() - 1,
            body.len()
        );
        assert_eq!(part.header(header::CONTENT_RANGE), place);
        read.extend(part.body);
    }
    assert!(read == body.as_bytes());
}

#[tokio::test]
async fn logs_are_for_administrators() {
    let api = Api::new().await;
    api.take("log-a", run("s1", 2, "1.0", "ann")).await;
    let token = format!("Bearer {TOKEN}");
    let headers = [("authorization", token.as_str())];
    let reader = api.limited(&[Scope::ReadSessions, Scope::ReadReports], None);
    let answer = ask(reader, "GET", "/v1/logs/log-a", &headers).await;
    assert_eq!(answer.problem(), "forbidden");
    assert_eq!(answer.json()["scope"], "admin");
    for missing in ["log-z", "not%20an%20id", "..%2Fx"] {
        let answer = api.get(&format!("/v1/logs/{missing}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().as_str()),
            (404, "not-found")
        );
    }
}

#[tokio::test]
async fn an_erased_log_is_gone() {
    let api = Api::new().await;
    let key = archive_key(&product("editor"), &LogId::new("log-a").unwrap());
    let tombstone = [("logbook-erased-at".to_owned(), "1".to_owned())].into();
    let put = logbook_backends::Put::IfAbsent;
    api.store
        .put(&key, Vec::new(), tombstone, put)
        .await
        .unwrap();
    let answer = api.get("/v1/logs/log-a").await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().as_str()),
        (410, "erased")
    );
    assert_eq!(api.ok("/v1/logs/log-a/receipt").await["state"], "erased");
}

#[tokio::test]
async fn a_log_that_was_tampered_with_is_not_shown() {
    let api = Api::new().await;
    api.take("log-a", run("s1", 2, "1.0", "ann")).await;
    api.tamper("log-a").await;
    let answer = api.get("/v1/logs/log-a").await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().as_str()),
        (500, "internal")
    );
    assert_eq!(answer.json()["reason"], "wrong_tag");
}

#[tokio::test]
async fn a_log_that_does_not_inflate_comes_as_it_was() {
    let api = Api::new().await;
    let broken = b"\x1f\x8b\x08\0\0\0\0\0\0\x03broken".to_vec();
    api.take("log-a", broken.clone()).await;
    assert_eq!(api.get("/v1/logs/log-a").await.body, broken);
    assert_eq!(api.ok("/v1/logs/log-a/receipt").await["state"], "rejected");
}

#[tokio::test]
async fn a_receipt_tells_every_state() {
    let api = Api::new().await;
    let body = run("s1", 2, "1.0", "ann");
    api.take("parsed", body.clone()).await;
    api.take("duplicate", body.clone()).await;
    api.take("rejected", "\n\n").await;
    let mut off = Api::new_log("off", run("s2", 2, "1.0", "ann"));
    off.consent = Consent::Off;
    api.take_log(off).await;
    api.archive(Api::new_log("pending", run("s3", 2, "1.0", "ann")))
        .await;
    let mut again = Api::new_log("parsed", body);
    again.attempt = Attempt("another".to_owned());
    assert_eq!(api.archive(again).await, Archived::Duplicate);

    let mut receipts = Vec::new();
    for id in ["parsed", "duplicate", "rejected", "off", "pending"] {
        receipts.push(api.ok(&format!("/v1/logs/{id}/receipt")).await);
    }
    insta::with_settings!({filters => vec![
        (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "[time]"),
        (r#""parser_version": "[^"]+""#, r#""parser_version": "[version]""#),
    ]}, {
        insta::assert_json_snapshot!(receipts);
    });
    assert_eq!(
        api.get("/v1/logs/nowhere/receipt").await.problem(),
        "not-found"
    );
}

#[tokio::test]
async fn a_product_key_may_ask_for_receipts_of_its_product_and_nothing_else() {
    let api = Api::new().await;
    api.add_product("player").await;
    let key = add_product_key(&api.store, &product("editor"))
        .await
        .unwrap();
    api.take("log-a", run("s1", 2, "1.0", "ann")).await;
    let bearer = format!("Bearer {key}");
    let ways = [
        ("x-logbook-key", key.as_str()),
        ("authorization", bearer.as_str()),
    ];
    for way in ways {
        for path in [
            "/v1/logs/log-a/receipt",
            "/v1/logs/log-a/receipt?product=editor",
        ] {
            let answer = api.get_with(path, &[way]).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_eq!(answer.json()["product"], "editor");
        }
        let other = api
            .get_with("/v1/logs/log-a/receipt?product=player", &[way])
            .await;
        assert_eq!(other.problem(), "bad-request");
        for path in [
            "/v1/logs/log-a",
            "/v1/sessions",
            "/v1/products",
            "/v1/ledger",
        ] {
            let answer = api.get_with(path, &[way]).await;
            assert_eq!(
                (answer.status.as_u16(), answer.problem().as_str()),
                (401, "unauthorized")
            );
        }
    }
    let wrong = [("x-logbook-key", "lbk_editor_wrong")];
    assert_eq!(
        api.get_with("/v1/logs/log-a/receipt", &wrong)
            .await
            .problem(),
        "unauthorized"
    );
    assert_eq!(
        api.get_with("/v1/logs/log-a/receipt", &[]).await.problem(),
        "unauthorized"
    );
}
