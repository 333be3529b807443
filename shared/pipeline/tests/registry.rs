//! What the registry promises: products, their keys and profiles, and plain words on faults.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::Duration;

use logbook_model::Consent;
use logbook_pipeline::{
    JobOutcome, NewProduct, Registry, add_product, add_product_key, put_profile,
};
use support::{RUN, Site, entry, new_log, product};

#[tokio::test]
async fn a_product_is_registered_once_and_stays_as_it_is() {
    let site = Site::empty().await;
    let new = NewProduct {
        consent: Consent::Error,
        min_users: 9,
        accounts_readable: true,
        ..entry("editor")
    };
    assert!(add_product(&site.store, new).await.unwrap());
    assert!(!add_product(&site.store, entry("editor")).await.unwrap());
    let snapshot = site.registry.snapshot().await.unwrap();
    let held = snapshot.product(&product("editor")).unwrap();
    assert_eq!((held.consent, held.min_users), (Consent::Error, 9));
    assert!(held.accounts_readable);
    assert_eq!(held.session_timeout_secs, 1800);
    assert_eq!(held.profile.as_ref().unwrap().id(), "logbook");
    assert_eq!(snapshot.products().count(), 1);
}

#[tokio::test]
async fn a_product_with_an_unknown_profile_is_not_registered() {
    let site = Site::empty().await;
    let new = NewProduct {
        profile: "no-such".to_owned(),
        ..entry("editor")
    };
    let error = add_product(&site.store, new).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "config/products.toml: product editor: there is no profile \"no-such\""
    );
    let snapshot = site.registry.snapshot().await.unwrap();
    assert_eq!(snapshot.products().count(), 0);
}

#[tokio::test]
async fn each_key_of_a_product_lets_in_for_it_alone_and_only_hashes_are_kept() {
    let site = Site::new().await;
    let first = add_product_key(&site.store, &product("editor"))
        .await
        .unwrap();
    let second = add_product_key(&site.store, &product("editor"))
        .await
        .unwrap();
    let other = add_product_key(&site.store, &product("player"))
        .await
        .unwrap();
    let snapshot = site.registry.snapshot().await.unwrap();
    let whose = |key: &str| snapshot.product_of_key(key).map(|p| p.id.to_string());
    assert_eq!(whose(&first).as_deref(), Some("editor"));
    assert_eq!(whose(&second).as_deref(), Some("editor"));
    assert_eq!(whose(&other).as_deref(), Some("player"));
    for wrong in ["", "lbk_editor_", &first[1..], &format!("{first} ")] {
        assert_eq!(whose(wrong), None, "{wrong:?}");
    }
    let file = site
        .store
        .get("config/products.toml", 1 << 20)
        .await
        .unwrap();
    let text = String::from_utf8(file.unwrap().body).unwrap();
    assert!(!text.contains(&first) && text.contains("sha256:"), "{text}");
    let error = add_product_key(&site.store, &product("none")).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "config/products.toml: there is no product none"
    );
}

#[tokio::test]
async fn a_faulty_registry_says_which_file_and_what_and_is_worth_another_try() {
    let site = Site::empty().await;
    for (text, said) in [
        ("[[product]]\nid = \"Not An Id\"\n", "product id"),
        (
            "[[product]]\nid = \"a\"\ncolour = \"red\"\n",
            "unknown field `colour`",
        ),
        ("[[product]]\nid = \"a\"\nconsent = \"maybe\"\n", "maybe"),
        (
            "[[product]]\nid = \"a\"\nkeys = [\"secret\"]\n",
            "product a: a key is no sha256:",
        ),
        (
            "[[product]]\nid = \"a\"\nprofile = \"b\"\n",
            "there is no profile \"b\"",
        ),
        ("[[product]\n", "line 1"),
    ] {
        site.write_products(text).await;
        let error = site.registry.reload().await.unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with("config/products.toml: "), "{message}");
        assert!(message.contains(said), "{message} does not say {said}");
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn two_entries_of_one_id_are_a_fault() {
    let site = Site::empty().await;
    let twice = "[[product]]\nid = \"a\"\n[[product]]\nid = \"a\"\nconsent = \"off\"\n";
    site.write_products(twice).await;
    let error = site.registry.reload().await.unwrap_err().to_string();
    assert_eq!(
        error,
        "config/products.toml: product a: it is registered twice"
    );
}

#[tokio::test]
async fn a_snapshot_is_believed_for_its_time_and_no_longer() {
    let site = Site::empty().await;
    let patient = Registry::new(site.store.clone(), Duration::from_hours(1));
    assert_eq!(patient.snapshot().await.unwrap().products().count(), 0);
    add_product(&site.store, entry("editor")).await.unwrap();
    assert_eq!(patient.snapshot().await.unwrap().products().count(), 0);
    assert_eq!(patient.reload().await.unwrap().products().count(), 1);
    assert_eq!(patient.snapshot().await.unwrap().products().count(), 1);
    let hasty = Registry::new(site.store.clone(), Duration::ZERO);
    hasty.snapshot().await.unwrap();
    add_product(&site.store, entry("player")).await.unwrap();
    assert_eq!(hasty.snapshot().await.unwrap().products().count(), 2);
}

const OWN: &str = r#"profile = "own"
version = 3
family = "text"

[text]
record = ['^(?<word>\w+)$']

[name]
field = "word"
"#;

#[tokio::test]
async fn a_stored_profile_reads_the_logs_of_products_that_name_it() {
    let site = Site::empty().await;
    assert_eq!(put_profile(&site.store, OWN).await.unwrap(), "own");
    let new = NewProduct {
        profile: "own".to_owned(),
        ..entry("editor")
    };
    assert!(add_product(&site.store, new).await.unwrap());
    let outcome = site.take(new_log("a", "save\nopen\n")).await;
    assert!(matches!(outcome, JobOutcome::Parsed), "{outcome:?}");
    assert_eq!(site.row("a").await.unwrap().meta.profile, "own@3");
}

#[tokio::test]
async fn a_faulty_profile_is_not_stored() {
    let site = Site::empty().await;
    let faulty = OWN.replace("field", "feild");
    let error = put_profile(&site.store, &faulty).await.unwrap_err();
    assert!(error.to_string().contains("feild"), "{error}");
    let listed = site.store.list("config/", None, 10).await.unwrap();
    assert!(listed.objects.is_empty());
}

#[tokio::test]
async fn a_product_s_new_profile_reads_later_logs_and_leaves_earlier_ones() {
    let site = Site::empty().await;
    put_profile(&site.store, OWN).await.unwrap();
    add_product(&site.store, entry("editor")).await.unwrap();
    site.take(new_log("a", RUN)).await;
    site.write_products("[[product]]\nid = \"editor\"\nprofile = \"own\"\n")
        .await;
    site.take(new_log("b", "save\n")).await;
    let profile = async |id| site.row(id).await.unwrap().meta.profile;
    assert_eq!(profile("a").await, "logbook@1");
    assert_eq!(profile("b").await, "own@3");
}
