//! What is wrong, and how it is said.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;
#[path = "../../../tests/lambda/told.rs"]
mod told;

use axum::http::header;
use logbook_query::Scope;
use support::{Api, TOKEN, ask, run};
use told::{Told, value, watched};

const PRIVATE: &[&str] = &[
    "/v1/reports",
    "/v1/reports/feature-usage",
    "/v1/products",
    "/v1/sessions",
    "/v1/sessions/s1",
    "/v1/sessions/s1/events",
    "/v1/logs/log-a",
    "/v1/logs/log-a/receipt",
    "/v1/ledger",
    "/v1/rejects",
];

#[tokio::test]
async fn everything_private_needs_a_valid_token() {
    let api = Api::new().await;
    let lower = format!("bearer {TOKEN}");
    for path in PRIVATE {
        let basic = format!("Basic {TOKEN}");
        let cases: [&[(&str, &str)]; 4] = [
            &[],
            &[("authorization", "Bearer wrong")],
            &[("authorization", &basic)],
            &[("authorization", "Bearer ")],
        ];
        for headers in cases {
            let answer = api.get_with(path, headers).await;
            assert_eq!(answer.status, 401, "{path} {headers:?}");
            assert_eq!(answer.problem(), "unauthorized");
            assert_eq!(answer.header(header::WWW_AUTHENTICATE), "Bearer");
        }
        let answer = api.get_with(path, &[("authorization", &lower)]).await;
        assert_ne!(answer.status, 401, "{path}");
    }
}

#[tokio::test]
async fn health_and_description_are_public() {
    let api = Api::empty().await;
    let health = api.get_with("/healthz", &[]).await;
    assert_eq!(
        (health.status.as_u16(), health.text().as_str()),
        (200, "ok\n")
    );
    let description = api.get_with("/openapi.json", &[]).await;
    assert_eq!(description.status, 200);
    assert_eq!(description.json()["openapi"], "3.1.0");
}

#[tokio::test]
async fn an_unknown_parameter_is_an_error_everywhere() {
    let api = Api::new().await;
    api.take("log-a", run("s1", 2, "1.0", "ann")).await;
    for path in PRIVATE {
        let answer = api.get(&format!("{path}?prodct=editor")).await;
        assert_eq!(answer.status, 400, "{path}");
        assert_eq!(answer.problem(), "unknown-parameter");
        assert_eq!(answer.json()["parameter"], "prodct");
    }
}

#[tokio::test]
async fn a_bad_value_says_what_is_allowed() {
    let api = Api::new().await;
    api.take("log-a", run("s1", 2, "1.0", "ann")).await;
    let mut said = Vec::new();
    for path in [
        "/v1/sessions?limit=0",
        "/v1/sessions?limit=501",
        "/v1/sessions?limit=many",
        "/v1/sessions?status=good",
        "/v1/sessions?from=2026-13-01",
        "/v1/sessions?from=2026-01-%C3%A4",
        "/v1/sessions?from=2026-02-02&to=2026-02-01",
        "/v1/sessions?version=",
        "/v1/sessions?after=zzz",
        "/v1/sessions?product=No",
        "/v1/sessions?limit=1&limit=2",
        "/v1/sessions/s1/events?limit=1001",
        "/v1/sessions/s1/events?after=zzz",
        "/v1/ledger?from=2020-01-01&to=2026-01-01",
        "/v1/rejects?reason=whim",
        "/v1/rejects?after=WyJzZXNzaW9ucyIsWzEsInMiXV0",
    ] {
        let answer = api.get(path).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
        assert_eq!(answer.problem(), "bad-request");
        said.push(format!("{path}\n  {}", answer.detail()));
    }
    insta::assert_snapshot!(said.join("\n"));
    let long = format!("/v1/sessions?name={}", "x".repeat(1025));
    assert_eq!(api.get(&long).await.problem(), "bad-request");
}

#[tokio::test]
async fn the_product_is_needed_only_where_there_are_several() {
    let api = Api::empty().await;
    let none = api.get("/v1/sessions").await;
    assert_eq!(
        (none.status.as_u16(), none.problem().as_str()),
        (404, "not-found")
    );
    api.add_product("editor").await;
    assert_eq!(api.ok("/v1/sessions").await["product"], "editor");
    api.add_product("player").await;
    let which = api.get("/v1/sessions").await;
    assert_eq!(which.problem(), "bad-request");
    assert_eq!(which.json()["parameter"], "product");
    assert_eq!(
        api.ok("/v1/sessions?product=player").await["product"],
        "player"
    );
    let unknown = api.get("/v1/sessions?product=viewer").await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.problem().as_str()),
        (404, "not-found")
    );
}

#[tokio::test]
async fn a_token_sees_its_products_only() {
    let api = Api::new().await;
    api.add_product("player").await;
    let token = format!("Bearer {TOKEN}");
    let headers = [("authorization", token.as_str())];
    let of_player = || api.limited(&[Scope::ReadSessions], Some(&["player"]));
    let own = ask(of_player(), "GET", "/v1/sessions", &headers).await;
    assert_eq!(own.json()["product"], "player");
    // Whether a product exists is not for this token to know.
    for other in ["editor", "viewer"] {
        let path = format!("/v1/sessions?product={other}");
        let answer = ask(of_player(), "GET", &path, &headers).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().as_str()),
            (403, "forbidden")
        );
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let api = Api::new().await;
    for path in [
        "/",
        "/v1",
        "/v1/search",
        "/v1/sessions/",
        "/v1/session",
        "/v1/sessions/a/b",
    ] {
        let answer = api.get(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().as_str()),
            (404, "not-found")
        );
    }
    let app = api.limited(Scope::ALL, None);
    for (method, path) in [("POST", "/v1/sessions"), ("DELETE", "/v1/logs/log-a")] {
        let answer = ask(app.clone(), method, path, &[]).await;
        assert_eq!(answer.status, 405);
        assert_eq!(answer.problem(), "method-not-allowed");
        assert_eq!(answer.header(header::ALLOW), "GET,HEAD");
    }
    let garbled = api.get("/v1/sessions/%ff").await;
    assert_eq!(
        (garbled.status.as_u16(), garbled.problem().as_str()),
        (400, "bad-request")
    );
}

#[tokio::test]
async fn a_store_that_fails_is_said_without_its_words_and_counted() {
    let told = Told::listen();
    let api = Api::new().await;
    api.get("/v1/sessions/none").await;
    assert_eq!(value(&told.metrics(), "RequestsFailed"), None);
    api.context.sessions.close().await;
    let answer = api.get("/v1/sessions").await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().as_str()),
        (503, "unavailable")
    );
    assert_eq!(answer.header(header::RETRY_AFTER), "5");
    assert!(!answer.text().contains("pool"), "{}", answer.text());
    assert!(watched("query").contains("RequestsFailed"));
    assert_eq!(value(&told.metrics(), "RequestsFailed"), Some(1.0));
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn a_database_that_is_away_is_said_to_be_resuming() {
    use std::net::{Ipv4Addr, TcpListener};

    use logbook_backends::{Credentials, Database, MySqlConfig, Tls};

    // A port on which nobody listens.
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let mut config = MySqlConfig::new("127.0.0.1", "nobody", Credentials::Password(None), "a");
    config.sessions_schema = Some("b".to_owned());
    config.port = port;
    config.tls = Tls::PlainLoopback;
    config.acquire_timeout = std::time::Duration::from_millis(200);
    let mut api = Api::new().await;
    api.context.analytics = Database::open_mysql(&config).unwrap();
    api.context.sessions = api.context.analytics.clone();
    let token = format!("Bearer {TOKEN}");
    let token = [("authorization", token.as_str())];
    let told = Told::listen();
    for path in ["/v1/sessions", "/v1/reports/release-health", "/v1/ledger"] {
        let answer = ask(api.limited(Scope::ALL, None), "GET", path, &token).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem().as_str()),
            (503, "database-resuming"),
            "{path}"
        );
        assert_eq!(answer.header(header::RETRY_AFTER), "10");
    }
    assert_eq!(value(&told.metrics(), "RequestsFailed"), None);
}
