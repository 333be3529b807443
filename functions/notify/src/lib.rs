//! Alarms of SNS → messages in Slack.
//!
//! SNS delivers at least once: what was told is remembered, and told once. What Slack does not
//! take now is tried again, here and then by SNS; what it refuses for good fails the invocation,
//! which an alarm of Lambda's own shows.

mod alarm;
mod message;
mod told;

use aws_lambda_events::event::sns::SnsEvent;
use logbook_backends::ObjectStore;
use logbook_bootstrap::lambda::{Web, WebError};

pub use message::message;

/// What the function needs, built once.
#[derive(Debug, Clone)]
pub struct Context {
    /// The address of Slack's incoming webhook: a secret.
    pub webhook: Webhook,
    /// Where it is remembered what was told; objects there may expire.
    pub told: ObjectStore,
    /// HTTP to the outside.
    pub web: Web,
}

/// The address of a webhook. It is never printed.
#[derive(Clone)]
pub struct Webhook(String);

impl Webhook {
    /// The address, `https://hooks.slack.com/…`.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhook(…)")
    }
}

/// Why a message was not told: it comes again.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// Slack did not take it.
    #[error("Slack did not take the message: {0}")]
    Slack(#[from] WebError),
    /// It cannot be seen whether it was told.
    #[error("what was told cannot be read: {0}")]
    Told(#[from] logbook_backends::Error),
}

/// Tells of each record that was not told before, in order.
pub async fn handle(context: &Context, event: SnsEvent) -> Result<(), NotifyError> {
    for record in event.records {
        let sns = record.sns;
        let key = told::key(&sns);
        if context.told.head(&key).await?.is_some() {
            tracing::info!(message_id = %sns.message_id, "told already");
            continue;
        }
        let body = message(sns.subject.as_deref(), &sns.message).to_string();
        context.web.post_json(&context.webhook.0, body).await?;
        tracing::info!(message_id = %sns.message_id, "told");
        told::remember(&context.told, &key).await;
    }
    Ok(())
}
