//! The upload API over embedded backends in a directory of its own.

#![allow(dead_code, reason = "each test file uses its part of it")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;
use logbook_backends::{Durability, Keys, ObjectStore};
use logbook_model::{Consent, LogId, ProductId, Timestamp};
use logbook_pipeline::{
    NewProduct, Registry, Vault, add_product, add_product_key, archive_key, edge_prefix,
};
use logbook_upload::{Context, Tickets, app};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

/// 2026-11-02T12:00:00Z.
pub(crate) const NOON: Timestamp = Timestamp(1_793_620_800_000_000);
pub(crate) const LOG: &str = "{\"name\":\"start\"}\n{\"name\":\"save\"}\n";

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

    /// Status and stable name of a problem, after a look at what every problem has.
    pub(crate) fn problem(&self) -> (u16, String) {
        let media = self.headers.get(header::CONTENT_TYPE).unwrap();
        assert_eq!(media, "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        assert!(body["title"].is_string() && body["detail"].is_string());
        let kind = body["type"].as_str().unwrap();
        let name = kind.strip_prefix("urn:logbook:problem:").unwrap();
        (self.status.as_u16(), name.to_owned())
    }

    pub(crate) fn detail(&self) -> String {
        self.json()["detail"].as_str().unwrap().to_owned()
    }
}

pub(crate) struct Door {
    pub(crate) directory: TempDir,
    pub(crate) store: ObjectStore,
    pub(crate) context: Context,
    /// The upload key of `editor`.
    pub(crate) key: String,
}

impl Door {
    /// With the product `editor`, whose logs are of consent `usage` if they do not say.
    pub(crate) async fn new() -> Self {
        Self::with_consent(Consent::Usage).await
    }

    pub(crate) async fn with_consent(consent: Consent) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let archive = directory.path().join("archive");
        let store = ObjectStore::open_dir(&archive, Durability::Process)
            .await
            .unwrap();
        let keys = Keys::open_dir(&directory.path().join("keys"))
            .await
            .unwrap();
        for (id, consent) in [("editor", consent), ("player", Consent::Usage)] {
            let new = NewProduct {
                id: ProductId::new(id).unwrap(),
                profile: "auto".to_owned(),
                consent,
                min_users: 5,
                accounts_readable: false,
            };
            assert!(add_product(&store, new).await.unwrap());
        }
        let key = add_product_key(&store, &editor()).await.unwrap();
        let context = Context {
            vault: Arc::new(Vault::new(store.clone(), keys)),
            registry: Arc::new(Registry::new(store.clone(), Duration::ZERO)),
            tickets: Arc::new(Tickets::local("http://localhost".to_owned(), [7; 32])),
            now: || NOON,
        };
        Self {
            directory,
            store,
            context,
            key,
        }
    }

    /// Posts a body with the product's key.
    pub(crate) async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let bearer = format!("Bearer {}", self.key);
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend(headers);
        self.post_bare(path, &all, body).await
    }

    /// Posts a log with the product's key.
    pub(crate) async fn log(&self, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        self.post("/v1/logs", headers, body).await
    }

    /// Posts with these headers only.
    pub(crate) async fn post_bare(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method("POST").uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let response = app(self.context.clone()).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    /// The metadata of an archived log of `editor`.
    pub(crate) async fn archived(&self, id: &str) -> Option<BTreeMap<String, String>> {
        let key = archive_key(&editor(), &LogId::new(id).unwrap());
        self.store
            .head(&key)
            .await
            .unwrap()
            .map(|head| head.metadata)
    }

    /// How many deliveries the edge has noted of `editor`.
    pub(crate) async fn edge_notes(&self) -> usize {
        let prefix = edge_prefix(&editor(), None);
        let page = self.store.list(&prefix, None, 1000).await.unwrap();
        page.objects.len()
    }

    /// Every file of the installation, with its bytes.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        walk(self.directory.path(), &mut files);
        files
    }

    /// Whether a text stands readable in any file, or in the name of one.
    pub(crate) fn holds(&self, text: &str) -> bool {
        self.files().iter().any(|(name, bytes)| {
            name.contains(text) || bytes.windows(text.len()).any(|at| at == text.as_bytes())
        })
    }
}

fn walk(folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            files.insert(path.to_string_lossy().into_owned(), bytes);
        }
    }
}

pub(crate) fn editor() -> ProductId {
    ProductId::new("editor").unwrap()
}

pub(crate) fn gzip(plain: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain.as_ref()).unwrap();
    encoder.finish().unwrap()
}
