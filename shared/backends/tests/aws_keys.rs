//! KMS and Secrets Manager.
#![cfg(feature = "aws")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "contract/keys.rs"]
mod contract;
mod emulator;

use std::collections::BTreeMap;

use emulator::{Emulator, variable};
use logbook_backends::{Error, Keys, KmsConfig, WrappingKey};

async fn keys() -> Option<Keys> {
    let emulator = Emulator::find().await?;
    let config = KmsConfig {
        key_id: variable("LOGBOOK_TEST_AWS_KEY").unwrap(),
        secret_id: variable("LOGBOOK_TEST_AWS_SECRET").unwrap(),
    };
    Some(Keys::open_kms(&emulator.clients, config))
}

fn context(product: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("logbook:product".to_owned(), product.to_owned())])
}

#[tokio::test]
async fn derived_keys_keep_the_contract() {
    if let (Some(keys), Some(again)) = (keys().await, keys().await) {
        contract::derived_keys_differ_by_use_and_product(&keys, &again).await;
    }
}

#[tokio::test]
async fn a_data_key_opens_under_its_own_context_only() {
    let Some(keys) = keys().await else { return };
    let WrappingKey::Kms(kms) = keys.wrapping_key() else {
        panic!("not KMS");
    };
    let made = kms.generate(&context("editor")).await.unwrap();
    let opened = kms.unwrap(&made.wrapped, &context("editor")).await.unwrap();
    assert_eq!(opened.expose(), made.key.expose());
    let mut altered = made.wrapped.clone();
    // Past the key's id, which comes first; ministack does not look at all that follows.
    altered[40] ^= 1;
    for (wrapped, product) in [(&made.wrapped, "player"), (&altered, "editor")] {
        let error = kms.unwrap(wrapped, &context(product)).await.unwrap_err();
        assert!(matches!(&error, Error::Service { service: "kms", .. }));
        assert!(!error.is_transient(), "{error}");
        assert!(!error.to_string().contains(product));
    }
    let other = kms.generate(&context("editor")).await.unwrap();
    assert_ne!(other.key.expose(), made.key.expose());
}

#[tokio::test]
async fn a_missing_key_or_secret_may_come() {
    let Some(emulator) = Emulator::find().await else {
        return;
    };
    let config = KmsConfig {
        key_id: "00000000-0000-0000-0000-000000000000".to_owned(),
        secret_id: "logbook-missing".to_owned(),
    };
    let keys = Keys::open_kms(&emulator.clients, config);
    let WrappingKey::Kms(kms) = keys.wrapping_key() else {
        panic!("not KMS");
    };
    assert!(
        kms.generate(&context("editor"))
            .await
            .unwrap_err()
            .is_transient()
    );
    let product = logbook_model::ProductId::new("editor").unwrap();
    let error = keys.pseudonym_key(&product).await.unwrap_err();
    assert!(matches!(&error, Error::Service { code, .. } if code == "ResourceNotFoundException"));
    assert!(error.is_transient());
}
