//! What is sent while the process dies and lives again.

use std::collections::HashSet;

use super::logs::{Item, Route, bad, good, gzip, of_the_field, otlp, real_logs, usage};

/// Products with a profile of their own, and where logs of the field for them lie.
pub(crate) const PRODUCTS: [(&str, &str, &str); 6] = [
    ("jetbrains-fus", "jetbrains-fus", "log"),
    ("eclipse-udc", "eclipse-udc", "csv"),
    ("idea-log", "idea-log", "log"),
    ("elastic-apm", "elastic-apm-intake", "ndjson"),
    ("minecraft", "minecraft", "log"),
    ("otlp", "otlp-proto-examples", "json"),
];
/// Every format and every fault, by every route; duplicates by id and by content.
pub(crate) fn fixtures() -> Vec<Item> {
    let mut items = Vec::new();
    let routes = [Route::Api, Route::Ticket, Route::Drop];
    for (at, (name, body)) in good().into_iter().enumerate() {
        items.push(Item::new(
            "app",
            &format!("good-{name}"),
            routes[at % 3],
            body,
        ));
    }
    for (name, body) in bad() {
        for route in routes {
            items.push(Item::new(
                "app",
                &format!("bad-{name}-{route:?}"),
                route,
                body.clone(),
            ));
        }
    }
    items.push(Item::new("app", "exported", Route::Otlp, otlp("exported")));
    // A record more, which is refused.
    let body = String::from_utf8_lossy(&otlp("exported-in-part")).into_owned();
    let body = body.replacen(
        "\"logRecords\":[",
        "\"logRecords\":[{\"severityNumber\":99},",
        1,
    );
    items.push(Item::new(
        "app",
        "exported-in-part",
        Route::Otlp,
        body.into_bytes(),
    ));
    let again: Vec<Item> = items
        .iter()
        .filter(|one| !one.id.starts_with("bad-"))
        .cloned()
        .collect();
    items.extend(again);
    // The same content under another id, and compressed otherwise.
    items.push(Item::new("app", "copy-1", Route::Api, usage("plain")).copy());
    items.push(Item::new("app", "copy-2", Route::Drop, gzip(&usage("plain"))).copy());
    items.push(Item::new("app", "copy-3", Route::Ticket, usage("zipped")).copy());
    items
}

/// The logs of the field, by all routes in turn.
pub(crate) fn of_field() -> Vec<Item> {
    let Some(folder) = real_logs() else {
        return Vec::new();
    };
    let mut items = Vec::new();
    let routes = [Route::Api, Route::Ticket, Route::Drop];
    for (product, below, extension) in PRODUCTS {
        let mut seen = HashSet::new();
        let logs = of_the_field(&folder, below, extension);
        for (at, body) in logs.into_iter().enumerate() {
            let first = seen.insert(body.clone());
            let item = Item::new(product, &format!("real-{at}"), routes[at % 3], body);
            items.push(if first { item } else { item.copy() });
        }
    }
    items
}
