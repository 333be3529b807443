//! Answers made by other programs: Python's `cryptography` and the official Python client.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and may say why it was skipped"
)]

mod support;

use logbook_seal::{
    Commitment, DataKey, Envelope, Expected, Format, LocalKey, LogId, SealError, WrappedKey, open,
};
use support::{LOG, PRODUCT, data_key, decode, headers, read};

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

// Both objects were written by amazon-s3-encryption-client-python 4.0.0 against moto 5.2.5, with
// EncryptionContext={"logbook:product": "editor"}. To make others: ask the `write` command of
// tests/interop/s3_encryption_client.py.
const V2_BODY: &str = "jYGVV5rHq0kmCUMQ9/vO6PDRD10HAq1irYnLVt/HeJ4cEEvF";
const V2_DATA_KEY: &str = "uIq0mUiY/F1OqvEw7Na0MBE25k/J0NOTmCC2WLUXJb8=";
const V2_HEADERS: [(&str, &str); 6] = [
    (
        "x-amz-key-v2",
        "NzZmZDJkYjgtYmQ2NC00MWM5LThhZTEtMTYxN2IxY2E5M2M2ty8PXND2gxoHCdPQz0x5VOfOPpXWBDFQIeBOTUmHcxmU8iedYM7qEwDbj6A7QcBqIPWfyB4PKLYEezL9",
    ),
    ("x-amz-wrap-alg", "kms+context"),
    (
        "x-amz-matdesc",
        r#"{"logbook:product": "editor", "aws:x-amz-cek-alg": "AES/GCM/NoPadding"}"#,
    ),
    ("x-amz-iv", "c9CBF4nyZWlX+26s"),
    ("x-amz-cek-alg", "AES/GCM/NoPadding"),
    ("x-amz-tag-len", "128"),
];
const V3_BODY: &str = "HGoNkCTPAlPTZYAW9nHbBb2VCt9HZ2uLEIz4ooI/QgUAsYHz";
const V3_DATA_KEY: &str = "Yrk5mVL9Wwm0LVSwvyBbDaCdf3VyqL8G812FGR1rFBE=";
const V3_HEADERS: [(&str, &str); 6] = [
    ("x-amz-c", "115"),
    (
        "x-amz-3",
        "NzZmZDJkYjgtYmQ2NC00MWM5LThhZTEtMTYxN2IxY2E5M2M22O/qOOLaE4wvfuChgYa8UBHjRoJ2Impnu8uTaXi1StUXENfqgUPbYkcBJVHp0hKWh8yNhpiiCegwivjZ",
    ),
    (
        "x-amz-t",
        r#"{"logbook:product": "editor", "aws:x-amz-cek-alg": "115"}"#,
    ),
    ("x-amz-w", "12"),
    ("x-amz-d", "Oe38HbIkiDvpRecPG1Sr7+ZCG9E9CidyiM6bvg=="),
    ("x-amz-i", "CSHo35Ne4vOyhVqccwcRMCEL26aSiyRnsclThQ=="),
];

/// Other writers seal what they are given, with no log id.
const FOREIGN: Expected<'_> = Expected {
    commitment: Commitment::IfPresent,
    ..Expected::new(PRODUCT, LogId::IfPresent("run-1"))
};

#[test]
fn an_official_v3_object_opens() {
    let envelope = Envelope::from_headers(&headers(V3_HEADERS)).unwrap();
    assert_eq!(envelope.format(), Format::V3);
    let opened = open(decode(V3_BODY), &envelope, &FOREIGN, &data_key(V3_DATA_KEY)).unwrap();
    assert_eq!(read(&opened), LOG);
    assert_eq!(opened.log_id(), None);
    let ours_only = Expected::new(PRODUCT, LogId::Required("run-1"));
    let refused = open(
        decode(V3_BODY),
        &envelope,
        &ours_only,
        &data_key(V3_DATA_KEY),
    );
    assert!(matches!(refused, Err(SealError::LogIdMissing)));
}

#[test]
fn an_official_v2_object_opens_where_that_is_allowed() {
    let envelope = Envelope::from_headers(&headers(V2_HEADERS)).unwrap();
    assert_eq!(envelope.format(), Format::V2);
    let opened = open(decode(V2_BODY), &envelope, &FOREIGN, &data_key(V2_DATA_KEY)).unwrap();
    assert_eq!(read(&opened), LOG);
    let strict = Expected {
        commitment: Commitment::Required,
        ..FOREIGN
    };
    let refused = open(decode(V2_BODY), &envelope, &strict, &data_key(V2_DATA_KEY));
    assert!(matches!(refused, Err(SealError::CommitmentRequired)));
}

#[test]
fn a_v2_envelope_survives_being_written() {
    let envelope = Envelope::from_headers(&headers(V2_HEADERS)).unwrap();
    assert_eq!(
        Envelope::from_headers(&envelope.to_headers()).unwrap(),
        envelope
    );
}

#[test]
fn a_changed_v2_object_is_refused() {
    let mut tampered = decode(V2_BODY);
    tampered[3] ^= 1;
    let envelope = Envelope::from_headers(&headers(V2_HEADERS)).unwrap();
    let refused = open(tampered, &envelope, &FOREIGN, &data_key(V2_DATA_KEY));
    assert!(matches!(refused, Err(SealError::NotAuthentic)));
    let other = Expected {
        product: "other",
        ..FOREIGN
    };
    assert!(matches!(
        envelope.check(&other),
        Err(SealError::ContextMismatch)
    ));
}

// Made with Python's `cryptography`, with local = bytes(range(64, 96)) and n = bytes(range(12)):
//   prk = hmac.new(b"\0" * 64, local, "sha512").digest()
//   key = HKDFExpand(SHA512(), 32, b"logbook local wrapping key 1\0editor").derive(prk)
//   n + AESGCM(key).encrypt(n, bytes(range(32)), b"115")
const PRODUCT_KEY: &str = "79287538faa3897dcd5553a64f9f3c13281a3befccd2d1962deabf2b0751afcf";
const WRAPPED: &str = "000102030405060708090a0bb695973e9dd0db8cd36e7bd1968f3cd4867dfc266875abdd3eaf36a806f9bb67889de60f0c041ed32c52102dbc302b73";

#[test]
fn a_locally_wrapped_key_unwraps() {
    let local = LocalKey::from_slice(&std::array::from_fn::<u8, 32, _>(|i| 64 + i as u8)).unwrap();
    assert_eq!(
        local.product_key(PRODUCT).unwrap().to_vec(),
        unhex(PRODUCT_KEY)
    );
    let data_key = local
        .unwrap(&WrappedKey::aes_gcm(unhex(WRAPPED)), PRODUCT)
        .unwrap();
    assert_eq!(
        data_key,
        DataKey::from_slice(&std::array::from_fn::<u8, 32, _>(|i| i as u8)).unwrap()
    );
}
