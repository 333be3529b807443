//! Key files.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "contract/keys.rs"]
mod contract;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use logbook_backends::{Error, Keys, WrappingKey};
use logbook_model::ProductId;

fn mode_of(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn wrapping(keys: &Keys) -> [u8; 32] {
    match keys.wrapping_key() {
        WrappingKey::Local(key) => *key.expose(),
        WrappingKey::Kms(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn keys_are_made_once_and_stay() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    let first = Keys::open_dir(&path).await.unwrap();
    let second = Keys::open_dir(&path).await.unwrap();
    assert_eq!(wrapping(&first), wrapping(&second));
    assert_ne!(wrapping(&first), [0; 32]);
    assert_eq!(mode_of(&path), 0o700);
    for name in ["kek.key", "hmac.key"] {
        assert_eq!(mode_of(&path.join(name)), 0o600);
    }
    assert_eq!(std::fs::read_dir(&path).unwrap().count(), 2);
}

#[tokio::test]
async fn derived_keys_differ_by_use_and_product() {
    let directory = tempfile::tempdir().unwrap();
    let keys = Keys::open_dir(directory.path()).await.unwrap();
    let again = Keys::open_dir(directory.path()).await.unwrap();
    contract::derived_keys_differ_by_use_and_product(&keys, &again).await;
    // The wrapping key is not the one that the others are derived from.
    let product = ProductId::new("a").unwrap();
    let derived = keys.pseudonym_key(&product).await.unwrap();
    assert_ne!(derived.expose(), &wrapping(&keys));
    assert!(!format!("{keys:?}").contains(&format!("{:?}", wrapping(&keys))));
}

#[tokio::test]
async fn a_key_that_others_can_read_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    Keys::open_dir(directory.path()).await.unwrap();
    let path = directory.path().join("hmac.key");
    for mode in [0o640, 0o604, 0o620, 0o666] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let error = Keys::open_dir(directory.path()).await.unwrap_err();
        assert!(matches!(error, Error::TooOpen { mode: found, .. } if found == mode));
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    Keys::open_dir(directory.path()).await.unwrap();
}

#[tokio::test]
async fn a_key_of_another_length_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    Keys::open_dir(directory.path()).await.unwrap();
    std::fs::write(directory.path().join("kek.key"), [7; 31]).unwrap();
    let error = Keys::open_dir(directory.path()).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_makers_all_get_the_same_key() {
    let directory = tempfile::tempdir().unwrap();
    let makers: Vec<_> = (0..16)
        .map(|_| {
            let path = directory.path().to_owned();
            tokio::spawn(async move { wrapping(&Keys::open_dir(&path).await.unwrap()) })
        })
        .collect();
    let mut keys = Vec::new();
    for maker in makers {
        keys.push(maker.await.unwrap());
    }
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
}
