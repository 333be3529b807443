//! The stages over embedded backends in a directory of its own.

#![allow(dead_code, reason = "each test file uses its part of it")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use logbook_backends::sql::{self, LogRow, Via};
use logbook_backends::{Database, Durability, Keys, Object, ObjectStore, Put};
use logbook_model::{Consent, LogId, ProductId, Timestamp};
use logbook_pipeline::{
    Archived, Attempt, Job, JobOutcome, NewLog, NewProduct, Registry, Result, Vault, add_product,
    archive_key, archive_log, open_log, process,
};
use tempfile::TempDir;

/// 2026-11-02T12:00:00Z.
pub(crate) const NOON: Timestamp = Timestamp(1_793_620_800_000_000);

/// A run of the software: a start by ann, a save, an error, the end.
pub(crate) const RUN: &str = r#"{"time":"2026-11-02T10:00:00Z","session":"s1","name":"start","type":"session_start","version":"1.0","user":"ann","installation":"box-7","account":"acme"}
{"time":"2026-11-02T10:00:01Z","session":"s1","name":"save","duration_ms":12}
{"time":"2026-11-02T10:00:02Z","session":"s1","name":"export","level":"error","message":"disk full"}
{"time":"2026-11-02T10:00:03Z","session":"s1","name":"stop","type":"session_end"}
"#;

pub(crate) fn product(id: &str) -> ProductId {
    ProductId::new(id).unwrap()
}

pub(crate) fn log_id(id: &str) -> LogId {
    LogId::new(id).unwrap()
}

pub(crate) fn gzip(plain: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain.as_ref()).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(plain: impl AsRef<[u8]>) -> Vec<u8> {
    zstd::encode_all(plain.as_ref(), 1).unwrap()
}

/// A log of the product `editor`, in an attempt of its own.
pub(crate) fn new_log(id: &str, body: impl Into<Vec<u8>>) -> NewLog {
    NewLog {
        product: product("editor"),
        log: log_id(id),
        body: body.into(),
        via: Via::Api,
        consent: Consent::Usage,
        received_at: NOON,
        attempt: Attempt(format!("attempt-{id}")),
        refused: None,
        bulk: false,
        readable_accounts: false,
        profile: None,
        metadata: BTreeMap::new(),
    }
}

/// The same upload once more: another attempt.
pub(crate) fn again(mut log: NewLog) -> NewLog {
    log.attempt = Attempt(format!("{}-again", log.attempt.0));
    log
}

pub(crate) struct Site {
    pub(crate) directory: TempDir,
    pub(crate) store: ObjectStore,
    pub(crate) vault: Vault,
    pub(crate) registry: Registry,
    pub(crate) database: Database,
}

impl Site {
    /// With the products `editor` and `player`, read by the profile `logbook`.
    pub(crate) async fn new() -> Self {
        let site = Self::empty().await;
        for id in ["editor", "player"] {
            assert!(add_product(&site.store, entry(id)).await.unwrap());
        }
        site
    }

    /// Without a product.
    pub(crate) async fn empty() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let process = Durability::Process;
        let archive = directory.path().join("archive");
        let store = ObjectStore::open_dir(&archive, process).await.unwrap();
        let database = Database::open_file(&directory.path().join("sessions.db"), process)
            .await
            .unwrap();
        sql::migrate(&database).await.unwrap();
        Self {
            vault: Self::vault_at(directory.path(), &store).await,
            registry: Registry::new(store.clone(), Duration::ZERO),
            database,
            store,
            directory,
        }
    }

    async fn vault_at(directory: &std::path::Path, store: &ObjectStore) -> Vault {
        let keys = Keys::open_dir(&directory.join("keys")).await.unwrap();
        Vault::new(store.clone(), keys)
    }

    /// What another process would open over the same stores.
    pub(crate) async fn other_vault(&self) -> Vault {
        Self::vault_at(self.directory.path(), &self.store).await
    }

    pub(crate) async fn archive(&self, log: NewLog) -> Archived {
        archive_log(&self.vault, log).await.unwrap()
    }

    /// Archives a log that is not there yet, and parses it.
    pub(crate) async fn take(&self, log: NewLog) -> JobOutcome {
        let (product, id) = (log.product.clone(), log.log.clone());
        assert_eq!(self.archive(log).await, Archived::Created);
        self.parse(&product, &id).await
    }

    pub(crate) async fn parse(&self, product: &ProductId, log: &LogId) -> JobOutcome {
        let products = self.registry.snapshot().await.unwrap();
        let jobs = [Job::new(product.clone(), log.clone(), NOON)];
        let mut outcomes = process(&self.vault, &products, &self.database, &jobs, NOON, None).await;
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    /// The bytes of a log of `editor`, opened.
    pub(crate) async fn read(&self, id: &str) -> Result<Vec<u8>> {
        let opened = open_log(&self.vault, &product("editor"), &log_id(id)).await?;
        let mut plain = Vec::new();
        opened.log.reader(1 << 30).read_to_end(&mut plain).unwrap();
        Ok(plain)
    }

    pub(crate) async fn row(&self, id: &str) -> Option<LogRow> {
        sql::log_row(&self.database, &product("editor"), &log_id(id))
            .await
            .unwrap()
    }

    /// The archived object of a log of `editor`.
    pub(crate) async fn object(&self, id: &str) -> Object {
        let key = archive_key(&product("editor"), &log_id(id));
        self.store.get(&key, 1 << 30).await.unwrap().unwrap()
    }

    /// Puts an object in the place of a log of a product.
    pub(crate) async fn replace(&self, product: &ProductId, id: &str, object: Object) {
        let key = archive_key(product, &log_id(id));
        let put = self
            .store
            .put(&key, object.body, object.metadata, Put::Always);
        put.await.unwrap();
    }

    pub(crate) async fn content_hash(&self, id: &str) -> String {
        self.object(id).await.metadata["logbook-content-hash"].clone()
    }

    /// Keys of what the edge has noted of `editor`.
    pub(crate) async fn edge_notes(&self) -> Vec<String> {
        let prefix = logbook_pipeline::edge_prefix(&product("editor"), None);
        let page = self.store.list(&prefix, None, 1000).await.unwrap();
        page.objects.into_iter().map(|object| object.key).collect()
    }

    /// Writes `config/products.toml` as an operator would.
    pub(crate) async fn write_products(&self, text: &str) {
        let body = text.as_bytes().to_vec();
        let key = "config/products.toml";
        let put = self.store.put(key, body, BTreeMap::new(), Put::Always);
        put.await.unwrap();
    }
}

pub(crate) fn entry(id: &str) -> NewProduct {
    NewProduct {
        id: product(id),
        profile: "logbook".to_owned(),
        consent: Consent::Usage,
        min_users: 5,
        accounts_readable: false,
    }
}
