//! The ledger, the rejects, and the products.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use logbook_pipeline::sweep_archive;
use logbook_query::Scope;
use serde_json::{Value, json};
use support::{Api, TOKEN, ask, now, pages, product, run};

fn days() -> Vec<(&'static str, &'static str)> {
    vec![
        (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "[time]"),
        (r"\d{4}-\d\d-\d\d", "[day]"),
    ]
}

#[tokio::test]
async fn the_ledger_balances_once_the_archive_is_listed() {
    let api = Api::new().await;
    api.take("log-a", run("s1", 2, "1.0", "ann")).await;
    api.take("log-b", run("s1", 2, "1.0", "ann")).await;
    api.take("log-c", "\n").await;
    api.archive(Api::new_log("log-d", run("s2", 2, "1.0", "ann")))
        .await;
    let before = api.ok("/v1/ledger").await;
    assert_eq!(
        (&before["as_of"], &before["balanced"]),
        (&Value::Null, &Value::Null)
    );

    let at = now();
    let context = &api.context;
    let editor = product("editor");
    let listed = sweep_archive(&context.vault.archive, &context.sessions, &editor, at, None);
    assert_eq!(listed.await.unwrap().archived, 4);
    let reply = api.ok("/v1/ledger").await;
    insta::with_settings!({filters => days()}, {
        insta::assert_json_snapshot!(reply);
    });
}

#[tokio::test]
async fn rejects_have_totals_and_samples() {
    let api = Api::new().await;
    let good = run("s1", 2, "1.0", "ann");
    api.take(
        "log-a",
        good.clone() + "{broken\n{\"time\":\"never\",\"name\":\"x\"}\n{broken\n",
    )
    .await;
    api.take("log-b", "\n").await;
    let reply = api.ok("/v1/rejects").await;
    insta::with_settings!({filters => days()}, {
        insta::assert_json_snapshot!(reply);
    });
    let only = api.ok("/v1/rejects?reason=bad_time").await;
    assert_eq!(only["totals"].as_array().unwrap().len(), 1);
    assert_eq!(only["samples"].as_array().unwrap().len(), 1);
    assert_eq!(
        api.ok("/v1/rejects?to=2020-01-01").await["totals"],
        json!([])
    );
}

#[tokio::test]
async fn pages_of_rejects_give_each_once() {
    let api = Api::new().await;
    let bad = "{broken\n".repeat(7) + &"{\"time\":\"never\",\"name\":\"x\"}\n".repeat(6);
    api.take("log-a", run("s1", 2, "1.0", "ann") + &bad).await;
    api.take("log-b", "\n").await;
    let whole = api.ok("/v1/rejects").await["samples"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(whole.len(), 14);
    for limit in [1, 3, 7, 13, 14] {
        let pages = pages(&api, &format!("/v1/rejects?limit={limit}"), "samples").await;
        assert_eq!(pages.len(), 14usize.div_ceil(limit));
        assert_eq!(pages.concat(), whole);
    }
}

#[tokio::test]
async fn products_show_settings_and_no_keys() {
    let api = Api::new().await;
    api.add_product("player").await;
    let key = logbook_pipeline::add_product_key(&api.store, &product("player"))
        .await
        .unwrap();
    let reply = api.ok("/v1/products").await;
    assert!(!reply.to_string().contains("sha256") && !reply.to_string().contains(&key));
    insta::assert_json_snapshot!(reply);

    let token = format!("Bearer {TOKEN}");
    let headers = [("authorization", token.as_str())];
    let of_player = api.limited(&[Scope::ReadReports], Some(&["player"]));
    let covered = ask(of_player, "GET", "/v1/products", &headers).await.json();
    assert_eq!(covered["products"][0]["product"], "player");
    assert_eq!(covered["products"].as_array().unwrap().len(), 1);
}
