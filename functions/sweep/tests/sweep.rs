//! What a sweep calls for.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use logbook_backends::sql::{self, Via};
use logbook_backends::{Database, Durability, Keys, ObjectStore, Queue, QueuePolicy};
use logbook_model::{Consent, LogId, ProductId, Timestamp};
use logbook_pipeline::{
    Attempt, Job, Marks, NewLog, NewProduct, Registry, Vault, add_product, archive_log, process,
};
use logbook_sweep::{Context, handle};
use tempfile::TempDir;

const EVENT: &str = include_str!("../../../events/schedule-sweep.json");

fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(now.as_micros() as i64 + 120_000_000)
}

fn in_a_month() -> Timestamp {
    Timestamp(now().0 + 30 * 86_400_000_000)
}

fn in_a_year() -> Timestamp {
    Timestamp(now().0 + 365 * 86_400_000_000)
}

fn editor() -> ProductId {
    ProductId::new("editor").unwrap()
}

struct Site {
    context: Context,
    vault: Vault,
    _directory: TempDir,
}

impl Site {
    /// With the product `editor`.
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let process = Durability::Process;
        let archive = ObjectStore::open_dir(&at("archive"), process)
            .await
            .unwrap();
        let database = Database::open_file(&at("sessions.db"), process)
            .await
            .unwrap();
        sql::migrate(&database).await.unwrap();
        let new = NewProduct {
            id: editor(),
            profile: "logbook".to_owned(),
            consent: Consent::Usage,
            min_users: 5,
            accounts_readable: false,
        };
        add_product(&archive, new).await.unwrap();
        let keys = Keys::open_dir(&at("keys")).await.unwrap();
        let path = at("queue.db");
        let queue = Queue::open_file(&path, QueuePolicy::default());
        Self {
            context: Context {
                registry: Arc::new(Registry::new(archive.clone(), Duration::ZERO)),
                queue: queue.await.unwrap(),
                database,
                marks: Arc::new(Marks::new(archive.clone())),
                archive: archive.clone(),
                patience: Duration::ZERO,
                age: Duration::from_mins(15),
                settling: Duration::from_mins(1),
                now,
            },
            vault: Vault::new(archive, keys),
            _directory: directory,
        }
    }

    /// Takes a log in that is blank: it has no session whose end is waited for.
    async fn take_blank(&self) {
        let log = LogId::new("blank").unwrap();
        let new = NewLog {
            product: editor(),
            log: log.clone(),
            body: b"\n".to_vec(),
            via: Via::Api,
            consent: Consent::Usage,
            received_at: now(),
            attempt: Attempt("attempt".to_owned()),
            refused: None,
            bulk: false,
            readable_accounts: false,
            profile: None,
            metadata: BTreeMap::new(),
        };
        archive_log(&self.vault, new).await.unwrap();
        let products = self.context.registry.snapshot().await.unwrap();
        let jobs = [Job::new(editor(), log, now())];
        process(
            &self.vault,
            &products,
            &self.context.database,
            &jobs,
            now(),
            None,
        )
        .await;
    }

    /// Sweeps at a time, and says whether an analysis of `editor` is called for then.
    async fn calls_at(&mut self, at: fn() -> Timestamp) -> bool {
        self.context.now = at;
        // Another process, which remembers no mark of its own.
        let archive = self.context.archive.clone();
        archive.delete("state/analyze/editor/dirty").await.unwrap();
        self.context.marks = Arc::new(Marks::new(archive));
        let event = serde_json::from_str(EVENT).unwrap();
        handle(&self.context, event).await.unwrap();
        let marks = self.context.marks.read().await.unwrap();
        marks.get(&editor()).is_some_and(|marks| marks.calls(at()))
    }
}

#[tokio::test]
async fn accounts_are_judged_daily_while_they_may_fall_silent() {
    let mut site = Site::new().await;
    assert!(!site.calls_at(now).await, "nothing ever came");
    site.take_blank().await;
    assert!(site.calls_at(now).await);
    assert!(site.calls_at(in_a_month).await);
    assert!(!site.calls_at(in_a_year).await);
}
