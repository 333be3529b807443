//! Every class of byte that an attacker can change is noticed, by the check that is meant for it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and may say why it was skipped"
)]

mod support;

use logbook_seal::{
    Commitment, DataKey, Envelope, Expected, LocalKey, LogId, SealBounds, SealError, SealingKey,
    WrappedKey, generate_data_key, open, seal,
};
use support::{Headers, LOG, LOG_ID, PRODUCT, Sample, encode, expected, flip_in_base64, headers};

fn changed(sample: &Sample, name: &str, value: &str) -> Headers {
    let mut headers = sample.headers();
    headers.insert(name.to_owned(), value.to_owned());
    headers
}

/// The error of a reader that meets the sample with one header replaced.
fn error_with(name: &str, value: &str) -> SealError {
    let sample = Sample::new(LOG);
    sample
        .open_headers(&changed(&sample, name, value))
        .unwrap_err()
}

#[test]
fn a_changed_body_or_tag_fails_authentication() {
    let sample = Sample::new(LOG);
    let len = sample.sealed.body.len();
    for at in 0..len {
        let mut body = sample.sealed.body.clone();
        body[at] ^= 0x80;
        assert!(
            matches!(sample.open_body(body), Err(SealError::NotAuthentic)),
            "byte {at}"
        );
    }
}

#[test]
fn a_shortened_or_lengthened_body_fails() {
    let sample = Sample::new(LOG);
    let body = &sample.sealed.body;
    for len in [16, 17, body.len() - 1] {
        assert!(
            matches!(
                sample.open_body(body[..len].to_vec()),
                Err(SealError::NotAuthentic)
            ),
            "{len} bytes"
        );
    }
    for len in [0, 15] {
        assert!(
            matches!(
                sample.open_body(body[..len].to_vec()),
                Err(SealError::BodyTooShort)
            ),
            "{len} bytes"
        );
    }
    let longer = [body, &b"\0"[..]].concat();
    assert!(matches!(
        sample.open_body(longer),
        Err(SealError::NotAuthentic)
    ));
}

#[test]
fn a_changed_commitment_or_message_id_fails_the_commitment() {
    let sample = Sample::new(LOG);
    for name in ["x-amz-d", "x-amz-i"] {
        for byte in 0..28 {
            let value = flip_in_base64(&sample.headers()[name], byte);
            let error = sample
                .open_headers(&changed(&sample, name, &value))
                .unwrap_err();
            assert!(
                matches!(error, SealError::CommitmentMismatch),
                "{name} byte {byte}"
            );
        }
    }
}

#[test]
fn a_changed_wrapped_key_does_not_unwrap() {
    let sample = Sample::new(LOG);
    let stored = &sample.headers()["x-amz-3"];
    for byte in 0..60 {
        let error = sample
            .open_headers(&changed(&sample, "x-amz-3", &flip_in_base64(stored, byte)))
            .unwrap_err();
        assert!(matches!(error, SealError::UnwrapFailed), "byte {byte}");
    }
    for bytes in [0, 1, 12, 59, 61] {
        let wrapped = WrappedKey::aes_gcm(vec![0; bytes]);
        assert!(matches!(
            sample.local.unwrap(&wrapped, PRODUCT),
            Err(SealError::UnwrapFailed)
        ));
    }
}

#[test]
fn another_key_is_refused() {
    let sample = Sample::new(LOG);
    let wrong = generate_data_key().unwrap();
    let error = open(
        sample.sealed.body.clone(),
        &sample.sealed.envelope,
        &expected(),
        &wrong,
    )
    .unwrap_err();
    assert!(matches!(error, SealError::CommitmentMismatch));
    let other = LocalKey::generate().unwrap();
    assert!(matches!(
        other.unwrap(sample.key.wrapped_key(), PRODUCT),
        Err(SealError::UnwrapFailed)
    ));
    assert!(matches!(
        sample.local.unwrap(&WrappedKey::kms([0; 60]), PRODUCT),
        Err(SealError::WrongWrap)
    ));
    assert!(matches!(
        DataKey::from_slice(&[0; 31]),
        Err(SealError::BadKeyLength {
            expected: 32,
            actual: 31
        })
    ));
}

#[test]
fn a_changed_context_is_noticed_before_the_key_is_unwrapped() {
    for context in [
        r#"{"logbook:product":"other"}"#,
        r#"{"logbook:product":"editor","more":"x"}"#,
        r#"{"logbook:product":"editor","aws:x-amz-cek-alg":"AES/GCM/NoPadding"}"#,
        r#"{"product":"editor"}"#,
        "{}",
    ] {
        assert!(
            matches!(error_with("x-amz-m", context), SealError::ContextMismatch),
            "{context}"
        );
    }
    for context in [
        "",
        "{",
        "[]",
        "null",
        r#"{"logbook:product":1}"#,
        &"9".repeat(9000),
    ] {
        assert!(
            matches!(
                error_with("x-amz-m", context),
                SealError::BadHeader {
                    name: "x-amz-m",
                    ..
                }
            ),
            "{context}"
        );
    }
}

#[test]
fn a_log_moved_to_another_product_does_not_open_even_with_its_context_rewritten() {
    let sample = Sample::new(LOG);
    let moved = changed(&sample, "x-amz-m", r#"{"logbook:product":"other"}"#);
    let expected = Expected {
        product: "other",
        ..expected()
    };
    let error = sample
        .open_with(sample.sealed.body.clone(), &moved, &expected)
        .unwrap_err();
    assert!(matches!(error, SealError::UnwrapFailed));
}

#[test]
fn a_kms_context_must_name_the_algorithm() {
    let key = SealingKey::new(
        PRODUCT,
        generate_data_key().unwrap(),
        WrappedKey::kms([1; 100]),
    )
    .unwrap();
    let sealed = seal(LOG, LOG_ID, &key, &SealBounds::default()).unwrap();
    for context in [
        r#"{"logbook:product":"editor"}"#,
        r#"{"logbook:product":"editor","aws:x-amz-cek-alg":"AES/GCM/NoPadding"}"#,
    ] {
        let mut headers = sealed.envelope.to_headers();
        headers.insert("x-amz-t".to_owned(), context.to_owned());
        let error = Envelope::from_headers(&headers)
            .unwrap()
            .check(&expected())
            .unwrap_err();
        assert!(matches!(error, SealError::ContextMismatch), "{context}");
    }
}

#[test]
fn a_log_put_under_another_id_is_noticed() {
    let sample = Sample::new(LOG);
    for log_id in [
        LogId::Required("run-2"),
        LogId::IfPresent("run-2"),
        LogId::Required("run-"),
        LogId::Required("run-11"),
    ] {
        let expected = Expected {
            log_id,
            ..expected()
        };
        let error = sample
            .open_with(sample.sealed.body.clone(), &sample.headers(), &expected)
            .unwrap_err();
        assert!(matches!(error, SealError::LogIdMismatch));
    }
    let unchecked = Expected {
        log_id: LogId::Unchecked,
        ..expected()
    };
    assert!(
        sample
            .open_with(sample.sealed.body.clone(), &sample.headers(), &unchecked)
            .is_ok()
    );
}

#[test]
fn missing_headers_are_named() {
    let sample = Sample::new(LOG);
    for name in [
        "x-amz-c", "x-amz-w", "x-amz-3", "x-amz-i", "x-amz-d", "x-amz-m",
    ] {
        let mut headers = sample.headers();
        headers.remove(name);
        let error = Envelope::from_headers(&headers).unwrap_err();
        assert!(
            matches!(error, SealError::MissingHeader { name: missing } if missing == name),
            "{name}: {error}"
        );
    }
    let foreign = headers([
        ("x-logbook-consent", "usage"),
        ("x-amz-t", "{}"),
        ("x-amz-m", "{}"),
    ]);
    assert!(matches!(
        Envelope::from_headers(&foreign),
        Err(SealError::NotSealed)
    ));
}

#[test]
fn garbled_headers_are_named() {
    for name in ["x-amz-3", "x-amz-i", "x-amz-d"] {
        for value in [
            "",
            "AAAA",
            "not base64",
            "AAA",
            "=?UTF-8?Q?AAAA?=",
            "AAAA\n",
        ] {
            let sample = Sample::new(LOG);
            let result = sample.open_headers(&changed(&sample, name, value));
            let is_named =
                matches!(&result, Err(SealError::BadHeader { name: bad, .. }) if *bad == name);
            let is_short_key = name == "x-amz-3" && matches!(&result, Err(SealError::UnwrapFailed));
            assert!(is_named || is_short_key, "{name} {value:?}: {result:?}");
        }
    }
    assert!(matches!(
        error_with("x-amz-3", &encode(&[0; 7000])),
        SealError::BadHeader {
            name: "x-amz-3",
            ..
        }
    ));
    for (name, value) in [
        ("x-amz-c", "114"),
        ("x-amz-c", ""),
        ("x-amz-w", "22"),
        ("x-amz-w", "2"),
        ("x-amz-w", "AES/GCM"),
    ] {
        assert!(
            matches!(error_with(name, value), SealError::UnsupportedAlgorithm { name: bad } if bad == name)
        );
    }
}

#[test]
fn a_wrap_relabelled_as_kms_lacks_its_context() {
    assert!(matches!(
        error_with("x-amz-w", "12"),
        SealError::MissingHeader { name: "x-amz-t" }
    ));
}

const V2_CONTEXT: &str = r#"{"logbook:product":"editor","aws:x-amz-cek-alg":"AES/GCM/NoPadding"}"#;

#[test]
fn headers_of_two_versions_are_refused() {
    let sample = Sample::new(LOG);
    for name in [
        "x-amz-key-v2",
        "x-amz-iv",
        "x-amz-wrap-alg",
        "x-amz-cek-alg",
        "x-amz-key",
    ] {
        let mixed = changed(&sample, name, "AAAA");
        assert!(
            matches!(Envelope::from_headers(&mixed), Err(SealError::MixedFormats)),
            "{name}"
        );
    }
    let v1 = headers([
        ("x-amz-key", "AAAA"),
        ("x-amz-iv", "AAAA"),
        ("x-amz-matdesc", "{}"),
    ]);
    assert!(matches!(
        Envelope::from_headers(&v1),
        Err(SealError::UnsupportedAlgorithm { name: "x-amz-key" })
    ));
}

#[test]
fn a_downgrade_to_v2_does_not_open() {
    let sample = Sample::new(LOG);
    let stored = sample.headers();
    let downgraded = headers([
        ("x-amz-key-v2", stored["x-amz-3"].as_str()),
        ("x-amz-wrap-alg", "kms+context"),
        ("x-amz-iv", "AQEBAQEBAQEBAQEB"),
        ("x-amz-cek-alg", "AES/GCM/NoPadding"),
        ("x-amz-tag-len", "128"),
        ("x-amz-matdesc", V2_CONTEXT),
    ]);
    let envelope = Envelope::from_headers(&downgraded).unwrap();
    assert!(matches!(
        envelope.check(&expected()),
        Err(SealError::CommitmentRequired)
    ));
    // Even a reader that takes V2, and has the data key, is not fooled.
    let lenient = Expected {
        commitment: Commitment::IfPresent,
        ..expected()
    };
    let opened = open(
        sample.sealed.body.clone(),
        &envelope,
        &lenient,
        sample.key.data_key(),
    );
    assert!(matches!(opened, Err(SealError::NotAuthentic)));
}

#[test]
fn every_refusal_of_bytes_is_permanent_and_has_a_code() {
    for error in [
        error_with("x-amz-c", "1"),
        error_with("x-amz-m", "{}"),
        error_with("x-amz-d", "AAAA"),
    ] {
        assert!(error.is_permanent());
        assert!(
            error
                .code()
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        );
    }
}
