//! The description of the API.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeSet;

use logbook_query::document;
use serde_json::Value;
use support::Api;

fn described() -> Value {
    serde_json::from_str(document()).unwrap()
}

fn is_upload(operation: &Value) -> bool {
    operation["tags"][0] == "uploads"
}

#[test]
fn the_kept_description_is_that_of_the_code() {
    let kept = include_str!("../openapi.json");
    assert!(
        kept == document(),
        "write it anew: cargo run -p logbook-query --example openapi > functions/query/openapi.json"
    );
}

#[test]
fn every_route_is_described() {
    let described = described();
    let paths: Vec<&String> = described["paths"].as_object().unwrap().keys().collect();
    insta::assert_json_snapshot!(paths);
}

#[tokio::test]
async fn every_described_path_is_answered() {
    let api = Api::new().await;
    let described = described();
    // Those of uploads are another function's; the embedded program answers both.
    let paths = described["paths"].as_object().unwrap().iter();
    for (path, _) in paths.filter(|(_, item)| !item.as_object().unwrap().values().any(is_upload)) {
        let path = path.replace("{id}", "nobody").replace("{name}", "nothing");
        let answer = api.get_with(&path, &[]).await;
        assert!(
            matches!(answer.status.as_u16(), 200 | 401),
            "{path}: {}",
            answer.text()
        );
    }
}

#[test]
fn every_operation_says_how_it_fails_and_who_may_ask() {
    let mut ids = BTreeSet::new();
    for (path, item) in described()["paths"].as_object().unwrap() {
        let public = matches!(path.as_str(), "/healthz" | "/openapi.json");
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{place}");
            assert!(ids.insert(operation["operationId"].to_string()), "{place}");
            assert_eq!(operation["security"].is_array(), !public, "{place}");
            let responses = operation["responses"].as_object().unwrap();
            let told = if is_upload(operation) { "413" } else { "404" };
            for status in ["400", "401", "403", told, "500", "503"] {
                assert_eq!(responses.contains_key(status), !public, "{place} {status}");
            }
            for (status, response) in responses {
                assert!(response["description"].is_string(), "{place} {status}");
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{place} {parameter}");
            }
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let described = described();
    let mut references = Vec::new();
    collect(&described, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(described.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect<'v>(value: &'v Value, references: &mut Vec<&'v str>) {
    match value {
        Value::Object(map) => {
            references.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|inner| collect(inner, references));
        }
        Value::Array(list) => list.iter().for_each(|inner| collect(inner, references)),
        _ => {}
    }
}
