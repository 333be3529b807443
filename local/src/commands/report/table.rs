//! A page of a report for people. It is read from the JSON that the query API gives, so that one
//! from elsewhere looks the same.

use serde_json::Value;

use crate::output;

/// The items of a list.
pub(super) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// A table, and below it what it rests on.
pub(super) fn of_page(page: &Value) -> String {
    let columns: Vec<&Value> = items(&page["columns"]).collect();
    let name = |column: &&Value| column["name"].as_str().unwrap_or_default().to_owned();
    let names: Vec<String> = columns.iter().map(name).collect();
    let rows: Vec<Vec<String>> = items(&page["rows"])
        .map(|row| {
            let cells = columns.iter().zip(&names);
            cells
                .map(|(column, name)| cell(&row[name], column))
                .collect()
        })
        .collect();
    let header: Vec<&str> = names.iter().map(|name| headed(name)).collect();
    let text = |of: &Value| of.as_str().unwrap_or_default().to_owned();
    let mut out = format!("{} .. {}\n\n", text(&page["from"]), text(&page["to"]));
    out.push_str(&output::table(&header, &rows));
    out.push('\n');
    if rows.is_empty() {
        out.push_str("nothing to show of these days: others are named with --from and --to\n");
    }
    let count = |of: &Value| of.as_u64().unwrap_or_default();
    let withheld = count(&page["withheld_groups"]);
    if withheld > 0 {
        out.push_str(&format!(
            "withheld for fewer persons than the product's min users: {withheld} \
             (`logbook product set ID --min-users N`; 0 where logs name nobody)\n"
        ));
    }
    let fresh = &page["freshness"];
    out.push_str(&rests_on(page));
    out.push_str(&format!(
        "; {} logs pending, {} rejected\n",
        count(&fresh["logs_pending"]),
        count(&fresh["logs_rejected"])
    ));
    if !page["next"].is_null() {
        out.push_str("there are more rows: ask for more with --limit\n");
    }
    out
}

/// Up to when a page speaks.
fn rests_on(page: &Value) -> String {
    match (&page["listed_as_of"], &page["freshness"]["complete_until"]) {
        (Value::String(at), _) if page["report"] == "ledger" => {
            format!("of what the archive held at {at}")
        }
        _ if page["report"] == "ledger" => {
            "the archive has not been listed yet: what was received is counted then".to_owned()
        }
        (_, Value::String(at)) => format!("complete until {at}"),
        _ => "not analyzed yet".to_owned(),
    }
}

/// A column's name, without the unit that its cells bear themselves.
pub(super) fn headed(name: &str) -> &str {
    name.trim_end_matches("_us")
}

/// A cell of a column, by the column's type and unit.
pub(super) fn cell(value: &Value, column: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(share) if column["type"] == "ratio" => {
            format!("{:.2}%", share.as_f64().unwrap_or_default() * 100.0)
        }
        Value::Number(number) if column["type"] == "number" => {
            let text = format!("{:.4}", number.as_f64().unwrap_or_default());
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Value::Number(us) if column["unit"] == "µs" => {
            format!("{:.1} ms", us.as_f64().unwrap_or_default() / 1000.0)
        }
        other => other.to_string(),
    }
}
