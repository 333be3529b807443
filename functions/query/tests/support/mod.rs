//! The API over embedded backends in a directory of its own.

#![allow(dead_code, reason = "each test file uses its part of it")]

mod conforms;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use logbook_backends::sql::{self, Via};
use logbook_backends::{Attached, Database, Durability, Keys, ObjectStore, Put};
use logbook_bootstrap::http::read_body;
use logbook_model::{Consent, LogId, ProductId, Timestamp};
use logbook_pipeline::{
    Archived, Attempt, Job, NewLog, NewProduct, Registry, Vault, add_product, archive_key,
    archive_log, process,
};
use logbook_query::{Auth, Context, Principal, Products, Scope, app};
use logbook_reports::SESSIONS_SCHEMA;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const TOKEN: &str = "a-token-for-tests";

pub(crate) fn product(id: &str) -> ProductId {
    ProductId::new(id).unwrap()
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(since.as_micros() as i64)
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }

    /// The stable name of a problem, after a look at what every problem has.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(
            self.header(header::CONTENT_TYPE),
            "application/problem+json"
        );
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        assert!(body["detail"].is_string() && body["title"].is_string());
        let kind = body["type"].as_str().unwrap();
        kind.strip_prefix("urn:logbook:problem:")
            .unwrap()
            .to_owned()
    }

    pub(crate) fn detail(&self) -> String {
        self.json()["detail"].as_str().unwrap().to_owned()
    }
}

pub(crate) struct Api {
    pub(crate) context: Context,
    pub(crate) store: ObjectStore,
    app: Router,
    _directory: TempDir,
}

impl Api {
    /// With the product `editor`.
    pub(crate) async fn new() -> Self {
        let api = Self::empty().await;
        api.add_product("editor").await;
        api
    }

    /// Without a product.
    pub(crate) async fn empty() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let process = Durability::Process;
        let store = ObjectStore::open_dir(&at("archive"), process)
            .await
            .unwrap();
        let keys = Keys::open_dir(&at("keys")).await.unwrap();
        let sessions = Database::open_file(&at("sessions.db"), process)
            .await
            .unwrap();
        sql::migrate(&sessions).await.unwrap();
        let attached = Attached {
            name: SESSIONS_SCHEMA.to_owned(),
            path: at("sessions.db"),
        };
        let analytics = Database::open_file_with(&at("analytics.db"), process, vec![attached])
            .await
            .unwrap();
        logbook_reports::migrate(&analytics).await.unwrap();
        let context = Context {
            vault: Arc::new(Vault::new(store.clone(), keys)),
            sessions,
            analytics,
            registry: Arc::new(Registry::new(store.clone(), Duration::ZERO)),
            marks: None,
            auth: Auth::local(TOKEN),
            now,
        };
        Self {
            app: app(context.clone()),
            context,
            store,
            _directory: directory,
        }
    }

    pub(crate) async fn add_product(&self, id: &str) {
        let new = NewProduct {
            id: product(id),
            profile: "logbook".to_owned(),
            consent: Consent::Usage,
            min_users: 5,
            accounts_readable: true,
        };
        assert!(add_product(&self.store, new).await.unwrap());
    }

    pub(crate) fn router(&self) -> Router {
        self.app.clone()
    }

    /// The same, for a token of some scopes and products only.
    pub(crate) fn limited(&self, scopes: &[Scope], products: Option<&[&str]>) -> Router {
        let products = products.map_or(Products::All, |ids| {
            Products::Only(ids.iter().map(|id| product(id)).collect())
        });
        let principal = Principal {
            scopes: scopes.iter().copied().collect::<BTreeSet<_>>(),
            products,
        };
        app(Context {
            auth: Auth::local_limited(TOKEN, principal),
            ..self.context.clone()
        })
    }

    pub(crate) fn new_log(id: &str, body: impl Into<Vec<u8>>) -> NewLog {
        NewLog {
            product: product("editor"),
            log: LogId::new(id).unwrap(),
            body: body.into(),
            via: Via::Api,
            consent: Consent::Usage,
            received_at: now(),
            attempt: Attempt(format!("attempt-{id}")),
            refused: None,
            bulk: false,
            readable_accounts: false,
            profile: None,
            metadata: BTreeMap::new(),
        }
    }

    pub(crate) async fn archive(&self, log: NewLog) -> Archived {
        archive_log(&self.context.vault, log).await.unwrap()
    }

    /// Archives a log of `editor` and parses it.
    pub(crate) async fn take(&self, id: &str, body: impl Into<Vec<u8>>) {
        self.take_log(Self::new_log(id, body)).await;
    }

    pub(crate) async fn take_log(&self, log: NewLog) {
        let job = Job::new(log.product.clone(), log.log.clone(), now());
        assert_eq!(self.archive(log).await, Archived::Created);
        let products = self.context.registry.snapshot().await.unwrap();
        let context = &self.context;
        process(
            &context.vault,
            &products,
            &context.sessions,
            &[job],
            now(),
            None,
        )
        .await;
    }

    /// Changes a bit of a sealed log of `editor`.
    pub(crate) async fn tamper(&self, id: &str) {
        let key = archive_key(&product("editor"), &LogId::new(id).unwrap());
        let mut object = self.store.get(&key, 1 << 20).await.unwrap().unwrap();
        *object.body.last_mut().unwrap() ^= 1;
        let put = self
            .store
            .put(&key, object.body, object.metadata, Put::Always);
        put.await.unwrap();
    }

    /// Asks with the token.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let token = format!("Bearer {TOKEN}");
        self.get_with(path, &[("authorization", &token)]).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        ask(self.app.clone(), "GET", path, headers).await
    }

    /// Asks for what must succeed.
    pub(crate) async fn ok(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        assert_eq!(answer.header(header::CONTENT_TYPE), "application/json");
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
        let json = answer.json();
        conforms::conforms(path, &json);
        json
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub(crate) async fn ask(app: Router, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask_with(app, method, path, headers, "").await
}

pub(crate) async fn ask_with(
    app: Router,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app
        .oneshot(request.body(Body::from(body.to_owned())).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: read_body(body, 8 << 20).await.unwrap(),
    }
}

/// A run of the editor on 2026-11-0`day`: start, two saves, an error, an export, the end.
pub(crate) fn run(session: &str, day: u32, version: &str, user: &str) -> String {
    let at = |second: u32| format!("\"time\":\"2026-11-{day:02}T10:00:{second:02}Z\"");
    let of = format!("\"session\":{session:?}");
    [
        format!(
            "{{{},{of},\"name\":\"start\",\"type\":\"session_start\",\"version\":{version:?},\
             \"user\":{user:?},\"os\":\"linux\"}}",
            at(0)
        ),
        format!("{{{},{of},\"name\":\"save\",\"duration_ms\":12}}", at(1)),
        format!("{{{},{of},\"name\":\"save\",\"duration_ms\":20}}", at(2)),
        format!(
            "{{{},{of},\"name\":\"export\",\"level\":\"error\",\"message\":\"disk full\"}}",
            at(3)
        ),
        format!(
            "{{{},{of},\"name\":\"stop\",\"type\":\"session_end\"}}",
            at(4)
        ),
    ]
    .map(|line| line + "\n")
    .concat()
}

/// Walks a list from page to page, and gives the items of each.
pub(crate) async fn pages(api: &Api, path: &str, items: &str) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut after = String::new();
    loop {
        let page = api.ok(&format!("{path}{after}")).await;
        pages.push(page[items].as_array().unwrap().clone());
        assert!(pages.len() < 100, "the list has no end");
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return pages,
        }
    }
}
