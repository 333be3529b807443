//! Sealing and opening over S3 and KMS: what it costs, and that the official client reads it.
#![cfg(feature = "aws")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "support/counting.rs"]
mod counting;
mod support;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use counting::Counting;
use logbook_backends::{AwsClients, AwsOptions, Durability, Keys, KmsConfig, ObjectStore, Put};
use logbook_model::{LogReject, ProductId};
use logbook_pipeline::{
    Archived, Attempt, Error, LogAttributes, NewLog, Refusal, Vault, archive_key, archive_log,
    metadata_fits, open_log,
};
use serde_json::{Value, json};
use support::{RUN, log_id, new_log, product};

/// A variable that `tests/emulator/run` sets.
fn variable(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tells tests where the emulator is"
    )]
    std::env::var(name).ok()
}

fn endpoint() -> Option<String> {
    let endpoint = variable("LOGBOOK_TEST_AWS_ENDPOINT");
    if endpoint.is_none() {
        println!("skipped: LOGBOOK_TEST_AWS_ENDPOINT is not set: see tests/emulator/run");
    }
    endpoint
}

/// A product that no other test has: all share one bucket.
fn fresh_product() -> ProductId {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    product(&format!("p{}", now.as_nanos()))
}

async fn clients(endpoint: String) -> AwsClients {
    AwsClients::load(AwsOptions {
        endpoint_url: Some(endpoint),
        ..AwsOptions::default()
    })
    .await
}

fn keys(clients: &AwsClients) -> Keys {
    let config = KmsConfig {
        key_id: variable("LOGBOOK_TEST_AWS_KEY").unwrap(),
        secret_id: variable("LOGBOOK_TEST_AWS_SECRET").unwrap(),
    };
    Keys::open_kms(clients, config)
}

fn bucket() -> String {
    variable("LOGBOOK_TEST_AWS_BUCKET").unwrap()
}

async fn vault() -> Option<Vault> {
    let clients = clients(endpoint()?).await;
    let archive = ObjectStore::open_s3(&clients, bucket());
    Some(Vault::new(archive, keys(&clients)))
}

fn log_of(product: &ProductId, id: &str) -> NewLog {
    NewLog {
        product: product.clone(),
        ..new_log(id, RUN)
    }
}

async fn read(vault: &Vault, product: &ProductId, id: &str) -> Result<String, Error> {
    let opened = open_log(vault, product, &log_id(id)).await?;
    let mut plain = String::new();
    opened
        .log
        .reader(1 << 20)
        .read_to_string(&mut plain)
        .unwrap();
    Ok(plain)
}

/// Works on a thousand logs, fifty at a time.
async fn thousand<F: Future<Output = ()> + Send + 'static>(work: impl Fn(String) -> F) {
    for fifty in 0..20 {
        let tasks: Vec<_> = (0..50)
            .map(|n| tokio::spawn(work(format!("run-{fifty}-{n}"))))
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_logs_cost_one_data_key() {
    let Some(endpoint) = endpoint() else { return };
    let counting = Counting::start(&endpoint).await;
    let clients = clients(counting.url()).await;
    let directory = tempfile::tempdir().unwrap();
    let archive = ObjectStore::open_dir(directory.path(), Durability::Process)
        .await
        .unwrap();
    let open = || Arc::new(Vault::new(archive.clone(), keys(&clients)));
    let product = fresh_product();

    let sealing = open();
    thousand(|id| {
        let (vault, product) = (Arc::clone(&sealing), product.clone());
        async move {
            let archived = archive_log(&vault, log_of(&product, &id)).await.unwrap();
            assert_eq!(archived, Archived::Created);
            assert_eq!(read(&vault, &product, &id).await.unwrap(), RUN);
        }
    })
    .await;
    assert_eq!(counting.calls("TrentService.GenerateDataKey"), 1);
    assert_eq!(counting.calls("TrentService.Decrypt"), 0);
    assert_eq!(counting.calls("secretsmanager.GetSecretValue"), 1);

    let opening = open();
    thousand(|id| {
        let (vault, product) = (Arc::clone(&opening), product.clone());
        async move { assert_eq!(read(&vault, &product, &id).await.unwrap(), RUN) }
    })
    .await;
    assert_eq!(counting.calls("TrentService.GenerateDataKey"), 1);
    assert_eq!(counting.calls("TrentService.Decrypt"), 1);
}

#[tokio::test]
async fn a_log_that_claims_another_product_is_refused_by_kms() {
    let Some(vault) = vault().await else { return };
    let (mine, other) = (fresh_product(), fresh_product());
    archive_log(&vault, log_of(&mine, "a")).await.unwrap();
    assert_eq!(read(&vault, &mine, "a").await.unwrap(), RUN);
    let key = archive_key(&mine, &log_id("a"));
    let mut object = vault.archive.get(&key, 1 << 20).await.unwrap().unwrap();
    for value in object.metadata.values_mut() {
        *value = value.replace(mine.as_str(), other.as_str());
    }
    let key = archive_key(&other, &log_id("a"));
    let put = vault
        .archive
        .put(&key, object.body, object.metadata, Put::IfAbsent);
    put.await.unwrap();
    let Err(Error::Rejected { reason, .. }) = read(&vault, &other, "a").await else {
        panic!("not rejected");
    };
    assert_eq!(reason, LogReject::WrongKey);
}

#[tokio::test]
async fn a_key_service_that_cannot_be_reached_rejects_no_log() {
    let Some(vault) = vault().await else { return };
    let product = fresh_product();
    archive_log(&vault, log_of(&product, "a")).await.unwrap();
    let nowhere = clients("http://127.0.0.1:9".to_owned()).await;
    let cut_off = Vault::new(vault.archive.clone(), keys(&nowhere));
    let error = read(&cut_off, &product, "a").await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(!matches!(error, Error::Rejected { .. }));
}

/// Emulators do not count what S3 does: 2 KB of names and values.
#[tokio::test]
async fn all_that_is_said_of_a_log_fits_into_the_metadata_of_s3() {
    let Some(vault) = vault().await else { return };
    let product = product(&format!("{:x<63}", fresh_product().as_str()));
    let mut log = log_of(&product, "a");
    log.attempt = Attempt("a".repeat(64));
    log.profile = Some("p".repeat(32));
    log.refused = Some(Refusal::IdTaken(log_id(&"c".repeat(64))));
    log.metadata = [
        ("environment", "e".repeat(256)),
        ("version", "v".repeat(256)),
    ]
    .into_iter()
    .chain([("os", "o".repeat(256)), ("runtime", "r".repeat(180))])
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    assert!(metadata_fits(&log.metadata));
    let said = log.metadata.clone();
    archive_log(&vault, log).await.unwrap();
    let key = archive_key(&product, &log_id("a"));
    let headers = vault.archive.head(&key).await.unwrap().unwrap().metadata;
    assert_eq!(
        LogAttributes::from_headers(&headers).unwrap().metadata,
        said
    );
    let all: usize = headers.iter().map(|(n, v)| n.len() + v.len()).sum();
    // KMS wraps an AES-256 data key in 184 bytes; the emulator in others.
    let bytes = all - headers["x-amz-3"].len() + 184_usize.div_ceil(3) * 4;
    assert!(all > 1700 && bytes <= 2048, "{bytes}");
}

/// One request to the official client, which works on the same S3 and KMS. None, with a note,
/// where it is not installed.
fn official(request: &Value) -> Option<Value> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = repository.join(".tools/python/bin/python");
    if !python.exists() {
        println!("skipped: .tools/python is missing: run make setup");
        return None;
    }
    let mut process = Command::new(python)
        .arg(repository.join("tests/interop/s3_encryption_client.py"))
        .arg("--emulator")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(process.stdin.take().unwrap(), "{request}").unwrap();
    let output = process.wait_with_output().unwrap();
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[tokio::test]
async fn the_official_client_opens_what_was_archived() {
    let Some(vault) = vault().await else { return };
    let product = fresh_product();
    archive_log(&vault, log_of(&product, "a")).await.unwrap();
    let ask = |context: &str| {
        official(&json!({
            "command": "read_object",
            "bucket": bucket(),
            "key": archive_key(&product, &log_id("a")),
            "context": {"logbook:product": context},
        }))
    };
    let Some(reply) = ask(product.as_str()) else {
        return;
    };
    let log = STANDARD.decode(reply["log"].as_str().unwrap()).unwrap();
    assert_eq!(log, RUN.as_bytes());
    let refused = ask("other").unwrap();
    assert!(refused["error"].as_str().unwrap().contains("context"));
}

#[tokio::test]
async fn what_the_official_client_has_put_is_opened() {
    let Some(vault) = vault().await else { return };
    let product = fresh_product();
    // What the archive says of a log beside the envelope, as it says it of another.
    archive_log(&vault, log_of(&product, "a")).await.unwrap();
    let key = archive_key(&product, &log_id("a"));
    let head = vault.archive.head(&key).await.unwrap().unwrap();
    let metadata: BTreeMap<String, String> = head
        .metadata
        .into_iter()
        .filter(|(name, _)| name.starts_with("logbook-"))
        .collect();
    let builder = flate2::GzBuilder::new().comment("b");
    let mut gzip = builder.write(Vec::new(), flate2::Compression::default());
    gzip.write_all(RUN.as_bytes()).unwrap();
    let reply = official(&json!({
        "command": "write_object",
        "bucket": bucket(),
        "key": archive_key(&product, &log_id("b")),
        "context": {"logbook:product": product},
        "plain": STANDARD.encode(gzip.finish().unwrap()),
        "metadata": metadata,
    }));
    let Some(reply) = reply else { return };
    assert_eq!(reply, json!({}));
    assert_eq!(read(&vault, &product, "b").await.unwrap(), RUN);
}
