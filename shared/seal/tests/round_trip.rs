//! Sealing and opening give the log back, in bounded memory, whatever it came as.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and may say why it was skipped"
)]

mod support;

use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use logbook_seal::{
    EncryptionContext, Envelope, Expected, Format, InflateError, LogId, SealBounds, SealError,
    Sealer, SealingKey, Wrap, WrappedKey, generate_data_key, open, seal,
};
use proptest::prelude::*;
use support::{LOG, LOG_ID, PRODUCT, Sample, expected, read};

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_sealed_log_opens_to_the_log() {
    let sample = Sample::new(LOG);
    let opened = sample.open_headers(&sample.headers()).unwrap();
    assert_eq!(read(&opened), LOG);
    assert_eq!(opened.log_id(), Some(LOG_ID));
    assert_eq!(sample.sealed.inflated_bytes, LOG.len() as u64);
    assert_eq!(sample.sealed.envelope.format(), Format::V3);
}

#[test]
fn an_empty_log_is_sealed_too() {
    let sample = Sample::new(b"");
    assert!(read(&sample.open_headers(&sample.headers()).unwrap()).is_empty());
}

#[test]
fn gzip_zstd_and_plain_are_sealed_as_the_same_gzip_stream() {
    let sample = Sample::new(LOG);
    let plain = sample.open_headers(&sample.headers()).unwrap();
    for log in [
        gzip(LOG),
        zstd::encode_all(LOG, 3).unwrap(),
        [gzip(&LOG[..7]), gzip(&LOG[7..])].concat(),
    ] {
        let other = Sample::new(&log);
        let opened = other.open_headers(&other.headers()).unwrap();
        assert_eq!(opened.as_bytes(), plain.as_bytes());
    }
}

#[test]
fn a_log_is_decrypted_where_it_lies() {
    let sample = Sample::new(LOG);
    let body = sample.sealed.body.clone();
    let (address, capacity) = (body.as_ptr(), body.capacity());
    let opened = sample.open_body(body).unwrap();
    assert_eq!(opened.as_bytes().as_ptr(), address);
    assert!(opened.as_bytes().len() < capacity);
}

#[test]
fn headers_are_those_of_the_official_format() {
    let key = SealingKey::new(
        PRODUCT,
        generate_data_key().unwrap(),
        WrappedKey::kms([9; 184]),
    )
    .unwrap();
    let sealed = seal(LOG, LOG_ID, &key, &SealBounds::default()).unwrap();
    let kms = sealed.envelope.to_headers();
    let names: Vec<_> = kms.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "x-amz-3", "x-amz-c", "x-amz-d", "x-amz-i", "x-amz-t", "x-amz-w"
        ]
    );
    assert_eq!(kms["x-amz-c"], "115");
    assert_eq!(kms["x-amz-w"], "12");
    assert_eq!(
        kms["x-amz-t"],
        r#"{"aws:x-amz-cek-alg":"115","logbook:product":"editor"}"#
    );
    assert_eq!(Envelope::from_headers(&kms).unwrap(), sealed.envelope);

    let local = Sample::new(LOG).headers();
    assert_eq!(local["x-amz-w"], "02");
    assert_eq!(local["x-amz-m"], r#"{"logbook:product":"editor"}"#);
    assert!(!local.contains_key("x-amz-t"));
}

#[test]
fn the_kms_context_names_product_and_algorithm() {
    let context = EncryptionContext::of_product(PRODUCT, Wrap::Kms).unwrap();
    let pairs: Vec<_> = context
        .pairs()
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        pairs,
        [("aws:x-amz-cek-alg", "115"), ("logbook:product", "editor")]
    );
}

#[test]
fn no_two_logs_share_a_message_id_or_a_byte_pattern() {
    let sample = Sample::new(LOG);
    let again = seal(LOG, LOG_ID, &sample.key, &SealBounds::default()).unwrap();
    assert_ne!(
        again.envelope.to_headers()["x-amz-i"],
        sample.headers()["x-amz-i"]
    );
    assert_ne!(again.body, sample.sealed.body);
}

#[test]
fn a_file_s_name_is_sealed_with_the_log_and_is_nowhere_else() {
    let sample = Sample::new(LOG);
    for (name, held) in [
        (Some("Größe von ann.log"), Some("Größe von ann.log")),
        (Some("a\0b"), None),
        (None, None),
    ] {
        let mut sealer = Sealer::named(LOG_ID, name, 100_000).unwrap();
        sealer.write_all(LOG).unwrap();
        let sealed = sealer.finish(&sample.key).unwrap();
        let said = format!("{:?}", sealed.envelope.to_headers());
        assert!(!said.contains("ann"), "{said}");
        assert!(!sealed.body.windows(3).any(|bytes| bytes == b"ann"));
        let headers = sealed.envelope.to_headers();
        let opened = sample.open_with(sealed.body, &headers, &expected());
        let opened = opened.unwrap();
        assert_eq!(opened.file_name(), held);
        assert_eq!(opened.log_id(), Some(LOG_ID));
    }
}

#[test]
fn a_log_that_seals_too_large_is_refused_while_it_is_written() {
    let noise: Vec<u8> = (0..200_000u32)
        .flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    let mut sealer = Sealer::new(LOG_ID, 100_000).unwrap();
    let error = SealError::from(sealer.write_all(&noise).unwrap_err());
    assert!(
        matches!(error, SealError::SealedTooLarge { max_bytes: 100_000 }) && error.is_permanent()
    );
    let sample = Sample::new(LOG);
    let bounds = SealBounds {
        max_sealed_bytes: 100_000,
        max_inflated_bytes: 1 << 20,
    };
    let error = seal(&noise[..], LOG_ID, &sample.key, &bounds).unwrap_err();
    assert!(matches!(error, SealError::SealedTooLarge { .. }));
}

#[test]
fn the_bound_on_the_sealed_size_is_exact() {
    let sample = Sample::new(LOG);
    let exact = sample.sealed.body.len() as u64;
    let bounds = |max_sealed_bytes| SealBounds {
        max_sealed_bytes,
        ..SealBounds::default()
    };
    assert!(seal(LOG, LOG_ID, &sample.key, &bounds(exact)).is_ok());
    assert!(seal(LOG, LOG_ID, &sample.key, &bounds(exact - 1)).is_err());
    let small = Expected {
        max_sealed_bytes: exact - 1,
        ..expected()
    };
    let error = sample
        .open_with(sample.sealed.body.clone(), &sample.headers(), &small)
        .unwrap_err();
    assert!(matches!(error, SealError::SealedTooLarge { .. }));
}

#[test]
fn a_log_that_inflates_too_far_is_refused() {
    let sample = Sample::new(LOG);
    let bounds = SealBounds {
        max_inflated_bytes: 19,
        ..SealBounds::default()
    };
    let error = seal(&gzip(LOG)[..], LOG_ID, &sample.key, &bounds).unwrap_err();
    assert!(matches!(
        error,
        SealError::Inflate(InflateError::Bomb { max_bytes: 19 })
    ));

    let opened = sample.open_headers(&sample.headers()).unwrap();
    let error = opened
        .into_reader(19)
        .read_to_end(&mut Vec::new())
        .unwrap_err();
    assert_eq!(
        InflateError::of(&error),
        Some(InflateError::Bomb { max_bytes: 19 })
    );
}

#[test]
fn ids_and_names_that_cannot_be_stored_are_refused() {
    for id in ["", "-a", "_a", "a b", "a/b", "a\0b", "é", &"a".repeat(65)] {
        assert!(
            matches!(Sealer::new(id, 1000), Err(SealError::BadLogId)),
            "{id:?}"
        );
    }
    for id in ["a", "0", "A_b-9", &"a".repeat(64)] {
        assert!(Sealer::new(id, 1000).is_ok(), "{id:?}");
    }
    for product in ["", "a b", "é", "a\n", &"a".repeat(65)] {
        assert!(
            matches!(
                EncryptionContext::of_product(product, Wrap::Kms),
                Err(SealError::BadProduct)
            ),
            "{product:?}"
        );
    }
}

#[test]
fn a_source_that_fails_is_not_the_fault_of_the_log() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::ConnectionReset.into())
        }
    }
    let sample = Sample::new(LOG);
    let source = std::io::BufReader::new(Broken);
    let error = seal(source, LOG_ID, &sample.key, &SealBounds::default()).unwrap_err();
    assert!(matches!(error, SealError::Read(_)) && !error.is_permanent());
}

#[test]
fn nothing_secret_is_printed() {
    let sample = Sample::new(LOG);
    let printed = format!("{:?} {:?}", sample.key, sample.local);
    assert!(printed.contains("DataKey(..)") && printed.contains("LocalKey(..)"));
    assert!(!printed.contains("7, 7, 7"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn open_undoes_seal(log in proptest::collection::vec(any::<u8>(), 0..5000), id in "[A-Za-z0-9][A-Za-z0-9_-]{0,63}") {
        // A random log may begin with a magic number by chance only; then it is not plain.
        prop_assume!(!log.starts_with(&[0x1f, 0x8b]) && !log.starts_with(&[0x28, 0xb5]));
        let sample = Sample::new(LOG);
        let sealed = seal(&log[..], &id, &sample.key, &SealBounds::default()).unwrap();
        let expected = Expected::new(PRODUCT, LogId::Required(&id));
        let opened = open(sealed.body, &sealed.envelope, &expected, sample.key.data_key()).unwrap();
        prop_assert_eq!(read(&opened), log);
    }

    #[test]
    fn any_changed_byte_of_the_body_is_noticed(at in any::<prop::sample::Index>(), change in 1..=255u8) {
        let sample = Sample::new(LOG);
        let mut body = sample.sealed.body.clone();
        let at = at.index(body.len());
        body[at] ^= change;
        prop_assert!(matches!(sample.open_body(body), Err(SealError::NotAuthentic)));
    }
}
