//! Both ways with the official Amazon S3 Encryption Client, on simulated S3 and KMS.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and may say why it was skipped"
)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use logbook_seal::{
    Commitment, EncryptionContext, Envelope, Expected, LocalKey, LogId, SealBounds, SealedLog,
    SealingKey, Wrap, WrappedKey, open, seal,
};
use serde_json::{Value, json};
use support::{Headers, LOG, LOG_ID, PRODUCT, data_key, decode, encode, read};

/// The official client in a Python process of its own, which ends when this is dropped.
struct Official {
    process: Child,
    requests: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

impl Official {
    /// None, with a note, where the Python environment is not set up.
    fn start() -> Option<Self> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let python = repository.join(".tools/python/bin/python");
        if !python.exists() {
            println!("skipped: .tools/python is missing: run make setup");
            return None;
        }
        let mut process = Command::new(python)
            .arg(repository.join("tests/interop/s3_encryption_client.py"))
            // The emulator of this test is in that process, whatever else runs beside it.
            .env_remove("AWS_ENDPOINT_URL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let requests = process.stdin.take();
        let replies = BufReader::new(process.stdout.take().unwrap());
        Some(Self {
            process,
            requests,
            replies,
        })
    }

    fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.requests.as_ref().unwrap(), "{request}").unwrap();
        let mut reply = String::new();
        self.replies.read_line(&mut reply).unwrap();
        serde_json::from_str(&reply).unwrap()
    }

    fn sealing_key(&mut self) -> SealingKey {
        let context = EncryptionContext::of_product(PRODUCT, Wrap::Kms).unwrap();
        let made = self.ask(&json!({"command": "generate_data_key", "context": context.pairs()}));
        let wrapped_key = WrappedKey::kms(decode(text(&made, "wrapped_key")));
        SealingKey::new(PRODUCT, data_key(text(&made, "data_key")), wrapped_key).unwrap()
    }

    fn read(&mut self, sealed: &SealedLog, product: &str) -> Value {
        self.ask(&json!({
            "command": "read",
            "body": encode(&sealed.body),
            "headers": sealed.envelope.to_headers(),
            "context": {"logbook:product": product},
        }))
    }
}

impl Drop for Official {
    fn drop(&mut self) {
        drop(self.requests.take());
        self.process.wait().unwrap();
    }
}

fn text<'a>(reply: &'a Value, name: &str) -> &'a str {
    reply[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {reply}"))
}

fn open_official(
    official: &mut Official,
    format: &str,
    plain: &[u8],
    log_id: LogId<'_>,
) -> Vec<u8> {
    let written = official.ask(&json!({
        "command": "write",
        "format": format,
        "context": {"logbook:product": PRODUCT},
        "plain": encode(plain),
    }));
    let headers: Headers = serde_json::from_value(written["headers"].clone()).unwrap();
    let envelope = Envelope::from_headers(&headers).unwrap();
    let commitment = if format == "V3" {
        Commitment::Required
    } else {
        Commitment::IfPresent
    };
    let expected = Expected {
        commitment,
        ..Expected::new(PRODUCT, log_id)
    };
    envelope.check(&expected).unwrap();
    let body = decode(text(&written, "body"));
    read(
        &open(
            body,
            &envelope,
            &expected,
            &data_key(text(&written, "data_key")),
        )
        .unwrap(),
    )
}

#[test]
fn objects_of_the_official_client_open_here() {
    let Some(mut official) = Official::start() else {
        return;
    };
    for format in ["V3", "V2"] {
        let plain = open_official(&mut official, format, LOG, LogId::IfPresent(LOG_ID));
        assert_eq!(plain, LOG, "{format}, plain");
        // Python's gzip writes a file name, no comment.
        let large: Vec<u8> = LOG.repeat(50_000);
        let gzip = zipped(&large);
        assert_eq!(
            open_official(&mut official, format, &gzip, LogId::IfPresent(LOG_ID)),
            large,
            "{format}, gzip"
        );
    }
}

fn zipped(plain: &[u8]) -> Vec<u8> {
    let builder = flate2::GzBuilder::new().filename("log.txt");
    let mut encoder = builder.write(Vec::new(), flate2::Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn logs_sealed_here_open_in_the_official_client() {
    let Some(mut official) = Official::start() else {
        return;
    };
    let key = official.sealing_key();
    for log in [LOG.to_vec(), Vec::new(), LOG.repeat(50_000)] {
        let sealed = seal(&log[..], LOG_ID, &key, &SealBounds::default()).unwrap();
        let reply = official.read(&sealed, PRODUCT);
        assert_eq!(decode(text(&reply, "log")), log);
        assert!(decode(text(&reply, "plain")).starts_with(&[0x1f, 0x8b, 8]));
    }
}

#[test]
fn the_official_client_refuses_what_was_tampered_with() {
    let Some(mut official) = Official::start() else {
        return;
    };
    let key = official.sealing_key();
    let sealed = seal(LOG, LOG_ID, &key, &SealBounds::default()).unwrap();
    assert!(text(&official.read(&sealed, "other"), "error").contains("context"));
    let mut tampered = sealed;
    tampered.body[0] ^= 1;
    assert!(text(&official.read(&tampered, PRODUCT), "error").contains("decrypt"));
}

#[test]
fn locally_sealed_logs_open_in_the_official_client_with_a_raw_aes_key() {
    let Some(mut official) = Official::start() else {
        return;
    };
    let local = LocalKey::generate().unwrap();
    let key = SealingKey::local(PRODUCT, &local).unwrap();
    let sealed = seal(LOG, LOG_ID, &key, &SealBounds::default()).unwrap();
    let reply = official.ask(&json!({
        "command": "read_local",
        "body": encode(&sealed.body),
        "headers": sealed.envelope.to_headers(),
        "context": {"logbook:product": PRODUCT},
        "wrapping_key": encode(local.product_key(PRODUCT).unwrap().as_slice()),
    }));
    assert_eq!(decode(text(&reply, "log")), LOG);
}
