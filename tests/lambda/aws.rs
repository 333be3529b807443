//! The emulated AWS that `tests/emulator/run` starts, as functions of Lambda are led to it.

#![allow(dead_code, reason = "each test program uses its share")]

use std::time::{SystemTime, UNIX_EPOCH};

use logbook_backends::{AwsClients, AwsOptions, Keys, KmsConfig, ObjectStore};
use logbook_model::{Consent, ProductId, Timestamp};
use logbook_pipeline::{NewProduct, Vault, add_product, add_product_key};

/// What the functions' variables say.
pub(crate) struct Aws {
    pub(crate) clients: AwsClients,
    pub(crate) bucket: String,
    key: String,
    pub(crate) secret: String,
    pub(crate) queue: String,
    pub(crate) database_secret: String,
}

#[allow(
    clippy::disallowed_methods,
    reason = "tells tests where the emulator is"
)]
fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok();
    if value.is_none() {
        println!("skipped: {name} is not set: see tests/emulator/run");
    }
    value
}

pub(crate) fn clock() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(now.as_micros() as i64)
}

impl Aws {
    /// None, with a note, where no emulator runs.
    pub(crate) async fn find() -> Option<Self> {
        Some(Self {
            bucket: variable("LOGBOOK_TEST_AWS_BUCKET")?,
            key: variable("LOGBOOK_TEST_AWS_KEY")?,
            secret: variable("LOGBOOK_TEST_AWS_SECRET")?,
            queue: variable("LOGBOOK_TEST_AWS_QUEUE")?,
            database_secret: variable("LOGBOOK_TEST_AWS_DATABASE_SECRET")?,
            clients: AwsClients::load(AwsOptions::default()).await,
        })
    }

    pub(crate) fn archive(&self) -> ObjectStore {
        ObjectStore::open_s3(&self.clients, &self.bucket)
    }

    pub(crate) fn vault(&self) -> Vault {
        let config = KmsConfig {
            key_id: self.key.clone(),
            secret_id: self.secret.clone(),
        };
        Vault::new(self.archive(), Keys::open_kms(&self.clients, config))
    }

    /// A product that no other test has, and its upload key. All tests share a bucket.
    pub(crate) async fn product(&self) -> (ProductId, String) {
        let id = ProductId::new(format!("p{}", clock().0)).unwrap();
        let new = NewProduct {
            id: id.clone(),
            profile: "logbook".to_owned(),
            consent: Consent::Usage,
            min_users: 5,
            accounts_readable: false,
        };
        add_product(&self.archive(), new).await.unwrap();
        let key = add_product_key(&self.archive(), &id).await.unwrap();
        (id, key)
    }

    /// The variables of a function that works on this, at the finest level of logging.
    pub(crate) fn variables(&self) -> Vec<(&str, &str)> {
        vec![
            ("LOGBOOK_LOG_LEVEL", "trace"),
            ("LOGBOOK_ARCHIVE_BUCKET", &self.bucket),
            ("LOGBOOK_INBOX_BUCKET", &self.bucket),
            ("LOGBOOK_KMS_KEY_ID", &self.key),
            ("LOGBOOK_HASH_SECRET_ARN", &self.secret),
            ("LOGBOOK_PARSE_QUEUE_URL", &self.queue),
        ]
    }

    /// The text of a secret, which no log may show.
    pub(crate) async fn text_of(&self, secret: &str) -> String {
        self.clients.secret(secret).await.unwrap()
    }
}

/// Whatever of the secrets is in what a program wrote; and that it wrote something at all.
pub(crate) fn assert_hides(output: &str, secrets: &[&str]) {
    assert!(
        output.contains("\"service\":"),
        "nothing was logged: {output}"
    );
    for secret in secrets {
        assert!(secret.len() > 5, "{secret:?} would be found by chance");
        assert!(!output.contains(secret), "{secret:?} is in {output}");
    }
}
