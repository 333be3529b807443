//! Alarms of SNS, and notices put into the archive → messages in Slack.
//!
//! SNS delivers at least once: what was told is remembered, and told once. What Slack does not
//! take now is tried again, here and then twice by Lambda; what it refuses for good, or still, fails
//! the invocation, which an alarm of Lambda's own shows.

mod alarm;
mod message;
mod told;

use aws_lambda_events::event::s3::S3Event;
use aws_lambda_events::event::sns::SnsEvent;
use logbook_backends::ObjectStore;
use logbook_bootstrap::lambda::{StartError, Stores, Web, WebError};
use logbook_bootstrap::slack::of_notice;
use logbook_model::Notice;
use serde::Deserialize;
use tokio::sync::OnceCell;

pub use message::message;

/// Most bytes of a notice.
const MAX_NOTICE_BYTES: u64 = 1 << 20;

/// What calls the function.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Event {
    /// Alarms.
    Alarms(SnsEvent),
    /// Notices that were put into the archive.
    Notices(S3Event),
}

/// What the function needs, built once.
#[derive(Debug, Clone)]
pub struct Context {
    /// The address of Slack's incoming webhook: a secret.
    pub webhook: Webhook,
    /// Where it is remembered what was told; objects there may expire.
    pub told: ObjectStore,
    /// Where notices are read.
    pub archive: ObjectStore,
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
                // Whoever pastes a secret pastes a line's end with it.
                Ok(asked.await?.trim())
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
    /// It cannot be seen whether it was told, or what there is to tell.
    #[error("what was told, or is to be told, cannot be read: {0}")]
    Store(#[from] logbook_backends::Error),
    /// A notice is none.
    #[error("{key} is no notice: {error}")]
    Notice {
        /// Its key.
        key: String,
        /// Why.
        error: serde_json::Error,
    },
}

/// Tells of each alarm or notice that was not told before, in order.
pub async fn handle(context: &Context, event: Event) -> Result<(), NotifyError> {
    match event {
        Event::Alarms(event) => alarms(context, event).await,
        Event::Notices(event) => notices(context, event).await,
    }
}

async fn alarms(context: &Context, event: SnsEvent) -> Result<(), NotifyError> {
    for record in event.records {
        let sns = record.sns;
        let body = message(sns.subject.as_deref(), &sns.message);
        tell_once(context, &told::key(&sns), body).await?;
    }
    Ok(())
}

async fn notices(context: &Context, event: S3Event) -> Result<(), NotifyError> {
    for record in event.records {
        let Some(key) = record.s3.object.url_decoded_key.or(record.s3.object.key) else {
            continue;
        };
        let Some(object) = context.archive.get(&key, MAX_NOTICE_BYTES).await? else {
            tracing::info!(key, "the notice is gone");
            continue;
        };
        let notice: Notice = serde_json::from_slice(&object.body).map_err(|error| {
            let key = key.clone();
            NotifyError::Notice { key, error }
        })?;
        tell_once(context, &told::key_of(&key), of_notice(&notice)).await?;
    }
    Ok(())
}

/// Tells what was not told before under a key.
async fn tell_once(
    context: &Context,
    key: &str,
    body: serde_json::Value,
) -> Result<(), NotifyError> {
    if context.told.head(key).await?.is_some() {
        tracing::info!(key, "told already");
        return Ok(());
    }
    let address = context.webhook.address().await?;
    context.web.post_json(address, body.to_string()).await?;
    tracing::info!(key, "told");
    told::remember(&context.told, key).await;
    Ok(())
}
