//! What is agreed with accounts, told and asked.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use axum::http::StatusCode;
use logbook_pipeline::{ProductChange, change_product, read_contracts};
use logbook_query::Scope;
use serde_json::json;
use support::{Answer, Api, TOKEN, ask_with, product};

const JSON: &str = "application/json";

impl Api {
    async fn send(&self, method: &str, path: &str, media: &str, body: &str) -> Answer {
        let token = format!("Bearer {TOKEN}");
        let headers = [("authorization", token.as_str()), ("content-type", media)];
        ask_with(self.router(), method, path, &headers, body).await
    }

    async fn put(&self, path: &str, body: &str) -> Answer {
        self.send("PUT", path, JSON, body).await
    }
}

#[tokio::test]
async fn a_contract_is_kept_replaced_and_forgotten() {
    let api = Api::new().await;
    let nobody = api.get("/v1/accounts/acme").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    let said = r#"{"name": "Acme, Inc.", "seats": 25, "modules": ["print", "export", "print"],
        "owner": "kim@vendor.example", "renews_on": "2027-01-31"}"#;
    let kept = api.put("/v1/accounts/acme", said).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.text());
    let whole = json!({
        "account": "acme", "name": "Acme, Inc.", "seats": 25, "modules": ["export", "print"],
        "owner": "kim@vendor.example", "renews_on": "2027-01-31",
    });
    assert_eq!(kept.json(), whole);
    assert_eq!(api.ok("/v1/accounts/acme").await, whole);
    let replaced = api.put("/v1/accounts/acme", r#"{"seats": 30}"#).await;
    let less = json!({"account": "acme", "seats": 30, "modules": []});
    assert_eq!(replaced.json(), less);
    let all = json!({"product": "editor", "accounts": {"acme": {"seats": 30, "modules": []}}});
    assert_eq!(api.ok("/v1/accounts").await, all);
    let gone = api.send("DELETE", "/v1/accounts/acme", JSON, "").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let again = api.send("DELETE", "/v1/accounts/acme", JSON, "").await;
    assert_eq!(again.problem(), "not-found");
}

#[tokio::test]
async fn a_table_is_taken_whole_or_not_at_all() {
    let api = Api::new().await;
    api.put("/v1/accounts/old", r#"{"seats": 1}"#).await;
    let table = "account,seats,modules,renews_on,name\r\nacme,25,export; print,2027-01-31,\r\n\
                 \"b, c\",,,,'=Bee\r\n";
    let taken = api.send("PUT", "/v1/accounts", "text/csv", table).await;
    assert_eq!(taken.json(), json!({"accounts": 2}), "{}", taken.text());
    let held = api.ok("/v1/accounts").await;
    assert_eq!(
        held["accounts"],
        json!({
            "acme": {"seats": 25, "modules": ["export", "print"], "renews_on": "2027-01-31"},
            "b, c": {"name": "=Bee", "modules": []},
            "old": {"seats": 1, "modules": []},
        })
    );
    for (table, line, what) in [
        ("", 1, "account is needed"),
        ("account,color\nx,red\n", 1, "\"color\" is no column"),
        ("account,seats\nx,1\ny,many\n", 3, "no whole number"),
        ("account,renews_on\nx,31.1.2027\n", 2, "no date"),
        ("account,seats\n,1\n", 2, "account is missing"),
        ("account,seats\nx,1\nx,2\n", 3, "in a line before"),
        ("account,seats\nx\n", 2, "1 cells where the header has 2"),
    ] {
        let refused = api.send("PUT", "/v1/accounts", "text/csv", table).await;
        assert_eq!(refused.problem(), "bad-request", "{table:?}");
        assert_eq!(refused.json()["line"], line, "{table:?}");
        assert!(refused.detail().contains(what), "{}", refused.detail());
    }
    assert_eq!(api.ok("/v1/accounts").await, held);
}

#[tokio::test]
async fn what_is_no_contract_is_refused() {
    let api = Api::new().await;
    for (body, what) in [
        ("", "JSON object is needed"),
        ("[]", "JSON object is needed"),
        ("{", "EOF"),
        (r#"{"seat": 1}"#, "unknown field `seat`"),
        (r#"{"seats": -1}"#, "invalid value"),
        (r#"{"renews_on": "soon"}"#, "not a date"),
        (r#"{"name": ""}"#, "name must be one line"),
        (r#"{"modules": ["a;b"]}"#, "semicolon"),
    ] {
        let refused = api.put("/v1/accounts/acme", body).await;
        assert_eq!(refused.problem(), "bad-request", "{body}");
        assert!(
            refused.detail().contains(what),
            "{body}: {}",
            refused.detail()
        );
    }
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(70_000));
    let refused = api.put("/v1/accounts/acme", &large).await;
    assert_eq!(refused.problem(), "too-large");
    let refused = api.put("/v1/accounts/%20", "{}").await;
    assert_eq!(refused.detail(), "the account is empty");
}

#[tokio::test]
async fn accounts_are_kept_as_sessions_name_them() {
    let api = Api::new().await;
    let editor = product("editor");
    let hidden = ProductChange {
        accounts_readable: Some(false),
        ..ProductChange::default()
    };
    change_product(&api.store, &editor, hidden).await.unwrap();
    let kept = api.put("/v1/accounts/acme", r#"{"seats": 3}"#).await.json();
    let pseudonym = kept["account"].as_str().unwrap();
    assert!(pseudonym.starts_with("p:"), "{pseudonym}");
    let read = read_contracts(&api.store, &editor, None).await.unwrap();
    let accounts = read.unwrap().contracts.accounts;
    assert_eq!(accounts.keys().collect::<Vec<_>>(), [pseudonym]);
    assert_eq!(api.ok("/v1/accounts/acme").await, kept);
    let path = format!("/v1/accounts/{pseudonym}");
    assert_eq!(api.ok(&path).await, kept);
}

#[tokio::test]
async fn nothing_is_agreed_for_a_product_that_nobody_registered() {
    let api = Api::new().await;
    let stranger = product("stranger");
    let mut log = Api::new_log("a", "{\"name\":\"x\"}\n");
    log.product = stranger.clone();
    api.take_log(log).await;
    let of = "/v1/accounts/acme?product=stranger";
    let refused = api.put(of, r#"{"seats": 1}"#).await;
    assert_eq!(refused.problem(), "not-found");
    let archive = &api.context.vault.archive;
    let held = read_contracts(archive, &stranger, None).await.unwrap();
    assert!(held.is_none_or(|held| held.contracts.accounts.is_empty()));
}

#[tokio::test]
async fn only_an_admin_says_what_is_agreed() {
    let api = Api::new().await;
    let token = format!("Bearer {TOKEN}");
    let headers = [("authorization", token.as_str())];
    let analyst = api.limited(&[Scope::ReadReports], None);
    for (method, path) in [
        ("PUT", "/v1/accounts/acme"),
        ("DELETE", "/v1/accounts/acme"),
        ("PUT", "/v1/accounts"),
    ] {
        let refused = ask_with(analyst.clone(), method, path, &headers, "{}").await;
        assert_eq!(refused.problem(), "forbidden", "{method} {path}");
    }
    let listed = ask_with(analyst, "GET", "/v1/accounts", &headers, "").await;
    assert_eq!(listed.status, StatusCode::OK);
    let elsewhere = api.limited(&[Scope::Admin], Some(&["player"]));
    let path = "/v1/accounts/acme?product=editor";
    let refused = ask_with(elsewhere, "PUT", path, &headers, "{}").await;
    assert_eq!(refused.problem(), "forbidden");
}
