//! Without the feature `aws` there is no key service: a value that nobody can make.

#![expect(clippy::unused_async, reason = "what they stand for is async")]

use std::collections::BTreeMap;

use super::{NewDataKey, SecretKey};
use crate::Result;

#[derive(Debug)]
pub(super) enum KmsKeys {}

impl KmsKeys {
    pub(super) async fn generate(&self, _: &BTreeMap<String, String>) -> Result<NewDataKey> {
        match *self {}
    }

    pub(super) async fn unwrap(&self, _: &[u8], _: &BTreeMap<String, String>) -> Result<SecretKey> {
        match *self {}
    }

    pub(super) async fn derive(&self, _: &str, _: &logbook_model::ProductId) -> Result<SecretKey> {
        match *self {}
    }
}
