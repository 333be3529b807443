//! The program as Lambda runs it.
#![cfg(feature = "lambda")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

#[path = "../../../tests/lambda/aws.rs"]
mod aws;
#[path = "../../../tests/lambda/runtime.rs"]
mod runtime;

use aws::{Aws, assert_hides};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use runtime::{Lambda, refuses, refuses_without_each};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_upload");
const VARIABLES: &[(&str, &str)] = &[
    ("LOGBOOK_ARCHIVE_BUCKET", "logbook-archive"),
    ("LOGBOOK_INBOX_BUCKET", "logbook-inbox"),
    ("LOGBOOK_KMS_KEY_ID", "key"),
    ("LOGBOOK_HASH_SECRET_ARN", "secret"),
];

#[test]
fn it_does_not_start_without_its_whole_environment() {
    refuses_without_each(PROGRAM, "upload", VARIABLES);
}

#[test]
fn it_does_not_start_on_a_folder() {
    for folder in ["/var/logbook/archive", "file:///archive", "./archive", "a"] {
        let mut variables = VARIABLES.to_vec();
        variables[0].1 = folder;
        let says = "LOGBOOK_ARCHIVE_BUCKET must be the name of an S3 bucket";
        refuses(PROGRAM, "upload", &variables, says);
    }
}

/// A request of API Gateway (REST).
fn request(path: &str, headers: &Value, body: &str) -> String {
    json!({
        "resource": path, "path": path, "httpMethod": "POST",
        "headers": headers, "multiValueHeaders": {},
        "queryStringParameters": null, "multiValueQueryStringParameters": null,
        "pathParameters": null, "stageVariables": null,
        "requestContext": {
            "resourcePath": path, "httpMethod": "POST", "path": format!("/in{path}"),
            "stage": "in", "requestId": "1", "identity": {"sourceIp": "192.0.2.11"},
            "accountId": "1", "apiId": "a", "protocol": "HTTP/1.1", "resourceId": "r",
        },
        "body": STANDARD.encode(body), "isBase64Encoded": true,
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_writes_out_nothing_of_what_is_handed_to_it() {
    let Some(aws) = Aws::find().await else {
        return;
    };
    let (_, key) = aws.product().await;
    let mut variables = aws.variables();
    variables.push(("AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH", "true"));
    let lambda = Lambda::start(PROGRAM, "upload", &variables);
    let said = |key: &str, kind: &str| {
        json!({
            "x-logbook-key": key, "content-type": kind,
            "x-logbook-user": "marked-user", "x-logbook-installation": "marked-installation",
            "x-logbook-account": "marked-account", "x-logbook-file-name": "marked-file.log",
        })
    };
    let body = "{\"name\":\"start\",\"user\":\"marked-user\",\"text\":\"marked-body\"}\n";
    let ndjson = said(&key, "application/x-ndjson");
    let ticket = json!({"bytes": 10, "user": "marked-user", "file_name": "marked-file.log"});
    let json = said(&key, "application/json");
    for (path, headers, body, status) in [
        ("/v1/logs", &ndjson, body, 201),
        ("/v1/uploads", &json, ticket.to_string().as_str(), 201),
        ("/v1/otlp/v1/logs", &json, "{\"marked-body\": [", 400),
        (
            "/v1/logs",
            &said("marked-wrong-key", "text/plain"),
            body,
            401,
        ),
    ] {
        let answer = lambda.succeed(&request(path, headers, body));
        assert_eq!(answer["statusCode"], status, "{path}: {answer}");
    }
    let hash_secret = aws.text_of(&aws.secret).await;
    let output = lambda.end();
    let secrets = [
        key.as_str(),
        "marked-user",
        "marked-installation",
        "marked-account",
        "marked-file",
        "marked-body",
        "marked-wrong-key",
        &hash_secret,
        &STANDARD.encode(body),
    ];
    assert_hides(&output, &secrets);
}
