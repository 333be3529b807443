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
use logbook_bootstrap::lambda::{StartError, Stores, Web, WebError};
use tokio::sync::OnceCell;

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
pub struct Webhook {
    place: Place,
    asked: OnceCell<String>,
}

/// Where an address is had from.
#[derive(Clone)]
enum Place {
    Here(String),
    Secret(Stores, &'static str),
}

impl Webhook {
    /// The address, `https://hooks.slack.com/…`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            place: Place::Here(url.into()),
            asked: OnceCell::new(),
        }
    }

    /// The address that a secret is, asked for when it is first needed; `variable` names the
    /// secret.
    ///
    /// # Errors
    /// Where the variable is not set.
    pub fn kept_in(stores: &Stores, variable: &'static str) -> Result<Self, StartError> {
        stores.environment().text(variable)?;
        Ok(Self {
            place: Place::Secret(stores.clone(), variable),
            asked: OnceCell::new(),
        })
    }

    async fn address(&self) -> Result<&str, StartError> {
        match &self.place {
            Place::Here(url) => Ok(url),
            Place::Secret(stores, variable) => {
                let asked = self.asked.get_or_try_init(|| stores.secret(variable));
                Ok(asked.await?)
            }
        }
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
    /// The address of Slack's webhook cannot be had.
    #[error("the webhook's address: {0}")]
    Webhook(#[from] StartError),
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
        let address = context.webhook.address().await?;
        context.web.post_json(address, body).await?;
        tracing::info!(message_id = %sns.message_id, "told");
        told::remember(&context.told, &key).await;
    }
    Ok(())
}
