//! What fails for a while is not lost; what fails for good is a dead letter, and comes back.

use std::thread::sleep;
use std::time::Duration;

use logbook_backends::Put;
use logbook_model::{LogId, Timestamp};
use logbook_pipeline::Job;
use sqlx::Connection as _;

use crate::support::logs::usage;
use crate::support::stores::{
    archive_file, bucket, database, drop_file, dropped_id, keys, product, send_message, wait,
};
use crate::support::{Installation, PATIENCE, eventually};

const PRODUCTS: &str = "config/products.toml";

#[test]
fn poison_messages_become_dead_letters_and_come_back_by_redrive() {
    let installation = Installation::new();
    installation.started().terminate();
    // A log in the archive of which no message speaks, and whose object is out of reach.
    let mut dying = installation.start(&["--kill-at", "archive.after_put:1"]);
    let door = installation.door("app");
    eventually("the program answers", || door.alive());
    let headers = [("x-logbook-log-id", "late")];
    assert!(door.send("/v1/logs", &usage("late"), &headers).is_err());
    assert!(dying.ended(PATIENCE).is_some_and(|end| !end.success()));
    let file = archive_file(&installation.data(), "app", "late");
    let away = installation.outside().join("away");
    std::fs::rename(&file, &away).unwrap();

    let running = installation.started();
    send_message(&installation.data(), "no job at all");
    let job = Job::new(product("app"), LogId::new("late").unwrap(), Timestamp(1));
    send_message(&installation.data(), &job.to_body());
    let dead = |n: &str| {
        let found = installation.doctor("dead letters");
        found[0].1 == format!("{n} dead letters") && (found[0].0 == "bad") == (n != "0")
    };
    eventually("both messages are dead letters", || dead("2"));
    assert!(!installation.logbook(&["doctor"]).status.success());
    let listed = installation.logbook(&["redrive", "--list"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(
        listed.contains("no job at all") && listed.contains("\"late\""),
        "{listed}"
    );
    // Others are not held up.
    assert_eq!(door.upload("other", &usage("other")).status, 201);
    assert_eq!(door.settled("other")["state"], "parsed");

    std::fs::rename(&away, &file).unwrap();
    let redriven = installation.logbook(&["redrive"]);
    assert!(String::from_utf8_lossy(&redriven.stdout).contains("2 dead letters are back"));
    assert_eq!(door.settled("late")["state"], "parsed");
    eventually("what is no job is dead again", || dead("1"));
    assert!(running.terminate().success());
}

#[test]
fn a_faulty_registry_holds_all_up_and_loses_nothing() {
    let installation = Installation::new();
    let running = installation.started();
    let door = installation.door("app");
    assert_eq!(door.upload("before", &usage("before")).status, 201);
    assert_eq!(door.settled("before")["state"], "parsed");
    let data = installation.data();
    let write = |body: Vec<u8>| {
        wait(async {
            let archive = bucket(&data, "archive").await;
            let none = std::collections::BTreeMap::new();
            archive
                .put(PRODUCTS, body, none, Put::Always)
                .await
                .unwrap();
        });
    };
    let good = wait(async {
        let archive = bucket(&data, "archive").await;
        archive.get(PRODUCTS, 1 << 20).await.unwrap().unwrap().body
    });
    write(b"[[product]\nid =".to_vec());
    eventually("uploads are refused for now", || {
        let answer = door.send(
            "/v1/logs",
            &usage("during"),
            &[("x-logbook-log-id", "during")],
        );
        answer.is_ok_and(|answer| answer.status == 503 && answer.problem() == "unavailable")
    });
    let found = installation.doctor("products");
    assert!(
        found[0].0 == "bad" && found[0].1.contains(PRODUCTS),
        "{found:?}"
    );
    drop_file(&data, "app", "a.log", &usage("dropped"));
    eventually("the dropped file is in the inbox", || {
        keys(&data, "inbox", "inbox/").len() == 1
    });
    // Another file of the same name must not take its place.
    drop_file(&data, "app", "a.log", &usage("dropped later"));
    sleep(Duration::from_secs(4));
    assert_eq!(keys(&data, "inbox", "inbox/").len(), 1);

    write(good);
    eventually("uploads are taken again", || {
        let answer = door.send(
            "/v1/logs",
            &usage("during"),
            &[("x-logbook-log-id", "during")],
        );
        answer.is_ok_and(|answer| answer.status < 300)
    });
    assert!(running.terminate().success());
    let _running = installation.started();
    assert_eq!(door.settled("during")["state"], "parsed");
    for session in ["dropped", "dropped later"] {
        let id = dropped_id("app", "a.log", &usage(session));
        assert_eq!(door.settled(&id)["state"], "parsed", "{session}");
    }
}

#[test]
fn a_faulty_entry_of_one_product_holds_up_no_files_of_another() {
    let installation = Installation::new();
    let _running = installation.started();
    let door = installation.door("app");
    let data = installation.data();
    wait(async {
        let archive = bucket(&data, "archive").await;
        let object = archive.get(PRODUCTS, 1 << 20).await.unwrap().unwrap();
        let faulty = b"\n[[product]]\nid = \"other\"\nmin_users = \"many\"\n";
        let body = [&object.body[..], faulty].concat();
        let none = std::collections::BTreeMap::new();
        let put = archive.put(PRODUCTS, body, none, Put::Always);
        put.await.unwrap();
    });
    eventually("the fault is known", || {
        installation.errors().contains("the registry is faulty")
    });
    // Each is tried three times, over three seconds: one after the other they would take longer
    // than anybody waits.
    for n in 0..60 {
        let name = format!("{n}.log");
        drop_file(&data, "other", &name, &usage(&name));
    }
    eventually("they are in the inbox", || {
        keys(&data, "inbox", "inbox/other/").len() == 60
    });
    drop_file(&data, "app", "a.log", &usage("good"));
    let id = dropped_id("app", "a.log", &usage("good"));
    assert_eq!(door.settled(&id)["state"], "parsed");
}

#[test]
fn a_sessions_schema_that_cannot_be_written_holds_up_parsing_only() {
    let installation = Installation::new();
    let _running = installation.started();
    let door = installation.door("app");
    wait(async {
        let mut connection = database(&installation.data(), "sessions.db").await;
        sqlx::query("BEGIN IMMEDIATE")
            .execute(&mut connection)
            .await
            .unwrap();
        for at in 0..5 {
            let id = format!("log-{at}");
            assert_eq!(door.upload(&id, &usage(&id)).status, 201);
        }
        sleep(Duration::from_secs(3));
        for at in 0..5 {
            let receipt = door.receipt(&format!("log-{at}"));
            assert_eq!(
                (receipt.status, &receipt.body["state"]),
                (200, &"pending".into())
            );
        }
        sqlx::query("ROLLBACK")
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    });
    for at in 0..5 {
        assert_eq!(door.settled(&format!("log-{at}"))["state"], "parsed");
    }
    let dead = installation.doctor("dead letters");
    assert_eq!(dead[0].0, "good", "{dead:?}");
}
