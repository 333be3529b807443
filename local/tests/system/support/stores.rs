//! The stores of a data folder, looked at and meddled with from outside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use logbook_backends::{Durability, ObjectStore, Put, Queue, QueuePolicy};
use logbook_model::{LogId, ProductId};
use logbook_pipeline::{archive_key, inbox_key};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// Runs what waits, to its end.
pub(crate) fn wait<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(work)
}

pub(crate) fn product(id: &str) -> ProductId {
    ProductId::new(id).unwrap()
}

pub(crate) async fn bucket(data: &Path, name: &str) -> ObjectStore {
    let path = data.join("store").join(name);
    ObjectStore::open_dir(&path, Durability::Process)
        .await
        .unwrap()
}

/// Keys of a bucket below a prefix.
pub(crate) fn keys(data: &Path, name: &str, prefix: &str) -> Vec<String> {
    wait(async {
        let bucket = bucket(data, name).await;
        let mut keys: Vec<String> = Vec::new();
        loop {
            let page = bucket
                .list(prefix, keys.last().map(String::as_str), 1000)
                .await
                .unwrap();
            keys.extend(page.objects.into_iter().map(|object| object.key));
            if !page.more {
                return keys;
            }
        }
    })
}

/// The id that a dropped file's log gets: that of its inbox object.
pub(crate) fn dropped_id(of: &str, name: &str, body: &[u8]) -> String {
    use sha2::Digest;
    use std::fmt::Write;
    let mut etag = String::new();
    for byte in &sha2::Sha256::digest(body)[..16] {
        write!(etag, "{byte:02x}").unwrap();
    }
    let product = product(of);
    LogId::of_object(&product, &inbox_key(&product, name), &etag).to_string()
}

/// Drops a file for a product, whole from the start.
pub(crate) fn drop_file(data: &Path, product: &str, name: &str, body: &[u8]) {
    let folder = data.join("inbox").join(product);
    std::fs::create_dir_all(&folder).unwrap();
    let part = folder.join(format!(".{name}"));
    std::fs::write(&part, body).unwrap();
    std::fs::rename(part, folder.join(name)).unwrap();
}

/// The file in which a log's archive object lies.
pub(crate) fn archive_file(data: &Path, of: &str, log: &str) -> PathBuf {
    let key = archive_key(&product(of), &LogId::new(log).unwrap());
    let path = data.join("store/archive").join(format!("{key}@"));
    assert!(path.is_file(), "{}", path.display());
    path
}

/// A connection to one of the databases.
pub(crate) async fn database(data: &Path, name: &str) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(data.join(name));
    let options = options.busy_timeout(std::time::Duration::from_secs(20));
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// Runs a statement in one of the databases; how many rows it touched.
pub(crate) fn execute(data: &Path, name: &str, sql: &'static str) -> u64 {
    wait(async {
        let mut connection = database(data, name).await;
        let done = sqlx::query(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        done.rows_affected()
    })
}

/// Puts a message on the parse queue.
pub(crate) fn send_message(data: &Path, body: &str) {
    wait(async {
        let path = data.join("queue.db");
        let queue = Queue::open_file(&path, QueuePolicy::default())
            .await
            .unwrap();
        let none = logbook_backends::Attributes::new();
        queue.send(body, &none).await.unwrap();
    });
}

/// Puts a log into the inbox bucket from outside. That wakes nobody: the sweep of the next start
/// finds it.
pub(crate) fn put_into_inbox(data: &Path, of: &str, name: &str, metadata: &[(&str, &str)]) {
    let pairs = metadata
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let metadata: BTreeMap<String, String> = pairs.collect();
    wait(async {
        let inbox = bucket(data, "inbox").await;
        let key = inbox_key(&product(of), name);
        inbox
            .put(&key, super::logs::usage("inbox"), metadata, Put::Always)
            .await
            .unwrap();
    });
}
