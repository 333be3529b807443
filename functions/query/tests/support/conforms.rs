//! Whether an answer is what the description says.

use logbook_query::document;
use serde_json::Value;

/// Checks an answer of `GET path` against its schema: every member is described, every
/// required one is there, and each is of the type it should be.
pub(crate) fn conforms(path: &str, answer: &Value) {
    let described: Value = serde_json::from_str(document()).unwrap();
    let path = path.split('?').next().unwrap();
    let paths = described["paths"].as_object().unwrap();
    let (_, item) = paths
        .iter()
        .find(|(template, _)| fits(template, path))
        .unwrap();
    let schema = &item["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    check(&described, schema, answer, path);
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template
            .zip(path)
            .all(|(t, p)| t == p || t.starts_with('{'))
}

fn check(described: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = follow(described, schema);
    if let Some(one_of) = schema["oneOf"].as_array() {
        // Only ever: null, or something.
        let null = |one: &&Value| (one["type"] == "null") == value.is_null();
        return check(described, one_of.iter().find(null).unwrap(), value, place);
    }
    let mut types: Vec<&str> = schema["type"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    types.extend(schema["type"].as_str());
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let anything = types.is_empty() && schema.get("allOf").is_none();
    assert!(
        anything || types.contains(&is) || schema.get("allOf").is_some(),
        "{place}: {is}, not {types:?}"
    );
    match value {
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                check(described, &schema["items"], item, &format!("{place}[{n}]"));
            }
        }
        Value::Object(members) => {
            let (properties, required) = members_of(described, schema);
            for name in &required {
                assert!(members.contains_key(*name), "{place}: no {name}");
            }
            for (name, member) in members {
                let place = format!("{place}.{name}");
                let more = &schema["additionalProperties"];
                let known = properties.iter().find(|(known, _)| *known == name);
                let schema = known.map_or(more, |(_, schema)| schema);
                assert!(!schema.is_null(), "{place} is not described");
                check(described, schema, member, &place);
            }
        }
        _ => {}
    }
}

fn follow<'v>(described: &'v Value, schema: &'v Value) -> &'v Value {
    match schema["$ref"].as_str() {
        Some(reference) => described.pointer(&reference[1..]).unwrap(),
        None => schema,
    }
}

type Members<'v> = (Vec<(&'v String, &'v Value)>, Vec<&'v str>);

fn members_of<'v>(described: &'v Value, schema: &'v Value) -> Members<'v> {
    let mut properties = Vec::new();
    let mut required = Vec::new();
    let parts = schema["allOf"].as_array().into_iter().flatten();
    for part in parts.map(|part| follow(described, part)).chain([schema]) {
        properties.extend(part["properties"].as_object().into_iter().flatten());
        let names = part["required"].as_array().into_iter().flatten();
        required.extend(names.filter_map(Value::as_str));
    }
    (properties, required)
}
