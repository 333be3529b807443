//! What the registry promises: products, their keys and profiles, and plain words on faults.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use logbook_backends::Put;
use logbook_model::Consent;
use logbook_pipeline::{
    JobOutcome, NewProduct, ProductChange, Registry, add_product, add_product_key,
    add_product_with_key, change_product, put_profile,
};
use support::{RUN, Site, entry, log_id, new_log, product};

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
    let held = snapshot.product(&product("editor")).unwrap().unwrap();
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
        "config/products.toml: product editor: there is no profile \"no-such\": `logbook profile list` \
         names the built-in ones, `logbook product profile FILE` stores another"
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
    let whose = |key: &str| {
        let found = snapshot.product_of_key(key).unwrap();
        found.map(|product| product.id.to_string())
    };
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
async fn a_file_that_cannot_be_read_holds_up_all_and_is_worth_another_try() {
    let site = Site::empty().await;
    for (text, said) in [
        ("[[product]\n", "line 1"),
        ("colour = \"red\"\n", "unknown field `colour`"),
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
async fn a_faulty_entry_holds_up_its_product_only_and_says_what_is_wrong() {
    let site = Site::empty().await;
    for (entry, said) in [
        (
            "id = \"a\"\ncolour = \"red\"\n",
            "line 3: product \"a\": unknown field `colour`",
        ),
        ("id = \"a\"\nconsent = \"maybe\"\n", "maybe"),
        (
            "id = \"a\"\nkeys = [\"secret\"]\n",
            "product a: a key is no sha256:",
        ),
        (
            "id = \"a\"\n[[product]]\nid = \"a\"\nconsent = \"off\"\n",
            "product a: it is registered twice",
        ),
    ] {
        let text = format!("[[product]]\nid = \"good\"\n[[product]]\n{entry}");
        site.write_products(&text).await;
        let snapshot = site.registry.reload().await.unwrap();
        assert!(snapshot.product(&product("good")).unwrap().is_some());
        assert!(snapshot.product(&product("other")).unwrap().is_none());
        let error = snapshot.product(&product("a")).unwrap_err();
        assert!(error.is_transient());
        let message = error.to_string();
        assert!(message.starts_with("config/products.toml: "), "{message}");
        assert!(message.contains(said), "{message} does not say {said}");
        assert_eq!(snapshot.products().count(), 1);
        assert_eq!(snapshot.faults().len(), 1, "{:?}", snapshot.faults());
        // A key that fits none may be one of the faulty entry's.
        assert!(snapshot.product_of_key("lbk_a_x").is_err());
    }
}

#[tokio::test]
async fn an_entry_without_a_readable_id_may_be_any_product_that_is_not_there() {
    let site = Site::empty().await;
    site.write_products("[[product]]\nid = \"good\"\n[[product]]\nid = \"Not An Id\"\n")
        .await;
    let snapshot = site.registry.reload().await.unwrap();
    assert!(snapshot.product(&product("good")).unwrap().is_some());
    let error = snapshot.product(&product("other")).unwrap_err();
    assert!(error.to_string().contains("product id"), "{error}");
    site.archive(new_log("a", RUN)).await;
    let outcome = site.parse(&product("editor"), &log_id("a")).await;
    assert!(matches!(outcome, JobOutcome::Retry(_)), "{outcome:?}");
}

#[tokio::test]
async fn a_faulty_profile_holds_up_parsing_for_those_who_use_it() {
    let site = Site::new().await;
    put_profile(&site.store, OWN).await.unwrap();
    let change = ProductChange {
        profile: Some("own".to_owned()),
        ..ProductChange::default()
    };
    change_product(&site.store, &product("player"), change)
        .await
        .unwrap();
    let faulty = OWN.replace("field", "feild").into_bytes();
    let (key, none) = ("config/profiles/own.toml", BTreeMap::new());
    let put = site.store.put(key, faulty, none, Put::Always);
    put.await.unwrap();
    assert!(matches!(
        site.take(new_log("a", RUN)).await,
        JobOutcome::Parsed
    ));
    let mut theirs = new_log("b", "save\n");
    theirs.product = product("player");
    let outcome = site.take(theirs).await;
    let JobOutcome::Retry(error) = &outcome else {
        unreachable!("{outcome:?} is not another try");
    };
    let message = error.to_string();
    assert!(
        message.contains("product player: its profile is faulty: config/profiles/own.toml: "),
        "{message}"
    );
    let snapshot = site.registry.snapshot().await.unwrap();
    assert!(snapshot.products().any(|one| one.id == product("player")));
    assert_eq!(snapshot.faults().len(), 2, "{:?}", snapshot.faults());
    put_profile(&site.store, OWN).await.unwrap();
    let outcome = site.parse(&product("player"), &log_id("b")).await;
    assert!(matches!(outcome, JobOutcome::Parsed), "{outcome:?}");
}

#[tokio::test]
async fn a_registry_that_is_too_large_to_be_read_is_never_written_and_holds_all_up() {
    let site = Site::new().await;
    let key = "config/products.toml";
    let held = site.store.get(key, 1 << 20).await.unwrap().unwrap().body;
    let put = async |bytes: usize| {
        let mut text = held.clone();
        text.resize(bytes, b'\n');
        let put = site.store.put(key, text, BTreeMap::new(), Put::Always);
        put.await.unwrap();
    };
    put((1 << 20) + 1).await;
    let error = site.registry.snapshot().await.unwrap_err();
    assert!(
        error.is_transient() && error.to_string().contains(key),
        "{error}"
    );
    let text =
        String::from_utf8(held.clone()).unwrap() + "[[product]]\nid = \"many-keys\"\nkeys = [";
    let key_hash = format!("\"sha256:{}\", ", "0".repeat(64));
    let keys = ((1 << 20) - text.len() - 2) / key_hash.len();
    let text = text + &key_hash.repeat(keys) + "]\n";
    let put = site
        .store
        .put(key, text.into_bytes(), BTreeMap::new(), Put::Always);
    put.await.unwrap();
    let error = add_product(&site.store, entry("one-more"))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("more than 1048576 bytes"),
        "{error}"
    );
    assert_eq!(
        site.registry.snapshot().await.unwrap().products().count(),
        3
    );
}

#[tokio::test]
async fn of_products_that_are_added_at_once_none_is_lost() {
    let site = Site::empty().await;
    let adding: Vec<_> = (0..12)
        .map(|n| {
            let store = site.store.clone();
            tokio::spawn(async move {
                let new = entry(&format!("product-{n}"));
                add_product_with_key(&store, new).await.unwrap().unwrap()
            })
        })
        .collect();
    for (n, adding) in adding.into_iter().enumerate() {
        let key = adding.await.unwrap();
        let snapshot = site.registry.reload().await.unwrap();
        let whose = snapshot.product_of_key(&key).unwrap().unwrap();
        assert_eq!(whose.id, product(&format!("product-{n}")));
    }
    let snapshot = site.registry.reload().await.unwrap();
    assert_eq!(snapshot.products().count(), 12);
}

#[tokio::test]
async fn a_product_is_changed_in_what_is_named_and_in_nothing_else() {
    let site = Site::new().await;
    let key = add_product_key(&site.store, &product("editor"))
        .await
        .unwrap();
    let change = ProductChange {
        consent: Some(Consent::Crash),
        session_timeout_secs: Some(60),
        ..ProductChange::default()
    };
    change_product(&site.store, &product("editor"), change)
        .await
        .unwrap();
    let snapshot = site.registry.reload().await.unwrap();
    let held = snapshot.product_of_key(&key).unwrap().unwrap();
    assert_eq!(
        (held.consent, held.session_timeout_secs, held.min_users),
        (Consent::Crash, 60, 5)
    );
    assert_eq!(held.profile.as_ref().unwrap().id(), "logbook");
    let other = snapshot.product(&product("player")).unwrap().unwrap();
    assert_eq!(other.consent, Consent::Usage);

    let unknown = ProductChange {
        profile: Some("no-such".to_owned()),
        ..ProductChange::default()
    };
    let error = change_product(&site.store, &product("editor"), unknown).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "config/products.toml: product editor: there is no profile \"no-such\": `logbook profile list` \
         names the built-in ones, `logbook product profile FILE` stores another"
    );
    let none = change_product(&site.store, &product("none"), ProductChange::default()).await;
    assert_eq!(
        none.unwrap_err().to_string(),
        "config/products.toml: there is no product none"
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

#[tokio::test]
async fn a_product_that_was_registered_meanwhile_is_no_unknown_one() {
    let site = Site::new().await;
    let patient = Registry::new(site.store.clone(), Duration::from_hours(1));
    patient.snapshot().await.unwrap();
    add_product(&site.store, entry("viewer")).await.unwrap();
    let (editor, viewer) = (product("editor"), product("viewer"));
    let held = patient.covering(&[&editor]).await.unwrap();
    assert!(held.product(&viewer).unwrap().is_none(), "nobody asked");
    let held = patient.covering(&[&editor, &viewer]).await.unwrap();
    assert!(held.product(&viewer).unwrap().is_some());
    // Whoever is refused is so by a registry that is young.
    add_product(&site.store, entry("writer")).await.unwrap();
    let minute = Duration::from_mins(1);
    let held = patient.no_older_than(minute).await.unwrap();
    assert!(held.product(&product("writer")).unwrap().is_none());
    let held = patient.no_older_than(Duration::ZERO).await.unwrap();
    assert!(held.product(&product("writer")).unwrap().is_some());
}

#[tokio::test]
async fn a_registry_that_is_gone_refuses_nothing_for_good() {
    let site = Site::new().await;
    let outcome = site.take(new_log("a", RUN)).await;
    assert!(matches!(outcome, JobOutcome::Parsed), "{outcome:?}");
    site.store.delete("config/products.toml").await.unwrap();
    let snapshot = site.registry.reload().await.unwrap();
    let error = snapshot.product(&product("editor")).unwrap_err();
    assert!(error.is_transient());
    assert!(error.to_string().contains("logbook product add"), "{error}");
    assert!(
        snapshot
            .product_of_key("lbk_editor_x")
            .unwrap_err()
            .is_transient()
    );
    let outcome = site.take(new_log("b", RUN)).await;
    assert!(matches!(outcome, JobOutcome::Retry(_)), "{outcome:?}");
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
async fn a_stored_profile_of_the_same_version_is_not_changed_and_a_built_in_name_is_not_taken() {
    let site = Site::empty().await;
    put_profile(&site.store, OWN).await.unwrap();
    put_profile(&site.store, OWN).await.unwrap();
    let other = OWN.replace("word", "term");
    let error = put_profile(&site.store, &other).await.unwrap_err();
    assert!(error.to_string().contains("raise `version`"), "{error}");
    let stored = site.store.get("config/profiles/own.toml", 1 << 20).await;
    assert_eq!(stored.unwrap().unwrap().body, OWN.as_bytes());
    let raised = other.replace("version = 3", "version = 4");
    assert_eq!(put_profile(&site.store, &raised).await.unwrap(), "own");
    let taken = OWN.replace("\"own\"", "\"otlp\"");
    let error = put_profile(&site.store, &taken).await.unwrap_err();
    assert!(error.to_string().contains("built-in"), "{error}");
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
