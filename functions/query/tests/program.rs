//! The program as Lambda runs it.
#![cfg(feature = "lambda")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

#[path = "../../../tests/lambda/aws.rs"]
mod aws;
#[path = "../../../tests/lambda/runtime.rs"]
mod runtime;

use aws::{Aws, assert_hides};
use runtime::{Lambda, refuses_without_each, starts_unconnected};
use serde_json::json;

const PROGRAM: &str = env!("CARGO_BIN_EXE_query");
const DATABASE: &[(&str, &str)] = &[
    ("LOGBOOK_DATABASE_HOST", "127.0.0.1"),
    ("LOGBOOK_DATABASE_AUTH", "secret"),
    ("LOGBOOK_DATABASE_SECRET_ARN", "logbook-test-database"),
    ("LOGBOOK_DATABASE_TLS", "off"),
    ("LOGBOOK_DATABASE_SESSIONS", "sessions"),
    ("LOGBOOK_DATABASE_ANALYTICS", "analytics"),
    ("LOGBOOK_JWT_SCOPES_CLAIM", "scope"),
];
const STORES: &[(&str, &str)] = &[
    ("LOGBOOK_ARCHIVE_BUCKET", "logbook-archive"),
    ("LOGBOOK_KMS_KEY_ID", "key"),
    ("LOGBOOK_HASH_SECRET_ARN", "secret"),
];

/// A request of API Gateway (HTTP), whose token the gateway has checked.
fn request(path: &str, query: &str) -> String {
    json!({
        "version": "2.0", "routeKey": format!("GET {path}"), "rawPath": path,
        "rawQueryString": query,
        "headers": {"authorization": "Bearer marked-token", "host": "h.example.org"},
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "h.example.org", "domainPrefix": "h",
            "requestId": "1", "routeKey": "$default", "stage": "$default",
            "time": "02/Nov/2026:12:10:00 +0000", "timeEpoch": 1_793_621_400_000_u64,
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.12", "userAgent": "curl"},
            "authorizer": {"jwt": {"scopes": [], "claims": {
                "sub": "marked-subject", "scope": "read:reports read:sessions admin",
                "products": "*"}}},
        },
        "isBase64Encoded": false,
    })
    .to_string()
}

#[test]
fn it_does_not_start_without_its_whole_environment() {
    refuses_without_each(PROGRAM, "query", &[STORES, DATABASE].concat());
}

#[test]
fn it_connects_to_nothing_before_it_must() {
    let event = request("/healthz", "");
    starts_unconnected(PROGRAM, "query", &[STORES, DATABASE].concat(), &event);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_writes_out_no_token_and_nobody_who_asks() {
    let Some(aws) = Aws::find().await else {
        return;
    };
    let mut variables = aws.variables();
    variables.extend(DATABASE);
    // Nobody listens there: what it says of that holds no secret either.
    variables.push(("LOGBOOK_DATABASE_PORT", "1"));
    let (product, key) = aws.product().await;
    let lambda = Lambda::start(PROGRAM, "query", &variables);
    for (path, query) in [
        ("/v1/products", String::new()),
        (
            "/v1/reports/active-users",
            format!("product={product}&marked-parameter=1"),
        ),
        (
            "/v1/sessions",
            format!("product={product}&user=marked-user"),
        ),
    ] {
        let answer = lambda.succeed(&request(path, &query));
        assert!(answer["statusCode"].is_u64(), "{answer}");
    }
    let hash_secret = aws.text_of(&aws.secret).await;
    let output = lambda.end();
    let secrets = [
        "marked-token",
        "marked-subject",
        "marked-user",
        key.as_str(),
        hash_secret.as_str(),
    ];
    assert_hides(&output, &secrets);
}
