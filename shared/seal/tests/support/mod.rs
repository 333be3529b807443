//! What the tests of sealing and opening share.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

use std::collections::BTreeMap;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use logbook_seal::{
    DataKey, Envelope, Expected, LocalKey, LogId, OpenedLog, SealBounds, SealError, SealedLog,
    SealingKey, open, seal,
};

pub const PRODUCT: &str = "editor";
pub const LOG_ID: &str = "run-1";
pub const LOG: &[u8] = b"a line\nanother line\n";

pub type Headers = BTreeMap<String, String>;

/// A sealed log with all that is needed to open it.
pub struct Sample {
    pub local: LocalKey,
    pub key: SealingKey,
    pub sealed: SealedLog,
}

impl Sample {
    pub fn new(log: &[u8]) -> Self {
        let local = LocalKey::from_slice(&[7; 32]).unwrap();
        let key = SealingKey::local(PRODUCT, &local).unwrap();
        let sealed = seal(log, LOG_ID, &key, &SealBounds::default()).unwrap();
        Self { local, key, sealed }
    }

    pub fn headers(&self) -> Headers {
        self.sealed.envelope.to_headers()
    }

    /// Does all that a reader does: headers, check, unwrap, open.
    pub fn open_with(
        &self,
        body: Vec<u8>,
        headers: &Headers,
        expected: &Expected<'_>,
    ) -> Result<OpenedLog, SealError> {
        let envelope = Envelope::from_headers(headers)?;
        envelope.check(expected)?;
        let data_key = self
            .local
            .unwrap(envelope.wrapped_key(), expected.product)?;
        open(body, &envelope, expected, &data_key)
    }

    pub fn open_headers(&self, headers: &Headers) -> Result<OpenedLog, SealError> {
        self.open_with(self.sealed.body.clone(), headers, &expected())
    }

    pub fn open_body(&self, body: Vec<u8>) -> Result<OpenedLog, SealError> {
        self.open_with(body, &self.headers(), &expected())
    }
}

pub fn expected() -> Expected<'static> {
    Expected::new(PRODUCT, LogId::Required(LOG_ID))
}

pub fn read(opened: &OpenedLog) -> Vec<u8> {
    let mut log = Vec::new();
    opened.reader(1 << 30).read_to_end(&mut log).unwrap();
    log
}

pub fn headers<const N: usize>(pairs: [(&str, &str); N]) -> Headers {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub fn decode(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

pub fn data_key(base64: &str) -> DataKey {
    DataKey::from_slice(&decode(base64)).unwrap()
}

/// The same header value with one bit of its decoded bytes changed.
pub fn flip_in_base64(value: &str, byte: usize) -> String {
    let mut bytes = decode(value);
    bytes[byte] ^= 1;
    encode(&bytes)
}
