//! What every object store must do, and what the directory store does besides.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod child;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use logbook_backends::{Durability, Error, Metadata, ObjectStore, Put, PutOutcome};

const MAX: u64 = 1 << 20;

async fn dir_store() -> (tempfile::TempDir, ObjectStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = ObjectStore::open_dir(directory.path(), Durability::Fsync)
        .await
        .unwrap();
    (directory, store)
}

async fn put(store: &ObjectStore, key: &str, body: &str, condition: Put) -> PutOutcome {
    let metadata = Metadata::from([("x-note".to_owned(), "ü \"1\"".to_owned())]);
    store
        .put(key, body.as_bytes().to_vec(), metadata, condition)
        .await
        .unwrap()
}

async fn keys(store: &ObjectStore, prefix: &str, after: Option<&str>, max: usize) -> Vec<String> {
    let page = store.list(prefix, after, max).await.unwrap();
    page.objects.into_iter().map(|object| object.key).collect()
}

/// The contract. An empty store comes in.
async fn contract(store: &ObjectStore) {
    an_object_comes_back_as_it_was_put(store).await;
    a_put_if_absent_changes_nothing_that_is_there(store).await;
    of_many_writers_one_creates(store).await;
    a_put_if_match_replaces_the_named_object_only(store).await;
    of_many_who_change_an_object_none_is_lost(store).await;
    a_delete_if_removes_the_named_object_only(store).await;
    ranges_are_cut_at_the_end(store).await;
    what_is_too_large_is_not_read(store).await;
    listings_are_in_byte_order_and_paged(store).await;
    bad_keys_are_refused_for_good(store).await;
}

async fn an_object_comes_back_as_it_was_put(store: &ObjectStore) {
    assert_eq!(store.get("a/b", MAX).await.unwrap(), None);
    let PutOutcome::Created { etag } = put(store, "a/b", "hello", Put::Always).await else {
        panic!("not created");
    };
    let object = store.get("a/b", MAX).await.unwrap().unwrap();
    assert_eq!((&*object.body, object.size), (&b"hello"[..], 5));
    assert_eq!(object.metadata["x-note"], "ü \"1\"");
    assert_eq!(object.etag, etag);
    let head = store.head("a/b").await.unwrap().unwrap();
    assert_eq!(
        (head.metadata, head.etag, head.created_at, head.size),
        (object.metadata, object.etag, object.created_at, 5)
    );
    put(store, "a/b", "", Put::Always).await;
    assert_eq!(store.head("a/b").await.unwrap().unwrap().size, 0);
    store.delete("a/b").await.unwrap();
    store.delete("a/b").await.unwrap();
    assert_eq!(store.head("a/b").await.unwrap(), None);
}

async fn a_put_if_absent_changes_nothing_that_is_there(store: &ObjectStore) {
    put(store, "once", "first", Put::IfAbsent).await;
    let before = store.head("once").await.unwrap();
    assert_eq!(
        put(store, "once", "second", Put::IfAbsent).await,
        PutOutcome::Exists
    );
    assert_eq!(store.head("once").await.unwrap(), before);
    put(store, "once", "third", Put::Always).await;
    assert_eq!(
        store.get("once", MAX).await.unwrap().unwrap().body,
        b"third"
    );
    store.delete("once").await.unwrap();
}

async fn of_many_writers_one_creates(store: &ObjectStore) {
    let writers: Vec<_> = (0..32)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { put(&store, "race", &n.to_string(), Put::IfAbsent).await })
        })
        .collect();
    let mut created = 0;
    for writer in writers {
        created += usize::from(matches!(writer.await.unwrap(), PutOutcome::Created { .. }));
    }
    assert_eq!(created, 1);
    store.delete("race").await.unwrap();
}

async fn a_put_if_match_replaces_the_named_object_only(store: &ObjectStore) {
    let stale = Put::IfMatch("no such tag".to_owned());
    let outcome = put(store, "match", "never", stale.clone()).await;
    assert_eq!(outcome, PutOutcome::Exists);
    assert_eq!(store.head("match").await.unwrap(), None);
    put(store, "match", "first", Put::Always).await;
    let first = store.head("match").await.unwrap().unwrap();
    assert_eq!(
        put(store, "match", "other", stale).await,
        PutOutcome::Exists
    );
    assert_eq!(store.head("match").await.unwrap().unwrap(), first);
    let replaced = put(store, "match", "second", Put::IfMatch(first.etag.clone())).await;
    assert!(
        matches!(replaced, PutOutcome::Created { .. }),
        "{replaced:?}"
    );
    let late = put(store, "match", "third", Put::IfMatch(first.etag)).await;
    assert_eq!(late, PutOutcome::Exists);
    let held = store.get("match", MAX).await.unwrap().unwrap();
    assert_eq!(held.body, b"second");
    store.delete("match").await.unwrap();
}

async fn of_many_who_change_an_object_none_is_lost(store: &ObjectStore) {
    put(store, "sum", "0", Put::Always).await;
    let add = |store: ObjectStore| async move {
        loop {
            let held = store.get("sum", MAX).await.unwrap().unwrap();
            let sum: u32 = String::from_utf8(held.body).unwrap().parse().unwrap();
            let condition = Put::IfMatch(held.etag);
            if put(&store, "sum", &(sum + 1).to_string(), condition).await != PutOutcome::Exists {
                return;
            }
        }
    };
    let writers: Vec<_> = (0..16).map(|_| tokio::spawn(add(store.clone()))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(store.get("sum", MAX).await.unwrap().unwrap().body, b"16");
    store.delete("sum").await.unwrap();
}

async fn a_delete_if_removes_the_named_object_only(store: &ObjectStore) {
    assert!(!store.delete_if("gone", "any").await.unwrap());
    put(store, "gone", "first", Put::Always).await;
    let first = store.head("gone").await.unwrap().unwrap().etag;
    put(store, "gone", "second", Put::Always).await;
    assert!(!store.delete_if("gone", &first).await.unwrap());
    let second = store.get("gone", MAX).await.unwrap().unwrap();
    assert_eq!(second.body, b"second");
    assert!(store.delete_if("gone", &second.etag).await.unwrap());
    assert_eq!(store.head("gone").await.unwrap(), None);
}

async fn ranges_are_cut_at_the_end(store: &ObjectStore) {
    put(store, "range", "0123456789", Put::Always).await;
    for (range, bytes) in [(0..3, "012"), (8..99, "89"), (20..30, ""), (5..5, "")] {
        let got = store.get_range("range", range).await.unwrap().unwrap();
        assert_eq!(got, bytes.as_bytes());
    }
    assert_eq!(store.get_range("nothing", 0..1).await.unwrap(), None);
    store.delete("range").await.unwrap();
}

async fn what_is_too_large_is_not_read(store: &ObjectStore) {
    put(store, "large", "0123456789", Put::Always).await;
    let error = store.get("large", 9).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { size: 10, max: 9 }));
    assert!(!error.is_transient());
    assert!(store.get("large", 10).await.unwrap().is_some());
    store.delete("large").await.unwrap();
}

async fn listings_are_in_byte_order_and_paged(store: &ObjectStore) {
    let all = BTreeSet::from([
        "p",
        "p-q",
        "p.q",
        "p/q",
        "p/q/r",
        "p/ü",
        "p0",
        "p/a b",
        "p/%41",
        "q/.hidden",
        "P/x",
    ]);
    for key in &all {
        put(store, key, key, Put::IfAbsent).await;
    }
    let sorted: Vec<&str> = all.iter().copied().collect();
    assert_eq!(keys(store, "", None, 100).await, sorted);
    for prefix in ["p", "p/", "p/q", "p/q/", "q", "zz"] {
        let expected: Vec<&str> = all
            .iter()
            .copied()
            .filter(|key| key.starts_with(prefix))
            .collect();
        assert_eq!(keys(store, prefix, None, 100).await, expected, "{prefix}");
    }
    for size in 1..4 {
        let (mut seen, mut after, mut more) = (Vec::new(), None::<String>, true);
        while more {
            let page = store.list("", after.as_deref(), size).await.unwrap();
            more = page.more;
            seen.extend(page.objects.into_iter().map(|object| object.key));
            after = seen.last().cloned();
        }
        assert_eq!(seen, sorted);
    }
    for key in all {
        store.delete(key).await.unwrap();
    }
}

async fn bad_keys_are_refused_for_good(store: &ObjectStore) {
    for key in ["", "/etc/passwd", "../x", "a//b", "a/./b"] {
        let error = store.get(key, MAX).await.unwrap_err();
        assert!(matches!(error, Error::InvalidKey { .. }) && !error.is_transient());
    }
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
