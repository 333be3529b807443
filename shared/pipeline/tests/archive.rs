//! What the archive promises: an upload is sealed once, and a second one is settled.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;

use logbook_backends::Put;
use logbook_pipeline::{Archived, Attempt, archive_key, open_log};
use support::{NOON, RUN, Site, again, gzip, log_id, new_log, product, zstd};

#[tokio::test]
async fn a_log_comes_out_of_the_archive_as_it_was_however_it_was_packed() {
    let site = Site::new().await;
    for (id, body) in [
        ("plain", RUN.as_bytes().to_vec()),
        ("gzip", gzip(RUN)),
        ("zstd", zstd(RUN)),
    ] {
        assert_eq!(site.archive(new_log(id, body)).await, Archived::Created);
        assert_eq!(site.read(id).await.unwrap(), RUN.as_bytes(), "{id}");
        let sealed = site.object(id).await;
        let readable = sealed.body.windows(5).any(|bytes| bytes == b"start");
        assert!(!readable, "{id} lies readable in the archive");
        assert_eq!(
            sealed.metadata["logbook-inflated-bytes"],
            RUN.len().to_string()
        );
    }
}

#[tokio::test]
async fn the_content_hash_knows_the_log_and_not_its_packing() {
    let site = Site::new().await;
    site.archive(new_log("plain", RUN)).await;
    site.archive(new_log("gzip", gzip(RUN))).await;
    site.archive(new_log("zstd", zstd(RUN))).await;
    site.archive(new_log("other", format!("{RUN}\n"))).await;
    let hash = site.content_hash("plain").await;
    assert_eq!(hash, site.content_hash("gzip").await);
    assert_eq!(hash, site.content_hash("zstd").await);
    assert_ne!(hash, site.content_hash("other").await);

    let mut elsewhere = new_log("plain", RUN);
    elsewhere.product = product("player");
    site.archive(elsewhere).await;
    let key = archive_key(&product("player"), &log_id("plain"));
    let head = site.store.head(&key).await.unwrap().unwrap();
    assert_ne!(
        hash, head.metadata["logbook-content-hash"],
        "keyed by product"
    );
}

#[tokio::test]
async fn a_file_s_name_is_to_be_read_inside_the_sealed_log_only() {
    let site = Site::new().await;
    let mut log = new_log("a", RUN);
    let name = "run of ann 2026-11-02.log";
    log.metadata.insert("file_name".to_owned(), name.to_owned());
    site.archive(log).await;
    let object = site.object("a").await;
    assert!(!format!("{:?}", object.metadata).contains("ann"));
    let opened = open_log(&site.vault, &product("editor"), &log_id("a")).await;
    assert_eq!(opened.unwrap().attributes.metadata["file_name"], name);
}

#[tokio::test]
async fn what_was_said_of_a_log_is_content_but_its_file_s_name_and_age_are_not() {
    let site = Site::new().await;
    let with = |id: &str, name: &str, value: &str| {
        let mut log = new_log(id, RUN);
        log.metadata.insert(name.to_owned(), value.to_owned());
        log
    };
    site.archive(new_log("bare", RUN)).await;
    site.archive(with("named", "file_name", "a.log")).await;
    site.archive(with("aged", "modified_at", "5")).await;
    site.archive(with("version", "version", "2.0")).await;
    let bare = site.content_hash("bare").await;
    assert_eq!(bare, site.content_hash("named").await);
    assert_eq!(bare, site.content_hash("aged").await);
    assert_ne!(bare, site.content_hash("version").await);
}

#[tokio::test]
async fn the_same_attempt_made_again_changes_and_counts_nothing() {
    let site = Site::new().await;
    site.archive(new_log("a", RUN)).await;
    let before = site.object("a").await;
    assert_eq!(site.archive(new_log("a", RUN)).await, Archived::Already);
    assert_eq!(site.object("a").await, before);
    assert!(site.edge_notes().await.is_empty());
}

#[tokio::test]
async fn the_same_content_in_another_attempt_is_a_delivery_of_its_own() {
    let site = Site::new().await;
    site.archive(new_log("a", RUN)).await;
    let repeated = again(new_log("a", gzip(RUN)));
    assert_eq!(site.archive(repeated.clone()).await, Archived::Duplicate);
    let noted = format!("edge/editor/2026-11-02/a-{}", repeated.attempt.0);
    assert_eq!(site.edge_notes().await, [noted]);
    // The same attempt, told again, is the same delivery.
    assert_eq!(site.archive(repeated).await, Archived::Duplicate);
    assert_eq!(site.edge_notes().await.len(), 1);
}

#[tokio::test]
async fn other_content_under_the_same_id_leaves_the_first_untouched() {
    let site = Site::new().await;
    site.archive(new_log("a", RUN)).await;
    let before = site.object("a").await;
    let other = again(new_log("a", "{\"name\":\"other\"}\n"));
    assert_eq!(site.archive(other).await, Archived::Conflict);
    assert_eq!(site.object("a").await, before);
    assert!(site.edge_notes().await.is_empty());
}

#[tokio::test]
async fn of_many_uploads_at_once_one_is_created_and_the_others_are_duplicates() {
    let site = Site::new().await;
    let uploads = (0..8).map(|nth| {
        let mut log = new_log("a", RUN);
        log.attempt = Attempt(format!("attempt-{nth}"));
        site.archive(log)
    });
    let mut created = 0;
    for upload in futures_all(uploads).await {
        match upload {
            Archived::Created => created += 1,
            other => assert_eq!(other, Archived::Duplicate),
        }
    }
    assert_eq!((created, site.edge_notes().await.len()), (1, 7));
}

/// Polls futures together.
async fn futures_all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in futures.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[tokio::test]
async fn an_erased_log_cannot_be_brought_back() {
    let site = Site::new().await;
    let key = archive_key(&product("editor"), &log_id("a"));
    let stone = BTreeMap::from([("logbook-erased-at".to_owned(), NOON.0.to_string())]);
    let put = site.store.put(&key, Vec::new(), stone, Put::IfAbsent);
    put.await.unwrap();
    assert_eq!(site.archive(new_log("a", RUN)).await, Archived::Erased);
    assert!(site.object("a").await.body.is_empty());
    assert!(matches!(
        site.read("a").await,
        Err(logbook_pipeline::Error::Erased)
    ));
}

#[tokio::test]
async fn what_does_not_inflate_is_kept_as_it_came() {
    let site = Site::new().await;
    let mut cut = gzip(RUN);
    cut.truncate(cut.len() / 2);
    assert_eq!(
        site.archive(new_log("a", cut.clone())).await,
        Archived::Created
    );
    assert_eq!(site.read("a").await.unwrap(), cut);
    assert_eq!(site.archive(new_log("empty", "")).await, Archived::Created);
    assert_eq!(site.read("empty").await.unwrap(), b"");
}

#[tokio::test]
async fn names_of_people_are_hidden_before_anything_is_written() {
    let site = Site::new().await;
    let mut log = new_log("a", RUN);
    for (name, value) in [("user", "Ann Example"), ("installation", "ann-laptop")] {
        log.metadata.insert(name.to_owned(), value.to_owned());
    }
    log.metadata.insert("version".to_owned(), "2.0".to_owned());
    site.archive(log).await;
    let said = site.object("a").await.metadata["logbook-metadata"].clone();
    assert!(
        !said.contains("Ann") && !said.contains("ann-laptop"),
        "{said}"
    );
    assert!(said.contains("\"user\":\"p:") && said.contains("\"version\":\"2.0\""));
}
