//! What bad input becomes, at every place where it is to be seen; and the next log passes.

use std::collections::BTreeMap;

use logbook_backends::{Object, Put};
use logbook_model::LogId;
use logbook_pipeline::archive_key;
use serde_json::Value;

use crate::support::door::Door;
use crate::support::logs::{bad, bomb, usage};
use crate::support::stores::{
    archive_file, bucket, dropped_id, execute, product, put_into_inbox, wait,
};
use crate::support::{Installation, eventually};

/// A log that was rejected: receipt, list of rejects and ledger say so.
fn is_seen(door: &Door, log: &str, reason: &str) {
    let receipt = door.settled(log);
    assert_eq!(receipt["state"], "rejected", "{log}: {receipt}");
    assert_eq!(receipt["reason"], reason, "{log}: {receipt}");
    assert!(
        receipt["detail"]
            .as_str()
            .is_some_and(|detail| !detail.is_empty()),
        "{receipt}"
    );
    let samples = rejects(door, reason);
    let sample = samples.iter().find(|sample| sample["log_id"] == log);
    assert_eq!(sample.unwrap()["scope"], "log", "{samples:?}");
}

/// The ledger counts each rejected log by its reason, and balances.
fn are_counted<'a>(door: &Door, reasons: impl IntoIterator<Item = &'a str>) {
    let mut expected = BTreeMap::<String, u64>::new();
    for reason in reasons {
        *expected.entry(reason.to_owned()).or_default() += 1;
    }
    eventually("the ledger counts all", || {
        door.rejected() == expected && door.ledger().balanced == Some(true)
    });
}

/// Samples of what was refused for a reason.
pub(crate) fn rejects(door: &Door, reason: &str) -> Vec<Value> {
    let answer = door.ask(&format!("/v1/rejects?reason={reason}&limit=1000"));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["samples"].as_array().unwrap().clone()
}

#[test]
fn bad_logs_are_visible_everywhere() {
    let installation = Installation::new();
    let _running = installation.started();
    let door = installation.door("app");
    for (reason, body) in bad() {
        assert_eq!(door.upload(reason, &body).status, 201, "{reason}");
        is_seen(&door, reason, reason);
        door.passes(&format!("after-{reason}"));
    }
    are_counted(&door, bad().iter().map(|(reason, _)| *reason));
}

#[test]
fn a_bomb_is_rejected_and_stops_at_the_bound() {
    let installation = Installation::new();
    let _running = installation.started();
    let door = installation.door("app");
    let taken = door.upload_by_ticket("bomb", &bomb());
    assert_eq!(taken.status, 200, "{taken:?}");
    is_seen(&door, "bomb", "bomb");
    are_counted(&door, ["bomb"]);
    door.passes("after");
}

#[test]
fn a_log_for_an_unknown_product_is_visible() {
    let installation = Installation::new();
    installation.started().terminate();
    put_into_inbox(&installation.data(), "ghost", "a.log", &[]);
    let id = dropped_id("ghost", "a.log", &usage("inbox"));
    let _running = installation.started();
    let ghost = installation.door("ghost");
    is_seen(&ghost, &id, "unknown_product");
    are_counted(&ghost, ["unknown_product"]);
    let found = installation.doctor("products");
    assert!(
        found.iter().any(|(_, found)| found.contains("ghost")),
        "{found:?}"
    );
    installation.door("app").passes("after");
    let nobody = installation.door("nobody").ask("/v1/rejects");
    assert_eq!((nobody.status, nobody.problem()), (404, "not-found"));
}

/// Changes the archive's objects behind the back of a process that is not running.
struct Tampering<'a>(&'a Installation);

impl Tampering<'_> {
    fn change(&self, log: &str, change: impl FnOnce(&mut Object)) {
        wait(async {
            let archive = bucket(&self.0.data(), "archive").await;
            let key = archive_key(&product("app"), &LogId::new(log).unwrap());
            let mut object = archive.get(&key, 1 << 20).await.unwrap().unwrap();
            change(&mut object);
            let put = archive.put(&key, object.body, object.metadata, Put::Always);
            put.await.unwrap();
        });
    }

    fn object(&self, log: &str) -> Object {
        let mut found = None;
        self.change(log, |object| found = Some(object.clone()));
        found.unwrap()
    }

    /// Changes a byte of the object's file, counted from its end if negative.
    fn flip(&self, log: &str, at: isize) {
        let path = archive_file(&self.0.data(), "app", log);
        let mut bytes = std::fs::read(&path).unwrap();
        let length = bytes.len();
        bytes[at.rem_euclid(length as isize) as usize] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
}

#[test]
fn a_sealed_log_that_was_tampered_with_is_rejected_by_name() {
    let installation = Installation::new();
    let running = installation.started();
    let door = installation.door("app");
    let reasons = [
        ("byte", "wrong_tag"),
        ("disk", "wrong_tag"),
        ("header", "wrong_tag"),
        ("key", "wrong_key"),
        ("commitment", "wrong_key"),
        ("swapped", "wrong_context"),
        ("product", "wrong_context"),
        ("short", "truncated"),
        ("bare", "wrong_format"),
    ];
    for (log, _) in reasons {
        assert_eq!(door.upload(log, &usage(log)).status, 201);
        assert_eq!(door.settled(log)["state"], "parsed");
    }
    let other = door.upload("other", &usage("other"));
    assert_eq!(other.status, 201);
    door.settled("other");
    assert!(running.terminate().success());

    let tampering = Tampering(&installation);
    tampering.change("byte", |object| object.body[5] ^= 1);
    tampering.flip("disk", -3);
    tampering.flip("header", 14);
    let swap = |text: &mut String| {
        let first = if text.starts_with('A') { 'B' } else { 'A' };
        text.replace_range(..1, &first.to_string());
    };
    tampering.change("key", |object| {
        swap(object.metadata.get_mut("x-amz-3").unwrap());
    });
    tampering.change("commitment", |object| {
        swap(object.metadata.get_mut("x-amz-d").unwrap());
    });
    let others = tampering.object("other");
    tampering.change("swapped", |object| *object = others);
    tampering.change("product", |object| {
        let context = object.metadata.get_mut("x-amz-m").unwrap();
        *context = context.replace("app", "apq");
    });
    tampering.change("short", |object| object.body.truncate(10));
    tampering.change("bare", |object| object.metadata.clear());
    execute(
        &installation.data(),
        "sessions.db",
        "DELETE FROM log WHERE log_id <> 'other'",
    );

    let _running = installation.started();
    for (log, reason) in reasons {
        is_seen(&door, log, reason);
    }
    assert_eq!(
        door.sessions().len(),
        1,
        "nothing of them is left in the reports"
    );
    are_counted(&door, reasons.iter().map(|(_, reason)| *reason));
    door.passes("after");
    let dead = installation.doctor("dead letters");
    assert_eq!(dead[0].0, "good", "{dead:?}");
}

#[test]
fn a_log_whose_id_is_taken_or_whose_consent_is_off_is_rejected_by_name() {
    let installation = Installation::new();
    let running = installation.started();
    let door = installation.door("app");
    door.passes("taken");
    // Nobody has looked into the file when its PUT is answered.
    assert_eq!(door.upload_by_ticket("taken", &usage("other")).status, 200);
    let conflict = || {
        rejects(&door, "id_conflict").first()?["log_id"]
            .as_str()
            .map(str::to_owned)
    };
    eventually("the conflict is seen", || conflict().is_some());
    is_seen(&door, &conflict().unwrap_or_default(), "id_conflict");
    assert_eq!(door.settled("taken")["state"], "parsed");
    door.passes("after-conflict");

    // Such a log is not archived: somebody put it there.
    door.passes("off");
    assert!(running.terminate().success());
    Tampering(&installation).change("off", |object| {
        let consent = object.metadata.get_mut("logbook-consent").unwrap();
        "off".clone_into(consent);
    });
    let deleted = "DELETE FROM log WHERE log_id = 'off'";
    assert_eq!(execute(&installation.data(), "sessions.db", deleted), 1);
    let _running = installation.started();
    is_seen(&door, "off", "consent_off");
    are_counted(&door, ["id_conflict", "consent_off"]);
    door.passes("after-off");
}
