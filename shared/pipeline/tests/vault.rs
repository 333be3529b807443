//! What opening promises: only what was sealed for this product under this id is believed.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::io::Read;

use logbook_model::LogReject;
use logbook_pipeline::{Error, archive_key, open_log};
use support::{RUN, Site, log_id, new_log, product};

/// Why a log was rejected; `None` where it was not.
fn reason<T>(opened: &Result<T, Error>) -> Option<LogReject> {
    match opened {
        Err(Error::Rejected { reason, .. }) => Some(*reason),
        _ => None,
    }
}

#[tokio::test]
async fn a_second_process_opens_what_the_first_has_sealed() {
    let site = Site::new().await;
    site.archive(new_log("a", RUN)).await;
    let other = site.other_vault().await;
    let opened = open_log(&other, &product("editor"), &log_id("a")).await;
    let mut plain = String::new();
    opened
        .unwrap()
        .log
        .reader(1 << 20)
        .read_to_string(&mut plain)
        .unwrap();
    assert_eq!(plain, RUN);
}

#[tokio::test]
async fn a_changed_byte_is_found_out() {
    let site = Site::new().await;
    site.archive(new_log("a", RUN)).await;
    let mut object = site.object("a").await;
    *object.body.last_mut().unwrap() ^= 1;
    site.replace(&product("editor"), "a", object).await;
    assert_eq!(reason(&site.read("a").await), Some(LogReject::WrongTag));
}

#[tokio::test]
async fn a_log_put_under_another_id_is_refused() {
    let site = Site::new().await;
    site.archive(new_log("a", RUN)).await;
    let object = site.object("a").await;
    site.replace(&product("editor"), "b", object).await;
    assert_eq!(reason(&site.read("b").await), Some(LogReject::WrongContext));
}

#[tokio::test]
async fn a_log_put_under_another_product_is_refused() {
    let site = Site::new().await;
    site.archive(new_log("a", RUN)).await;
    let object = site.object("a").await;
    site.replace(&product("player"), "a", object).await;
    let opened = open_log(&site.vault, &product("player"), &log_id("a")).await;
    assert_eq!(reason(&opened), Some(LogReject::WrongContext));
}

/// Whoever may write the archive's metadata may write another product into it. The key is not
/// that product's, whether it was unwrapped before or not.
#[tokio::test]
async fn a_log_that_claims_another_product_does_not_open_with_a_remembered_key() {
    let site = Site::new().await;
    site.archive(new_log("a", RUN)).await;
    site.read("a").await.unwrap();
    let mut object = site.object("a").await;
    for value in object.metadata.values_mut() {
        *value = value.replace("\"editor\"", "\"player\"");
    }
    assert_ne!(object, site.object("a").await);
    site.replace(&product("player"), "a", object).await;
    for vault in [&site.vault, &site.other_vault().await] {
        let opened = open_log(vault, &product("player"), &log_id("a")).await;
        assert_eq!(reason(&opened), Some(LogReject::WrongKey));
    }
}

#[tokio::test]
async fn no_two_products_share_a_data_key() {
    let site = Site::new().await;
    site.archive(new_log("a", RUN)).await;
    site.archive(new_log("b", RUN)).await;
    let mut elsewhere = new_log("a", RUN);
    elsewhere.product = product("player");
    site.archive(elsewhere).await;
    let key = archive_key(&product("player"), &log_id("a"));
    let theirs = site.store.get(&key, 1 << 20).await.unwrap().unwrap();
    let (a, b) = (site.object("a").await, site.object("b").await);
    // One wrapped key serves a product for a while; each log has a content key of its own.
    assert_eq!(a.metadata["x-amz-3"], b.metadata["x-amz-3"]);
    assert_ne!(a.metadata["x-amz-i"], b.metadata["x-amz-i"]);
    assert_ne!(a.metadata["x-amz-3"], theirs.metadata["x-amz-3"]);
}

#[tokio::test]
async fn another_installation_s_key_opens_nothing() {
    let (site, other) = (Site::new().await, Site::new().await);
    site.archive(new_log("a", RUN)).await;
    other
        .replace(&product("editor"), "a", site.object("a").await)
        .await;
    assert_eq!(reason(&other.read("a").await), Some(LogReject::WrongKey));
}

#[tokio::test]
async fn an_object_that_says_nothing_of_its_log_is_no_log() {
    let site = Site::new().await;
    site.archive(new_log("a", RUN)).await;
    let mut object = site.object("a").await;
    object.metadata.remove("logbook-content-hash");
    site.replace(&product("editor"), "a", object).await;
    let error = site.read("a").await.unwrap_err();
    assert!(!error.is_transient());
    assert_eq!(
        error.to_string(),
        "the archived object's attributes are damaged: logbook-content-hash is missing"
    );
    assert!(matches!(site.read("none").await, Err(Error::NotFound)));
}
