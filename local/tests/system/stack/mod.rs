//! The program on a stack, in an emulator: `tests/emulator/run` starts one.

mod made;

use std::collections::BTreeMap;
use std::time::Duration;

use logbook_backends::sql::Via;
use logbook_backends::{Attributes, Put, Receive};
use logbook_model::{Consent, LogId, Timestamp};
use logbook_pipeline::{Attempt, NewLog, Vault, archive_log};
use serde_json::{Value, json};
use tokio::task::block_in_place;

use crate::support::logs::usage;
use crate::support::stores::{keys, product};
use crate::support::{Installation, eventually};
use made::{Stack, failed_event};

#[tokio::test(flavor = "multi_thread")]
async fn products_of_a_stack_are_registered_changed_and_none_is_lost() {
    let Some(stack) = Stack::make("http://127.0.0.1:1", "http://127.0.0.1:1").await else {
        return;
    };
    assert_eq!(stack.json(&["product", "list", "--json"]), json!([]));
    let added = stack.good(&["product", "add", "editor", "--min-users", "3"]);
    let key = added.lines().nth(1).unwrap();
    assert!(key.starts_with("lbk_editor_"), "{added}");
    let set = ["product", "set", "editor", "--consent", "error", "--json"];
    assert_eq!(stack.json(&set)["consent"], "error");
    let profile = stack.write(
        "own.toml",
        "profile = \"own\"\nversion = 1\nfamily = \"ndjson\"\n[name]\nfield = \"n\"\n",
    );
    stack.good(&["product", "profile", &profile]);
    stack.good(&["product", "set", "editor", "--profile", "own"]);
    let further = stack.good(&["product", "key", "editor"]);
    assert!(further.starts_with("lbk_editor_") && further.trim_end() != key);
    let shown = stack.json(&["product", "show", "editor", "--json"]);
    assert_eq!(shown["profile"], "own@1");
    assert_eq!(shown["min_users"], 3);
    assert_eq!(
        stack.run(&["product", "add", "editor"]).status.code(),
        Some(2)
    );

    // Several at once.
    std::thread::scope(|scope| {
        for n in 0..6 {
            let stack = &stack;
            scope.spawn(move || stack.good(&["product", "add", &format!("p{n}")]));
        }
    });
    let list = stack.json(&["product", "list", "--json"]);
    assert_eq!(list.as_array().unwrap().len(), 7, "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_of_a_stack_come_back_and_failed_intakes_are_done_again() {
    let Some(stack) = Stack::make("http://127.0.0.1:1", "http://127.0.0.1:1").await else {
        return;
    };
    let attributes = Attributes::from([("traced".to_owned(), "yes".to_owned())]);
    let poison: Vec<String> = (0..25).map(|n| format!("poison {n}")).collect();
    let batch: Vec<_> = poison
        .iter()
        .map(|body| (body.as_str(), &attributes))
        .collect();
    stack
        .queue("ParseDeadLettersUrl")
        .send_batch(&batch)
        .await
        .unwrap();
    let none = Attributes::new();
    stack
        .queue("BulkDeadLettersUrl")
        .send("large", &none)
        .await
        .unwrap();
    let failures = stack.queue("IntakeFailuresUrl");
    for body in [
        failed_event("once").as_str(),
        failed_event("fail").as_str(),
        "no record",
    ] {
        failures.send(body, &none).await.unwrap();
    }

    let listed = stack.good(&["redrive", "--list"]);
    assert_eq!(listed.lines().count(), 29, "{listed}");
    for said in [
        "parse queue",
        "poison 24",
        "bulk queue",
        "large",
        "no record",
    ] {
        assert!(listed.contains(said), "{said}: {listed}");
    }
    let two = stack.good(&["redrive", "--max", "2", "--list"]);
    assert_eq!(
        two.lines().count(),
        5,
        "two of each, and there is one of the bulk queue: {two}"
    );

    let ran = stack.run(&["redrive"]);
    let out = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(
        out,
        "parse queue: 25 dead letters are back\nbulk queue: 1 dead letters are back\n\
         intake: 1 events were taken in, 2 failed again and stay\n"
    );
    assert_eq!(ran.status.code(), Some(2));
    let err = String::from_utf8(ran.stderr).unwrap();
    assert!(err.contains("1 of 1 objects were not taken in"), "{err}");
    assert!(err.contains("no record of Lambda's"), "{err}");

    assert_eq!(
        stack
            .queue("ParseDeadLettersUrl")
            .depth()
            .await
            .unwrap()
            .visible,
        0
    );
    assert_eq!(
        stack.queue("ParseQueueUrl").depth().await.unwrap().visible,
        25
    );
    assert_eq!(
        stack.queue("BulkQueueUrl").depth().await.unwrap().visible,
        1
    );
    assert_eq!(
        failures.depth().await.unwrap().visible,
        2,
        "they can be had again at once"
    );
    let how = Receive {
        max: 1,
        wait: Duration::from_secs(1),
        visibility: Duration::ZERO,
    };
    let back = stack.queue("ParseQueueUrl").receive(how).await.unwrap();
    assert_eq!(back[0].attributes, attributes);
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_what_is_wrong_with_a_stack_and_what_to_do() {
    let installation = Installation::new();
    let _running = installation.started();
    let url = format!("http://127.0.0.1:{}", installation.port());
    let Some(stack) = Stack::make(&url, "http://127.0.0.1:9").await else {
        return;
    };
    stack.good(&["product", "add", "editor"]);
    let found = stack.doctor();
    let bad: Vec<&str> = found
        .iter()
        .filter(|f| f["verdict"] == "bad")
        .map(check)
        .collect();
    assert_eq!(bad, ["query API"], "{found:?}");
    for one in [
        "stack",
        "outputs",
        "upload API",
        "archive",
        "products",
        "inbox",
        "alarms",
    ] {
        assert!(
            found
                .iter()
                .any(|f| check(f) == one && f["verdict"] == "good"),
            "{one}"
        );
    }

    let none = Attributes::new();
    stack
        .queue("ParseDeadLettersUrl")
        .send("poison", &none)
        .await
        .unwrap();
    stack
        .queue("IntakeFailuresUrl")
        .send("{}", &none)
        .await
        .unwrap();
    stack
        .queue("ParseQueueUrl")
        .send("waiting", &none)
        .await
        .unwrap();
    let broken = b"[[product]]\nid = \"editor\"\nprofile = \"nope\"\n".to_vec();
    let put = stack.bucket("ArchiveBucket");
    put.put(
        "config/products.toml",
        broken,
        BTreeMap::default(),
        Put::Always,
    )
    .await
    .unwrap();
    stack.fire_alarm();
    let found = stack.doctor();
    let says = |check: &str, words: &str| {
        let held = |f: &&Value| f["check"] == check && f["found"].as_str().unwrap().contains(words);
        let one = found.iter().find(held);
        let one = one.unwrap_or_else(|| panic!("{check}: {words}: {found:?}"));
        one["what_to_do"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(says("parse queue", "1 waiting"), "");
    assert!(says("dead letters", "1 of the parse queue").contains("logbook redrive"));
    assert!(says("failed intakes", "1 events").contains("logbook redrive"));
    assert!(says("products", "there is no profile \"nope\"").contains("mend it"));
    assert!(says("alarms", "-parse-dead-letters-alarm fires").contains("docs/"));
    let ran = stack.run(&["doctor"]);
    assert_eq!(ran.status.code(), Some(2));
    assert!(
        String::from_utf8(ran.stdout)
            .unwrap()
            .contains("✗ dead letters")
    );
}

fn check(finding: &Value) -> &str {
    finding["check"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_go_to_a_stack_by_body_and_ticket_and_its_reports_are_shown() {
    let installation = Installation::new();
    let _running = installation.started();
    installation.add_product("editor", "logbook");
    let url = format!("http://127.0.0.1:{}", installation.port());
    let Some(stack) = Stack::make(&url, &url).await else {
        return;
    };
    let (key, token) = (
        installation.secret("product-key-editor"),
        installation.secret("token"),
    );
    stack.write(
        "logs/small.log",
        &String::from_utf8(usage("small")).unwrap(),
    );
    let mut large = String::from_utf8(usage("large")).unwrap();
    while large.len() < 5 << 20 {
        large
            .push_str("{\"time\":\"2026-02-01T10:00:00Z\",\"session\":\"large\",\"name\":\"x\"}\n");
    }
    stack.write("logs/large.log", &large);
    let upload = ["upload", "logs", "--key", &key, "--token", &token, "--json"];
    // The key is known at the latest two seconds after it was made.
    eventually("the program knows the product", || {
        installation
            .door("editor")
            .upload("first", &usage("first"))
            .status
            == 201
    });
    let sent = stack.json(&upload);
    assert_eq!(
        (&sent["sent"], &sent["parsed"]),
        (&json!(2), &json!(2)),
        "{sent}"
    );
    let again = stack.json(&upload);
    assert_eq!(
        (&again["already_there"], &again["sent"]),
        (&json!(2), &json!(0)),
        "{again}"
    );
    // Without a token the stack's archive is looked at, which is empty here.
    let blind = stack.run(&["upload", "logs", "--key", &key]);
    assert!(blind.status.success(), "{blind:?}");
    assert!(String::from_utf8(blind.stderr).unwrap().contains("--token"));

    eventually("the report has both", || {
        let ask = [
            "report",
            "ledger",
            "--token",
            &token,
            "--product",
            "editor",
            "--json",
        ];
        let report = stack.json(&ask);
        report["rows"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["parsed"] == 3)
    });
    let refused = stack.run(&["report", "ledger", "--token", "wrong"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        String::from_utf8(refused.stderr)
            .unwrap()
            .contains("LOGBOOK_TOKEN")
    );
    let keyless = stack.run(&["upload", "logs"]);
    let err = String::from_utf8(keyless.stderr).unwrap();
    assert!(err.contains(&format!("--stack {}", stack.name)), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_in_the_archive_is_not_sent_again_and_can_be_inspected() {
    let installation = Installation::new();
    let _running = installation.started();
    let url = format!("http://127.0.0.1:{}", installation.port());
    let Some(stack) = Stack::make(&url, &url).await else {
        return;
    };
    stack.good(&["product", "add", "app"]);
    let vault = Vault::new(stack.bucket("ArchiveBucket"), stack.keys());
    archive_log(&vault, new_log("run-1", usage("s1")))
        .await
        .unwrap();
    let report = stack.json(&["inspect", "--log", "app/run-1", "--json"]);
    assert_eq!(report["log"]["sessions"], 1, "{report}");
    assert_eq!(report["sessions"][0]["session_id"], "s1");
    let none = stack.run(&["inspect", "--log", "app/none"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(
        String::from_utf8(none.stderr)
            .unwrap()
            .contains("has no log none")
    );

    stack.write("a.log", &String::from_utf8(usage("a")).unwrap());
    let key = installation.secret("product-key-app");
    let upload = ["upload", "a.log", "--key", &key, "--json"];
    assert_eq!(stack.json(&upload)["sent"], 1);
    // As if the stack's own upload had put it there.
    let there = block_in_place(|| keys(&installation.data(), "archive", "archive/app/"));
    let (_, id) = there[0].rsplit_once('/').unwrap();
    archive_log(&vault, new_log(id, usage("a"))).await.unwrap();
    let again = stack.json(&upload);
    assert_eq!(
        (&again["already_there"], &again["sent"]),
        (&json!(1), &json!(0)),
        "{again}"
    );
}

fn new_log(id: &str, body: Vec<u8>) -> NewLog {
    NewLog {
        product: product("app"),
        log: LogId::new(id).unwrap(),
        body,
        via: Via::Api,
        consent: Consent::Usage,
        received_at: Timestamp(1_790_000_000_000_000),
        attempt: Attempt("a".to_owned()),
        profile: None,
        refused: None,
        bulk: false,
        readable_accounts: false,
        metadata: BTreeMap::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_is_not_there_is_named() {
    let Some(stack) = Stack::make("http://127.0.0.1:1", "http://127.0.0.1:1").await else {
        return;
    };
    let ran = stack.run_on("nobodys", &["product", "list"]);
    assert_eq!(
        (ran.status.code(), ran.stdout.as_slice()),
        (Some(1), &b""[..])
    );
    let err = String::from_utf8(ran.stderr).unwrap();
    assert!(err.contains("there is no stack nobodys"), "{err}");
}
