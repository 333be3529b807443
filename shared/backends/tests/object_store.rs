//! The contract of object stores on a directory, and what that does besides.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod child;
#[path = "contract/objects.rs"]
mod contract;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use contract::{MAX, contract, keys, put};
use logbook_backends::{Durability, Error, ObjectStore, Put};

async fn dir_store() -> (tempfile::TempDir, ObjectStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = ObjectStore::open_dir(directory.path(), Durability::Fsync)
        .await
        .unwrap();
    (directory, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_store_keeps_the_contract() {
    let (_directory, store) = dir_store().await;
    contract(&store).await;
}

fn files_below(path: &Path, found: &mut Vec<(u32, bool)>) {
    for entry in std::fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        let metadata = entry.metadata().unwrap();
        found.push((metadata.permissions().mode() & 0o777, metadata.is_dir()));
        if metadata.is_dir() {
            files_below(&entry.path(), found);
        }
    }
}

#[tokio::test]
async fn nobody_else_can_read_it_and_no_temporary_file_stays() {
    let (directory, store) = dir_store().await;
    put(&store, "a/b/c", "x", Put::IfAbsent).await;
    put(&store, "a/b/c", "x", Put::IfAbsent).await;
    put(&store, "a/b/c", "y", Put::Always).await;
    let mut found = Vec::new();
    files_below(directory.path(), &mut found);
    assert!(
        found
            .iter()
            .all(|&(mode, is_dir)| mode == if is_dir { 0o700 } else { 0o600 })
    );
    assert_eq!(found.iter().filter(|(_, is_dir)| !is_dir).count(), 1);
}

#[tokio::test]
async fn leftovers_are_removed_once_they_are_old() {
    let (directory, store) = dir_store().await;
    put(&store, "kept", "x", Put::Always).await;
    let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3700);
    let (old, young) = (
        directory.path().join(".tmp/old"),
        directory.path().join(".tmp/young"),
    );
    std::fs::write(&young, "").unwrap();
    std::fs::File::create(&old)
        .unwrap()
        .set_modified(hour_ago)
        .unwrap();
    let store = ObjectStore::open_dir(directory.path(), Durability::Fsync)
        .await
        .unwrap();
    assert!(!old.exists() && young.exists());
    assert_eq!(keys(&store, "", None, 10).await, ["kept"]);
}

#[tokio::test]
async fn a_damaged_object_is_noticed() {
    let (directory, store) = dir_store().await;
    put(&store, "a", "hello world", Put::Always).await;
    let path = directory.path().join("a@");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert!(matches!(
        store.get("a", MAX).await,
        Err(Error::Damaged { .. })
    ));
    std::fs::write(&path, "LOGBOBJ1").unwrap();
    assert!(matches!(
        store.get("a", MAX).await,
        Err(Error::Damaged { .. })
    ));
}

#[tokio::test]
async fn an_object_whose_header_is_damaged_is_listed_and_hides_no_other() {
    let (directory, store) = dir_store().await;
    for key in ["a", "b", "c"] {
        put(&store, key, "hello world", Put::Always).await;
    }
    std::fs::write(directory.path().join("b@"), "LOGBOBJ1").unwrap();
    let page = store.list("", None, 10).await.unwrap();
    assert_eq!(page.objects.len(), 3);
    let head = store.head("b").await.unwrap().unwrap();
    assert_eq!((head.size, head.etag.as_str()), (8, ""));
    assert!(head.metadata.is_empty());
    assert_eq!(page.objects[1].created_at, head.created_at);
    assert!(head.created_at >= page.objects[0].created_at);
}

#[tokio::test]
async fn what_was_acknowledged_outlives_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let acknowledged = child::run_and_kill("child_puts_until_killed", directory.path(), 100);
    let store = ObjectStore::open_dir(directory.path(), Durability::Fsync)
        .await
        .unwrap();
    for key in acknowledged {
        let object = store.get(&key, MAX).await.unwrap().unwrap();
        assert_eq!(object.body, key.as_bytes());
    }
    // Whatever the listing shows is whole.
    for key in keys(&store, "", None, 1000).await {
        assert!(store.get(&key, MAX).await.unwrap().is_some());
    }
}

#[tokio::test]
#[ignore = "run by what_was_acknowledged_outlives_kill_9"]
async fn child_puts_until_killed() {
    let Some(directory) = child::directory() else {
        return;
    };
    let store = ObjectStore::open_dir(&directory, Durability::Process)
        .await
        .unwrap();
    for n in 0.. {
        let key = format!("k/{n}");
        put(&store, &key, &key, Put::IfAbsent).await;
        child::acknowledge(&key);
    }
}
