//! What is kept of people: what they agreed to, under names that are not theirs.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use logbook_backends::sql::{self, SessionDetail, Via};
use logbook_model::{Consent, Name, SessionId, Status};
use logbook_pipeline::{JobOutcome, NewLog, NewProduct, add_product, open_log, pseudonym};
use support::{RUN, Site, entry, log_id, new_log, product};

const CRASHED: &str = r#"{"time":"2026-11-02T10:00:00Z","session":"s1","name":"start","type":"session_start","version":"1.0","os":"linux","user":"ann","installation":"box-7","account":"acme"}
{"time":"2026-11-02T10:00:01Z","session":"s1","name":"save","duration_ms":12}
{"time":"2026-11-02T10:00:02Z","session":"s1","name":"export","level":"error"}
{"time":"2026-11-02T10:00:02Z","session":"s1","name":"export"}
{"time":"2026-11-02T10:00:03Z","session":"s1","name":"boom","type":"crash","level":"fatal"}
"#;

async fn session(site: &Site, id: &str) -> SessionDetail {
    let id = SessionId::from_text(id);
    let found = sql::session(&site.database, &product("editor"), &id).await;
    found.unwrap().unwrap()
}

fn consenting(id: &str, body: &str, consent: Consent) -> NewLog {
    NewLog {
        consent,
        ..new_log(id, body)
    }
}

async fn kept_of(consent: Consent) -> SessionDetail {
    let site = Site::new().await;
    let outcome = site.take(consenting("a", CRASHED, consent)).await;
    assert!(matches!(outcome, JobOutcome::Parsed), "{outcome:?}");
    session(&site, "s1").await
}

#[tokio::test]
async fn consent_to_usage_keeps_all() {
    let kept = kept_of(Consent::Usage).await.session;
    assert_eq!((kept.events, kept.errors, kept.crashes), (5, 2, 1));
    assert_eq!(kept.features.len(), 4);
    assert!(kept.facts.user.is_some() && kept.facts.account.is_some());
}

#[tokio::test]
async fn consent_to_errors_keeps_what_failed_and_nobody() {
    let kept = kept_of(Consent::Error).await.session;
    assert_eq!(kept.status, Status::Crashed);
    assert_eq!((kept.events, kept.errors, kept.crashes), (2, 2, 1));
    let names: Vec<&str> = kept.features.keys().map(Name::as_str).collect();
    assert_eq!(names, ["boom", "export"]);
    assert_eq!(kept.features["export"].uses, 1);
    let facts = kept.facts;
    assert_eq!(
        (facts.user, facts.installation, facts.account),
        (None, None, None)
    );
    assert_eq!(facts.version.as_deref(), Some("1.0"));
    assert_eq!(kept.by_level, [0, 0, 0, 0, 0, 1, 1]);
}

#[tokio::test]
async fn consent_to_crashes_keeps_that_it_crashed_and_nothing_else() {
    let kept = kept_of(Consent::Crash).await.session;
    assert_eq!(kept.status, Status::Crashed);
    assert_eq!((kept.events, kept.errors, kept.crashes), (1, 0, 1));
    assert!(kept.features.is_empty());
    assert_eq!(kept.by_level, [0; 7]);
    assert_eq!((kept.facts.user, kept.facts.installation), (None, None));
    assert_eq!(kept.facts.os.as_deref(), Some("linux"));
}

#[tokio::test]
async fn pseudonyms_are_stable_and_apart_by_product_and_kind() {
    let site = Site::new().await;
    let key = |id: &'static str| {
        let site = &site;
        async move { site.vault.keys().pseudonym_key(&product(id)).await.unwrap() }
    };
    let (editor, player) = (key("editor").await, key("player").await);
    let ann = pseudonym(&editor, "user", "ann");
    assert!(ann.starts_with("p:") && ann.len() == 22, "{ann}");
    assert_eq!(ann, pseudonym(&editor, "user", " ann "));
    assert_ne!(
        ann,
        pseudonym(&editor, "user", &ann),
        "nobody is Ann by saying so"
    );
    assert_ne!(ann, pseudonym(&editor, "user", "Ann"));
    assert_ne!(ann, pseudonym(&editor, "installation", "ann"));
    assert_ne!(ann, pseudonym(&player, "user", "ann"));
    let later = site.other_vault().await;
    let editor = later
        .keys()
        .pseudonym_key(&product("editor"))
        .await
        .unwrap();
    assert_eq!(
        ann,
        pseudonym(&editor, "user", "ann"),
        "after a restart too"
    );
}

#[tokio::test]
async fn a_name_that_looks_like_a_pseudonym_is_hidden_like_any_other() {
    let site = Site::new().await;
    let key = site.vault.keys().pseudonym_key(&product("editor")).await;
    let ann = pseudonym(&key.unwrap(), "user", "ann");
    for (id, name) in [("a", ann.as_str()), ("b", "p:jane.doe@example.com")] {
        let body = CRASHED
            .replace("\"ann\"", &format!("{name:?}"))
            .replace("s1", id);
        let outcome = site.take(new_log(id, body.as_str())).await;
        assert!(matches!(outcome, JobOutcome::Parsed), "{outcome:?}");
        let user = session(&site, id).await.session.facts.user.unwrap();
        assert!(user.starts_with("p:") && user != name, "{user}");
    }
    // Said beside the log, too, but for a ticket's: there they were hidden when it was issued.
    for (id, via, stays) in [
        ("c", Via::Api, false),
        ("d", Via::Inbox, false),
        ("e", Via::Ticket, true),
    ] {
        let mut log = new_log(id, CRASHED.replace("s1", id).as_str());
        log.via = via;
        log.metadata.insert("user".to_owned(), ann.clone());
        let outcome = site.take(log).await;
        assert!(matches!(outcome, JobOutcome::Parsed), "{outcome:?}");
        let opened = open_log(&site.vault, &product("editor"), &log_id(id)).await;
        let kept = &opened.unwrap().attributes.metadata["user"];
        assert_eq!(*kept == ann, stays, "{kept}");
    }
}

#[tokio::test]
async fn an_account_that_was_readable_is_hidden_once_the_product_says_so() {
    let site = Site::new().await;
    let mut log = new_log("a", RUN);
    log.readable_accounts = true;
    log.metadata.insert("account".to_owned(), "acme".to_owned());
    // The product keeps no account readable when it is parsed.
    let outcome = site.take(log).await;
    assert!(matches!(outcome, JobOutcome::Parsed), "{outcome:?}");
    let account = session(&site, "s1").await.session.facts.account.unwrap();
    assert!(account.starts_with("p:"), "{account}");
}

/// Whether any file below a folder holds some bytes.
fn found_below(folder: &std::path::Path, needle: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return found_below(&path, needle);
        }
        let bytes = std::fs::read(&path).unwrap();
        bytes
            .windows(needle.len())
            .any(|at| at == needle.as_bytes())
    })
}

#[tokio::test]
async fn who_somebody_is_stands_readable_in_no_file() {
    let site = Site::new().await;
    let log = RUN
        .replace("\"ann\"", "\"Ann Example\"")
        .replace("box-7", "anns-laptop")
        .replace("acme", "acme-gmbh");
    let outcome = site.take(new_log("a", log)).await;
    assert!(matches!(outcome, JobOutcome::Parsed));
    let facts = session(&site, "s1").await.session.facts;
    for fact in [&facts.user, &facts.installation, &facts.account] {
        assert!(fact.as_deref().is_some_and(|text| text.starts_with("p:")));
    }
    site.database.close().await;
    for name in ["Ann Example", "anns-laptop", "acme-gmbh"] {
        assert!(!found_below(site.directory.path(), name), "{name}");
    }
    // The look itself is no sham.
    assert!(found_below(site.directory.path(), "logbook@1"));
}

#[tokio::test]
async fn accounts_are_readable_where_the_product_says_so_and_users_never() {
    let site = Site::empty().await;
    let open = NewProduct {
        accounts_readable: true,
        ..entry("editor")
    };
    add_product(&site.store, open).await.unwrap();
    site.take(new_log("a", RUN)).await;
    let facts = session(&site, "s1").await.session.facts;
    assert_eq!(facts.account.as_deref(), Some("acme"));
    assert_ne!(facts.user.as_deref(), Some("ann"));
}

#[tokio::test]
async fn a_user_named_beside_the_log_is_the_one_named_in_it() {
    let site = Site::new().await;
    site.take(new_log("a", RUN)).await;
    let anonymous = RUN.replace("\"user\":\"ann\",", "").replace("s1", "s2");
    let mut log = new_log("b", anonymous);
    log.metadata.insert("user".to_owned(), "ann".to_owned());
    site.take(log).await;
    let (inside, beside) = (session(&site, "s1").await, session(&site, "s2").await);
    assert!(inside.session.facts.user.is_some());
    assert_eq!(inside.session.facts.user, beside.session.facts.user);
}
