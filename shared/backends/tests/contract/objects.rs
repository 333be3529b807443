//! What every object store must do.

#![allow(dead_code, reason = "each test file uses its part of it")]

use std::collections::BTreeSet;

use logbook_backends::{Error, Metadata, ObjectStore, Put, PutOutcome};

pub(crate) const MAX: u64 = 1 << 20;

pub(crate) async fn put(store: &ObjectStore, key: &str, body: &str, condition: Put) -> PutOutcome {
    let metadata = Metadata::from([("x-note".to_owned(), "ü \"1\"".to_owned())]);
    store
        .put(key, body.as_bytes().to_vec(), metadata, condition)
        .await
        .unwrap()
}

pub(crate) async fn keys(
    store: &ObjectStore,
    prefix: &str,
    after: Option<&str>,
    max: usize,
) -> Vec<String> {
    let page = store.list(prefix, after, max).await.unwrap();
    page.objects.into_iter().map(|object| object.key).collect()
}

/// The contract. An empty store comes in.
pub(crate) async fn contract(store: &ObjectStore) {
    an_object_comes_back_as_it_was_put(store).await;
    metadata_comes_back_as_it_was_put(store).await;
    a_put_if_absent_changes_nothing_that_is_there(store).await;
    of_many_writers_one_creates(store).await;
    a_put_if_match_replaces_the_named_object_only(store).await;
    of_many_who_change_an_object_none_is_lost(store).await;
    ranges_are_cut_at_the_end(store).await;
    what_is_too_large_is_not_read(store).await;
    what_was_replaced_is_not_removed_for_another(store).await;
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

async fn metadata_comes_back_as_it_was_put(store: &ObjectStore) {
    let metadata: Metadata = [
        ("a", "plain"),
        ("b-1", "Größe 😀.log"),
        ("c", " blanks around "),
        ("d", "{\"a\":\"\\u00fc, b\"}"),
        ("e", "=?UTF-8?B?w7w=?="),
        ("logbook-file-name", "a\tb"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let body = vec![0, 255, 10, 13];
    let put = store.put("m", body.clone(), metadata.clone(), Put::IfAbsent);
    put.await.unwrap();
    assert_eq!(store.head("m").await.unwrap().unwrap().metadata, metadata);
    let object = store.get("m", MAX).await.unwrap().unwrap();
    assert_eq!((object.metadata, object.body), (metadata, body));
    store.delete("m").await.unwrap();
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

async fn what_was_replaced_is_not_removed_for_another(store: &ObjectStore) {
    let PutOutcome::Created { etag } = put(store, "mine", "first", Put::Always).await else {
        panic!("not created");
    };
    put(store, "mine", "second", Put::Always).await;
    assert!(!store.delete_if("mine", &etag).await.unwrap());
    let second = store.get("mine", MAX).await.unwrap().unwrap();
    assert_eq!(second.body, b"second");
    assert!(store.delete_if("mine", &second.etag).await.unwrap());
    assert_eq!(store.head("mine").await.unwrap(), None);
    assert!(store.delete_if("mine", &second.etag).await.unwrap());
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
    for key in [String::new(), "x".repeat(1025)] {
        let error = store.get(&key, MAX).await.unwrap_err();
        assert!(matches!(error, Error::InvalidKey { .. }) && !error.is_transient());
    }
}
