//! `/openapi.json` against the doors that it describes: uploads are answered as it says.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::Installation;
use crate::support::door::{Answer, Door};
use crate::support::logs::usage;

/// An export of one record.
const EXPORT: &[u8] =
    br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"eventName":"save"}]}]}]}"#;

/// The description, followed from a reference.
fn resolved<'v>(described: &'v Value, schema: &'v Value) -> &'v Value {
    match schema["$ref"].as_str() {
        Some(reference) => described.pointer(&reference[1..]).unwrap(),
        None => schema,
    }
}

/// The members that an operation's answer of a status has, by the description.
fn members(described: &Value, operation: &Value, status: u16) -> BTreeSet<String> {
    let response = &operation["responses"][status.to_string()];
    assert!(
        response.is_object(),
        "{status} is not described: {operation}"
    );
    let content = response["content"].as_object();
    let Some((_, media)) = content.and_then(|content| content.iter().next()) else {
        return BTreeSet::new();
    };
    let schema = resolved(described, &media["schema"]);
    let properties = schema["properties"].as_object().unwrap();
    properties.keys().cloned().collect()
}

fn send(door: &Door, path: &str, body: &[u8], headers: &[(&str, &str)]) -> Answer {
    door.send(path, body, headers).unwrap()
}

#[test]
fn the_upload_api_is_described_as_it_answers() {
    let installation = Installation::new();
    let _running = installation.started();
    let door = installation.door("app");
    let described = door.ask("/openapi.json").body;
    let otlp = ("content-type", "application/json");
    let ticket = json!({ "bytes": 10, "log_id": "by-ticket", "version": "1.0" }).to_string();
    let id = ("x-logbook-log-id", "one");
    let mut seen = BTreeSet::new();
    for (path, body, headers, status) in [
        ("/v1/logs", &usage("one")[..], &[id][..], 201),
        ("/v1/logs", &usage("one"), &[id], 200),
        ("/v1/logs", &usage("two"), &[id], 409),
        ("/v1/logs?no=such", &usage("one"), &[], 400),
        ("/v1/otlp/v1/logs", EXPORT, &[otlp], 200),
        ("/v1/uploads", ticket.as_bytes(), &[], 201),
        ("/v1/uploads", b"{}", &[], 400),
        ("/v1/uploads", br#"{"bytes":999999999999}"#, &[], 413),
    ] {
        let answer = send(&door, path, body, headers);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        let path = path.split('?').next().unwrap();
        seen.insert(path.to_owned());
        let operation = &described["paths"][path]["post"];
        let members = members(&described, operation, status);
        let given = answer.body.as_object().map(|given| given.keys().cloned());
        let given: BTreeSet<String> = given.into_iter().flatten().collect();
        // A problem may say more than all problems do.
        let fits = if status < 300 {
            given == members
        } else {
            given.is_superset(&members)
        };
        assert!(fits, "{path} {status}: {given:?} and not {members:?}");
    }
    let uploads = described["paths"].as_object().unwrap().iter();
    let uploads = uploads.filter(|(_, item)| item["post"]["tags"][0] == "uploads");
    assert_eq!(seen, uploads.map(|(path, _)| path.clone()).collect());
}

#[test]
fn every_header_that_is_described_is_taken() {
    let installation = Installation::new();
    let _running = installation.started();
    let door = installation.door("app");
    let described = door.ask("/openapi.json").body;
    let parameters = described["paths"]["/v1/logs"]["post"]["parameters"]
        .as_array()
        .unwrap();
    let names = parameters.iter().filter(|one| one["in"] == "header");
    let names: Vec<&str> = names.map(|one| one["name"].as_str().unwrap()).collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let value = match name {
            "X-Logbook-Consent" => "usage",
            "X-Logbook-Modified-At" => "2026-11-02T10:00:00Z",
            _ => "something",
        };
        let answer = send(&door, "/v1/logs", &usage(name), &[(name, value)]);
        assert_eq!(answer.status, 201, "{name}: {answer:?}");
    }
}
