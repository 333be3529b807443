//! The contract of object stores on S3, and what that does besides.
#![cfg(feature = "aws")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "contract/objects.rs"]
mod contract;
mod emulator;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use contract::{MAX, contract, put};
use emulator::{Emulator, unique, variable};
use logbook_backends::{AwsClients, AwsOptions, Error, Metadata, ObjectStore, PresignedPut, Put};
use logbook_model::Timestamp;

async fn store() -> Option<ObjectStore> {
    let emulator = Emulator::find().await?;
    Some(ObjectStore::open_s3(
        &emulator.clients,
        emulator.bucket().await,
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_keeps_the_contract() {
    if let Some(store) = store().await {
        contract(&store).await;
    }
}

#[tokio::test]
async fn a_large_object_comes_back_whole() {
    let Some(store) = store().await else { return };
    let body: Vec<u8> = (0..9_000_000_u32).map(|n| (n % 251) as u8).collect();
    let put = store.put("large", body.clone(), Metadata::new(), Put::IfAbsent);
    put.await.unwrap();
    let object = store.get("large", 9_000_000).await.unwrap().unwrap();
    assert!(object.body == body);
    let error = store.get("large", 8_999_999).await.unwrap_err();
    assert!(matches!(
        error,
        Error::TooLarge {
            size: 9_000_000,
            ..
        }
    ));
    let middle = store
        .get_range("large", 4_000_000..4_000_010)
        .await
        .unwrap();
    assert_eq!(middle.unwrap(), body[4_000_000..4_000_010]);
}

#[tokio::test]
async fn a_key_of_whatever_segments_is_that_of_an_object() {
    let Some(store) = store().await else { return };
    let keys = ["a/", "a//b", "c/.hidden/d", "e/f"];
    for key in keys {
        put(&store, key, key, Put::Always).await;
    }
    let listed = store.list("", None, 10).await.unwrap().objects;
    let listed: Vec<_> = listed.iter().map(|object| &*object.key).collect();
    assert_eq!(listed, keys);
    for key in keys {
        let object = store.get(key, MAX).await.unwrap().unwrap();
        assert_eq!(object.body, key.as_bytes());
        assert!(store.delete_if(key, &object.etag).await.unwrap());
        assert!(store.head(key).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn objects_bear_the_time_of_their_put() {
    let Some(store) = store().await else { return };
    let before = now();
    put(&store, "a", "x", Put::Always).await;
    let head = store.head("a").await.unwrap().unwrap();
    // S3 tells whole seconds.
    let age_us = head.created_at.0 - before.0;
    assert!((-1_000_000..10_000_000).contains(&age_us), "{age_us}");
    let listed = store.list("", None, 10).await.unwrap().objects;
    assert_eq!((listed[0].size, &listed[0].etag), (1, &head.etag));
}

#[tokio::test]
async fn what_the_surroundings_refuse_may_succeed_later_and_quotes_no_key() {
    let Some(emulator) = Emulator::find().await else {
        return;
    };
    let missing = ObjectStore::open_s3(&emulator.clients, unique("missing"));
    for error in [
        missing.get("secret-name", MAX).await.unwrap_err(),
        missing.list("secret-name", None, 1).await.unwrap_err(),
    ] {
        let Error::Service { code, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(code, "NoSuchBucket");
        assert!(error.is_transient());
        assert!(!format!("{error:?} {error}").contains("secret-name"));
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_is_transient_and_gives_up_in_time() {
    if Emulator::find().await.is_none() {
        return;
    }
    let nowhere = AwsOptions {
        endpoint_url: Some("http://127.0.0.1:9".to_owned()),
        ..AwsOptions::default()
    };
    let store = ObjectStore::open_s3(&AwsClients::load(nowhere).await, "b");
    let asked = std::time::Instant::now();
    let error = store.head("secret-name").await.unwrap_err();
    assert!(matches!(&error, Error::Service { code, .. } if code == "Unreachable"));
    assert!(error.is_transient() && asked.elapsed() < Duration::from_secs(20));
    assert!(!format!("{error:?} {error}").contains("secret-name"));
}

const VALID: Duration = Duration::from_mins(15);

fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(now.as_micros()).unwrap())
}

async fn presign(store: &ObjectStore, key: &str, bytes: u64, at: Timestamp) -> PresignedPut {
    let metadata = Metadata::from([
        ("logbook-consent".to_owned(), "error".to_owned()),
        ("logbook-file-name".to_owned(), "Größe.log".to_owned()),
    ]);
    let put = store.presign_put(key, bytes, &metadata, at, VALID);
    put.await.unwrap().unwrap()
}

/// The status of sending a body as a ticket's holder does, who knows no AWS.
fn send(url: &str, headers: &BTreeMap<String, String>, body: &str) -> u16 {
    let mut put = ureq::put(url).config().http_status_as_error(false).build();
    for (name, value) in headers {
        put = put.header(name, value);
    }
    put.send(body).unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presigned_put_creates_one_object_as_it_was_signed() {
    let Some(store) = store().await else { return };
    let signed = presign(&store, "inbox/a b", 5, now()).await;
    assert_eq!(signed.headers["content-length"], "5");
    assert_eq!(signed.headers["if-none-match"], "*");
    assert_eq!(signed.headers["x-amz-meta-logbook-consent"], "error");
    assert!(!format!("{signed:?}").contains("Signature"));
    let all = format!("{} {:?}", signed.url, signed.headers).to_lowercase();
    assert!(!all.contains("checksum"), "{all}");
    assert_eq!(send(&signed.url, &signed.headers, "hello"), 200);
    let object = store.get("inbox/a b", MAX).await.unwrap().unwrap();
    assert_eq!(object.body, b"hello");
    assert_eq!(object.metadata["logbook-consent"], "error");
    assert_eq!(object.metadata["logbook-file-name"], "Größe.log");
    assert_eq!(send(&signed.url, &signed.headers, "again"), 412);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presigned_put_allows_nothing_else() {
    let Some(store) = store().await else { return };
    if variable("LOGBOOK_TEST_AWS_EMULATOR").as_deref() == Some("moto") {
        println!("skipped: moto checks no signatures");
        return;
    }
    let signed = presign(&store, "inbox/a", 5, now()).await;
    let other = |name: &str, value: Option<&str>| {
        let mut headers = signed.headers.clone();
        headers.remove(name);
        headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        headers
    };
    let altered = [
        (other("x-amz-meta-logbook-consent", Some("usage")), "hello"),
        (other("x-amz-meta-logbook-consent", None), "hello"),
        (other("if-none-match", None), "hello"),
        (other("content-length", Some("6")), "hello!"),
    ];
    for (headers, body) in altered {
        assert_eq!(send(&signed.url, &headers, body), 403, "{headers:?}");
    }
    let elsewhere = signed.url.replace("inbox/a", "inbox/b");
    assert_eq!(send(&elsewhere, &signed.headers, "hello"), 403);
    let past = Timestamp(now().0 - 901_000_000);
    let expired = presign(&store, "inbox/a", 5, past).await;
    assert_eq!(send(&expired.url, &expired.headers, "hello"), 403);
    assert_eq!(store.head("inbox/a").await.unwrap(), None);
    assert_eq!(send(&signed.url, &signed.headers, "hello"), 200);
}
