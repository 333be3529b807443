//! A queue with the semantics of SQS.

mod local;
mod sql;
#[cfg(feature = "aws")]
mod sqs;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use logbook_model::Timestamp;

use crate::{Durability, Result};
use local::LocalQueue;

/// What travels with a message's body.
pub type Attributes = BTreeMap<String, String>;

/// A queue and its dead letters. Delivery is at least once and in no promised order.
#[derive(Debug, Clone)]
pub struct Queue {
    backend: Backend,
}

#[derive(Debug, Clone)]
enum Backend {
    Local(LocalQueue),
    #[cfg(feature = "aws")]
    Sqs(sqs::SqsQueue),
}

/// What is decided when a queue is opened.
#[derive(Debug, Clone, Copy)]
pub struct QueuePolicy {
    /// A message received this many times and never deleted is dead: it goes to the dead
    /// letters instead of being received once more.
    pub max_receives: u32,
    /// What a successful send survives. [`Durability::Process`] is enough where a sweep sends
    /// again what the record holds and no message speaks of.
    pub durability: Durability,
}

impl Default for QueuePolicy {
    fn default() -> Self {
        Self {
            max_receives: 5,
            durability: Durability::Process,
        }
    }
}

/// How to receive.
#[derive(Debug, Clone, Copy)]
pub struct Receive {
    /// Most messages to take, 1 to [`Queue::MAX_BATCH`].
    pub max: usize,
    /// How long to wait for the first, if there is none.
    pub wait: Duration,
    /// How long nobody else receives what this call takes.
    pub visibility: Duration,
}

/// A received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id, the same at each receipt.
    pub id: String,
    /// Names this receipt; a later one makes it stale.
    pub receipt_handle: String,
    /// The body.
    pub body: String,
    /// What travels with it.
    pub attributes: Attributes,
    /// How many times it has been received, this one counted.
    pub receive_count: u32,
    /// When it was sent first.
    pub sent_at: Timestamp,
}

/// How full a queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Messages that can be received now.
    pub visible: u64,
    /// Messages received and neither deleted nor visible again.
    pub in_flight: u64,
    /// Dead letters.
    pub dead: u64,
    /// How long ago the oldest message that is not dead was sent; `None` too where the queue
    /// does not tell (SQS: its metric `ApproximateAgeOfOldestMessage` does).
    pub oldest_age: Option<Duration>,
}

/// Whether messages wait to be dealt with; dead letters do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backlog {
    /// None does.
    None,
    /// Some do, the oldest for this long.
    Since(Duration),
    /// Some do, and the queue does not tell since when.
    Unknown,
}

impl Queue {
    /// Most messages in one batch.
    pub const MAX_BATCH: usize = 10;

    /// Opens a queue in a SQLite file of its own and makes it (0600) if there is none.
    pub async fn open_file(path: &Path, policy: QueuePolicy) -> Result<Self> {
        Ok(Self {
            backend: Backend::Local(LocalQueue::open(path, policy).await?),
        })
    }

    /// Opens an SQS queue and the queue of its dead letters, by their URLs. How often a message
    /// is received before it is dead, and how long it is kept, is the queues' own configuration.
    ///
    /// SQS knows seconds only: waits and visibilities are rounded up. A call that does not wait
    /// may miss messages, and counts are approximate.
    #[cfg(feature = "aws")]
    pub fn open_sqs(
        clients: &crate::AwsClients,
        url: impl Into<String>,
        dead_letters: impl Into<String>,
    ) -> Self {
        Self {
            backend: Backend::Sqs(sqs::SqsQueue::new(clients, url.into(), dead_letters.into())),
        }
    }

    /// Sends a message and gives its id.
    pub async fn send(&self, body: &str, attributes: &Attributes) -> Result<String> {
        let mut ids = self.send_batch(&[(body, attributes)]).await?;
        Ok(ids.pop().unwrap_or_default())
    }

    /// Sends messages and gives their ids in order; SQS takes no attribute with an empty value,
    /// and at most ten attributes a message. After an error some may have been sent
    /// all the same: send them again, delivery is at least once anyway.
    pub async fn send_batch(&self, messages: &[(&str, &Attributes)]) -> Result<Vec<String>> {
        match &self.backend {
            Backend::Local(queue) => queue.send(messages).await,
            #[cfg(feature = "aws")]
            Backend::Sqs(queue) => queue.send(messages).await,
        }
    }

    /// Takes messages; none if none came within [`Receive::wait`].
    pub async fn receive(&self, how: Receive) -> Result<Vec<Message>> {
        match &self.backend {
            Backend::Local(queue) => queue.receive(how).await,
            #[cfg(feature = "aws")]
            Backend::Sqs(queue) => queue.receive(how).await,
        }
    }

    /// Deletes a message by its latest receipt. `false`: the receipt is stale (the message was
    /// received again) or unknown, and nothing is deleted. SQS does not tell a stale receipt: it
    /// says `true` and deletes nothing, or says `true` of what is deleted already.
    pub async fn delete(&self, receipt_handle: &str) -> Result<bool> {
        let mut deleted = self.delete_batch(&[receipt_handle]).await?;
        Ok(deleted.pop().unwrap_or_default())
    }

    /// Deletes messages by their latest receipts and says of each whether it was there.
    pub async fn delete_batch(&self, receipt_handles: &[&str]) -> Result<Vec<bool>> {
        match &self.backend {
            Backend::Local(queue) => queue.delete(receipt_handles).await,
            #[cfg(feature = "aws")]
            Backend::Sqs(queue) => queue.delete(receipt_handles).await,
        }
    }

    /// Sets how long from now a received message stays invisible; zero gives it back at once.
    /// `false` for a stale receipt.
    pub async fn change_visibility(
        &self,
        receipt_handle: &str,
        visibility: Duration,
    ) -> Result<bool> {
        match &self.backend {
            Backend::Local(queue) => queue.change_visibility(receipt_handle, visibility).await,
            #[cfg(feature = "aws")]
            Backend::Sqs(queue) => queue.change_visibility(receipt_handle, visibility).await,
        }
    }

    /// Brings at most `max` dead letters back with a fresh count of receipts, and says how many.
    /// Locally oldest first and under their ids; in SQS in no order and under new ones, and
    /// after an error some may be in both queues.
    pub async fn redrive(&self, max: u64) -> Result<u64> {
        match &self.backend {
            Backend::Local(queue) => queue.redrive(max).await,
            #[cfg(feature = "aws")]
            Backend::Sqs(queue) => queue.redrive(max).await,
        }
    }

    /// Dead letters, at most `max`, to look at: locally the oldest. Their receipts name nothing.
    /// In SQS nobody else receives them while this call looks.
    pub async fn dead_letters(&self, max: u64) -> Result<Vec<Message>> {
        match &self.backend {
            Backend::Local(queue) => queue.dead_letters(max).await,
            #[cfg(feature = "aws")]
            Backend::Sqs(queue) => queue.dead_letters(max).await,
        }
    }

    /// Whether messages wait. SQS is asked for those that nobody has received: of those that are being
    /// dealt with it cannot tell which fail.
    pub async fn backlog(&self) -> Result<Backlog> {
        match &self.backend {
            Backend::Local(queue) => {
                let oldest = queue.depth().await?.oldest_age;
                Ok(oldest.map_or(Backlog::None, Backlog::Since))
            }
            #[cfg(feature = "aws")]
            Backend::Sqs(queue) => Ok(if queue.waiting().await? > 0 {
                Backlog::Unknown
            } else {
                Backlog::None
            }),
        }
    }

    /// Counts the messages.
    pub async fn depth(&self) -> Result<Depth> {
        match &self.backend {
            Backend::Local(queue) => queue.depth().await,
            #[cfg(feature = "aws")]
            Backend::Sqs(queue) => queue.depth().await,
        }
    }
}
