//! What was told already: an empty object for each message.

use std::fmt::Write as _;

use aws_lambda_events::event::sns::SnsMessage;
use logbook_backends::{Metadata, ObjectStore, Put};
use sha2::{Digest, Sha256};

use crate::alarm::Alarm;

/// The key of a message: the same for the same change of an alarm, however often it is sent;
/// else for the same message.
pub(crate) fn key(sns: &SnsMessage) -> String {
    let identity = match Alarm::read(&sns.message) {
        Some(alarm) => format!("{}\n{}\n{}", alarm.name, alarm.state, alarm.changed_at),
        None => sns.message_id.clone(),
    };
    key_of(&identity)
}

/// The key under which it is remembered that something of an identity was told.
pub(crate) fn key_of(identity: &str) -> String {
    let digest = Sha256::digest(identity.as_bytes());
    let mut key = "told/".to_owned();
    for byte in &digest[..16] {
        // Writing to a string cannot fail.
        let _ = write!(key, "{byte:02x}");
    }
    key
}

/// Remembers that a message was told. If that fails it may be told twice, which is better than
/// never.
pub(crate) async fn remember(told: &ObjectStore, key: &str) {
    let put = told
        .put(key, Vec::new(), Metadata::new(), Put::Always)
        .await;
    if let Err(error) = put {
        tracing::warn!(%error, "that it was told is not remembered");
    }
}
