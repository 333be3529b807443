//! Messages of the bulk queue, held while they are decided on.

use std::time::{Duration, Instant};

use logbook_backends::{Queue, Receive, Result};
use logbook_model::Timestamp;
use logbook_pipeline::Job;
use tokio::task::JoinSet;

use super::manifest::Entry;

/// How long a received message is kept from others: longer than a drain takes.
const VISIBILITY: Duration = Duration::from_mins(15);
/// Messages taken at most; SQS lets 120,000 be in flight.
const MAX_MESSAGES: usize = 100_000;
/// Calls at once.
const AT_ONCE: usize = 10;

/// A message that names a log.
struct One {
    entry: Entry,
    receipt: String,
    sent_at: Timestamp,
}

/// Messages that were received.
#[derive(Default)]
pub(super) struct Received(Vec<One>);

impl Received {
    /// Receives until nothing is left, or the time is over. A message that is no job stays as it is
    /// and becomes a dead letter.
    pub(super) async fn from(queue: &Queue, until: Instant) -> Result<Self> {
        let mut received = Self::default();
        let mut calls = JoinSet::new();
        for _ in 0..AT_ONCE {
            calls.spawn(receive(queue.clone()));
        }
        while let Some(call) = calls.join_next().await {
            let messages = call??;
            let is_over = Instant::now() >= until || received.0.len() >= MAX_MESSAGES;
            if !messages.is_empty() && !is_over {
                calls.spawn(receive(queue.clone()));
            }
            received.0.extend(messages.into_iter().flatten());
        }
        Ok(received)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().map(|one| &one.entry)
    }

    /// When the oldest was sent.
    pub(super) fn oldest(&self) -> Timestamp {
        let sent = self.0.iter().map(|one| one.sent_at);
        sent.min().unwrap_or_default()
    }

    /// Those of which something holds, and the others.
    pub(super) fn split(self, holds: impl Fn(&Entry, Timestamp) -> bool) -> (Self, Self) {
        let (these, those) = (self.0.into_iter()).partition(|one| holds(&one.entry, one.sent_at));
        (Self(these), Self(those))
    }

    /// Deletes them. Those that are not, after an error, come again.
    pub(super) async fn delete(self, queue: &Queue) -> Result<()> {
        let mut calls: JoinSet<Result<()>> = JoinSet::new();
        for ten in self.0.chunks(Queue::MAX_BATCH) {
            if calls.len() >= AT_ONCE
                && let Some(call) = calls.join_next().await
            {
                call??;
            }
            let receipts: Vec<String> = ten.iter().map(|one| one.receipt.clone()).collect();
            let queue = queue.clone();
            calls.spawn(async move {
                let receipts: Vec<&str> = receipts.iter().map(String::as_str).collect();
                queue.delete_batch(&receipts).await.map(drop)
            });
        }
        while let Some(call) = calls.join_next().await {
            call??;
        }
        Ok(())
    }

    /// Lets others have them at once. Those that cannot be given back come back by themselves.
    pub(super) async fn give_back(self, queue: &Queue) {
        for one in self.0 {
            let given = queue.change_visibility(&one.receipt, Duration::ZERO).await;
            if let Err(error) = given {
                tracing::warn!(error = %error, "messages come again late");
                return;
            }
        }
    }
}

/// One call; `None` for a message that is no job.
async fn receive(queue: Queue) -> Result<Vec<Option<One>>> {
    let how = Receive {
        max: Queue::MAX_BATCH,
        wait: Duration::from_secs(1),
        visibility: VISIBILITY,
    };
    let messages = queue.receive(how).await?;
    let one = |message: logbook_backends::Message| {
        let Some(job) = Job::from_body(&message.body) else {
            tracing::error!(message_id = message.id, "a message is no job");
            return None;
        };
        Some(One {
            entry: Entry::of(&job),
            receipt: message.receipt_handle,
            sent_at: message.sent_at,
        })
    };
    Ok(messages.into_iter().map(one).collect())
}
