//! Intake over stores of a test's own.

#![allow(dead_code, reason = "each test program uses its share")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use logbook_backends::{Durability, Keys, ObjectStore, Put, Queue, QueuePolicy, Receive};
use logbook_intake::{Context, IntakeError, handle};
use logbook_model::{Consent, ProductId, Timestamp};
use logbook_pipeline::{Job, NewProduct, Registry, Vault, add_product};
use tempfile::TempDir;

pub(crate) const LOG: &str = "{\"name\":\"start\"}\n{\"name\":\"save\"}\n";
pub(crate) const NOON: Timestamp = Timestamp(1_793_620_800_000_000);

pub(crate) struct Site {
    pub(crate) context: Context,
    pub(crate) directory: TempDir,
}

impl Site {
    /// With the product `editor`.
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let process = Durability::Process;
        let archive = ObjectStore::open_dir(&at("archive"), process)
            .await
            .unwrap();
        let inbox = ObjectStore::open_dir(&at("inbox"), process).await.unwrap();
        let keys = Keys::open_dir(&at("keys")).await.unwrap();
        let path = at("queue.db");
        let queue = Queue::open_file(&path, QueuePolicy::default());
        let new = NewProduct {
            id: product("editor"),
            profile: "logbook".to_owned(),
            consent: Consent::Usage,
            min_users: 5,
            accounts_readable: false,
        };
        add_product(&archive, new).await.unwrap();
        let context = Context {
            registry: Arc::new(Registry::new(archive.clone(), Duration::ZERO)),
            vault: Arc::new(Vault::new(archive, keys)),
            inbox,
            queue: queue.await.unwrap(),
            bulk: None,
            budget: Duration::from_secs(30),
            now: || NOON,
        };
        Self { context, directory }
    }

    pub(crate) async fn drop_in(&self, key: &str, said: &[(&str, &str)]) {
        let said: BTreeMap<String, String> = said
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let body = LOG.as_bytes().to_vec();
        let put = self.context.inbox.put(key, body, said, Put::IfAbsent);
        put.await.unwrap();
    }

    pub(crate) async fn tell(&self, event: &str) -> Result<(), IntakeError> {
        handle(&self.context, serde_json::from_str(event).unwrap()).await
    }

    pub(crate) async fn keys(&self, store: &ObjectStore, prefix: &str) -> Vec<String> {
        let page = store.list(prefix, None, 100).await.unwrap();
        page.objects.into_iter().map(|object| object.key).collect()
    }

    pub(crate) async fn archived(&self) -> Vec<String> {
        self.keys(&self.context.vault.archive, "archive/").await
    }

    pub(crate) async fn waiting(&self) -> Vec<String> {
        self.keys(&self.context.inbox, "").await
    }

    /// The jobs on the parse queue.
    pub(crate) async fn queued(&self) -> Vec<Job> {
        jobs(&self.context.queue).await
    }
}

/// The jobs on a queue, which are kept from others for a minute.
pub(crate) async fn jobs(queue: &Queue) -> Vec<Job> {
    let receive = Receive {
        max: 10,
        wait: Duration::ZERO,
        visibility: Duration::from_mins(1),
    };
    let messages = queue.receive(receive).await.unwrap();
    messages
        .iter()
        .map(|message| Job::from_body(&message.body).unwrap())
        .collect()
}

pub(crate) fn product(id: &str) -> ProductId {
    ProductId::new(id).unwrap()
}
