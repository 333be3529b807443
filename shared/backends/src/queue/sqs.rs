//! A queue in SQS, with its dead-letter queue.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_sqs::operation::receive_message::ReceiveMessageOutput;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry,
    DeleteMessageBatchRequestEntry, Message as SqsMessage, MessageAttributeValue,
    MessageSystemAttributeName as System, MessageSystemAttributeNameForSends as SystemForSends,
    MessageSystemAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry,
};
use logbook_model::Timestamp;
use tokio::time::Instant;

use super::{Attributes, Depth, Message, Queue, Receive};
use crate::aws::{AwsClients, Call, code_of};
use crate::{Error, Result};

/// Longest wait of one call.
const MAX_WAIT: Duration = Duration::from_secs(20);
/// Longest time that a message can be invisible.
const MAX_VISIBILITY: Duration = Duration::from_hours(12);
/// How long a look at a dead letter keeps others from it, should this process die meanwhile.
const LOOK: Duration = Duration::from_secs(30);
/// How long a dead letter that is being brought back is kept from others.
const MOVE: Duration = Duration::from_mins(1);
/// A call that does not wait asks some of the service's hosts only, and may find nothing where
/// there is something.
const SHORT_WAIT: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub(super) struct SqsQueue {
    clients: AwsClients,
    url: String,
    dead_letters: String,
}

const fn call(action: &'static str) -> Call {
    Call {
        service: "sqs",
        action,
    }
}

impl SqsQueue {
    pub(super) fn new(clients: &AwsClients, url: String, dead_letters: String) -> Self {
        Self {
            clients: clients.clone(),
            url,
            dead_letters,
        }
    }

    pub(super) async fn send(&self, messages: &[(&str, &Attributes)]) -> Result<Vec<String>> {
        let mut ids = Vec::with_capacity(messages.len());
        for batch in messages.chunks(Queue::MAX_BATCH) {
            ids.extend(self.send_ten(batch).await?);
        }
        Ok(ids)
    }

    /// Sends at most ten; those that fail once more.
    async fn send_ten(&self, messages: &[(&str, &Attributes)]) -> Result<Vec<String>> {
        let call = call("send messages");
        let mut ids: Vec<Option<String>> = vec![None; messages.len()];
        let mut failed = None;
        for _ in 0..2 {
            let mut entries = Vec::new();
            for (at, message) in messages.iter().enumerate() {
                if ids[at].is_none() {
                    entries.push(entry(call, at, message)?);
                }
            }
            let send = self.clients.sqs().send_message_batch().queue_url(&self.url);
            let sent = send.set_entries(Some(entries)).send().await;
            let sent = sent.map_err(|error| call.failed(&error))?;
            for one in sent.successful() {
                if let Some(id) = place(one.id(), &mut ids) {
                    *id = Some(one.message_id().to_owned());
                }
            }
            failed = sent.failed().first().map(|entry| failure(call, entry));
            if failed.is_none() {
                break;
            }
        }
        match failed {
            Some(error) => Err(error),
            None => ids
                .into_iter()
                .map(|id| id.ok_or_else(|| call.error("BadAnswer", "a message is not spoken of")))
                .collect(),
        }
    }

    pub(super) async fn receive(&self, how: Receive) -> Result<Vec<Message>> {
        let deadline = Instant::now() + how.wait;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let wait = left.min(MAX_WAIT);
            let got = self.take(&self.url, how.max, wait, how.visibility).await?;
            if !got.is_empty() || left <= MAX_WAIT {
                return Ok(got);
            }
        }
    }

    async fn take(
        &self,
        url: &str,
        max: usize,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<Message>> {
        let got = self
            .clients
            .sqs()
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(max.clamp(1, Queue::MAX_BATCH) as i32)
            .wait_time_seconds(seconds(wait, MAX_WAIT))
            .visibility_timeout(seconds(visibility, MAX_VISIBILITY))
            .message_attribute_names("All")
            .message_system_attribute_names(System::ApproximateReceiveCount)
            .message_system_attribute_names(System::SentTimestamp)
            .send()
            .await
            .map_err(|error| call("receive messages").failed(&error))?;
        messages(got)
    }

    pub(super) async fn delete(&self, receipts: &[&str]) -> Result<Vec<bool>> {
        self.delete_from(&self.url, receipts).await
    }

    async fn delete_from(&self, url: &str, receipts: &[&str]) -> Result<Vec<bool>> {
        let mut deleted = Vec::with_capacity(receipts.len());
        for batch in receipts.chunks(Queue::MAX_BATCH) {
            deleted.extend(self.delete_ten(url, batch).await?);
        }
        Ok(deleted)
    }

    /// Deletes at most ten; those that fail for another reason than their receipt once more.
    async fn delete_ten(&self, url: &str, receipts: &[&str]) -> Result<Vec<bool>> {
        let call = call("delete messages");
        let mut deleted: Vec<Option<bool>> = vec![None; receipts.len()];
        let mut failed = None;
        for _ in 0..2 {
            let mut entries = Vec::new();
            for (at, receipt) in receipts.iter().enumerate() {
                if deleted[at].is_none() {
                    let entry = DeleteMessageBatchRequestEntry::builder()
                        .id(at.to_string())
                        .receipt_handle(*receipt);
                    entries.push(entry.build().map_err(|_| unbuilt(call))?);
                }
            }
            let delete = self.clients.sqs().delete_message_batch().queue_url(url);
            let done = delete.set_entries(Some(entries)).send().await;
            let done = done.map_err(|error| call.failed(&error))?;
            for one in done.successful() {
                if let Some(deleted) = place(one.id(), &mut deleted) {
                    *deleted = Some(true);
                }
            }
            failed = None;
            for one in done.failed() {
                match place(one.id(), &mut deleted) {
                    Some(deleted) if is_stale(Some(one.code())) => *deleted = Some(false),
                    _ => failed = Some(failure(call, one)),
                }
            }
            if failed.is_none() {
                break;
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(deleted.into_iter().map(Option::unwrap_or_default).collect()),
        }
    }

    pub(super) async fn change_visibility(
        &self,
        receipt: &str,
        visibility: Duration,
    ) -> Result<bool> {
        let change = self
            .clients
            .sqs()
            .change_message_visibility()
            .queue_url(&self.url);
        let changed = change
            .receipt_handle(receipt)
            .visibility_timeout(seconds(visibility, MAX_VISIBILITY))
            .send()
            .await;
        match changed {
            Ok(_) => Ok(true),
            Err(error) if is_stale(code_of(&error)) => Ok(false),
            Err(error) => Err(call("change a message's visibility").failed(&error)),
        }
    }

    /// Receives from the one queue, sends to the other, deletes from the first: whatever fails
    /// in between leaves a message in both, which delivery at least once allows.
    pub(super) async fn redrive(&self, max: u64) -> Result<u64> {
        let mut moved = 0;
        while moved < max {
            let most = (max - moved).min(Queue::MAX_BATCH as u64) as usize;
            let dead = self
                .take(&self.dead_letters, most, SHORT_WAIT, MOVE)
                .await?;
            if dead.is_empty() {
                break;
            }
            let batch: Vec<_> = dead.iter().map(|m| (&*m.body, &m.attributes)).collect();
            self.send(&batch).await?;
            let receipts: Vec<_> = dead.iter().map(|m| &*m.receipt_handle).collect();
            self.delete_from(&self.dead_letters, &receipts).await?;
            moved += dead.len() as u64;
        }
        Ok(moved)
    }

    /// Takes dead letters, and gives them back at once.
    pub(super) async fn dead_letters(&self, max: u64) -> Result<Vec<Message>> {
        let mut dead: Vec<Message> = Vec::new();
        let mut seen = HashSet::new();
        while (dead.len() as u64) < max {
            let most = (max - dead.len() as u64).min(Queue::MAX_BATCH as u64) as usize;
            let taken = self
                .take(&self.dead_letters, most, SHORT_WAIT, LOOK)
                .await?;
            let before = dead.len();
            dead.extend(taken.into_iter().filter(|m| seen.insert(m.id.clone())));
            if dead.len() == before {
                break;
            }
        }
        for batch in dead.chunks(Queue::MAX_BATCH) {
            self.give_back(batch).await?;
        }
        for message in &mut dead {
            message.receipt_handle.clear();
        }
        Ok(dead)
    }

    async fn give_back(&self, messages: &[Message]) -> Result<()> {
        let call = call("give dead letters back");
        let mut entries = Vec::with_capacity(messages.len());
        for (at, message) in messages.iter().enumerate() {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(at.to_string())
                .receipt_handle(&message.receipt_handle)
                .visibility_timeout(0);
            entries.push(entry.build().map_err(|_| unbuilt(call))?);
        }
        let change = self.clients.sqs().change_message_visibility_batch();
        let change = change.queue_url(&self.dead_letters);
        // Those that are not given back come back by themselves.
        match change.set_entries(Some(entries)).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(call.failed(&error)),
        }
    }

    pub(super) async fn depth(&self) -> Result<Depth> {
        let (visible, in_flight) = self.count(&self.url).await?;
        let (dead, looked_at) = self.count(&self.dead_letters).await?;
        Ok(Depth {
            visible,
            in_flight,
            dead: dead + looked_at,
            oldest_age: None,
        })
    }

    /// Messages that nobody has received yet.
    pub(super) async fn waiting(&self) -> Result<u64> {
        Ok(self.count(&self.url).await?.0)
    }

    /// Messages of a queue that are visible (or will be), and that are not.
    async fn count(&self, url: &str) -> Result<(u64, u64)> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesDelayed as Delayed,
            ApproximateNumberOfMessagesNotVisible as InFlight,
        };
        let call = call("count messages");
        let attributes = self
            .clients
            .sqs()
            .get_queue_attributes()
            .queue_url(url)
            .set_attribute_names(Some(vec![Visible, Delayed, InFlight]))
            .send()
            .await
            .map_err(|error| call.failed(&error))?;
        let number = |name| {
            let text = attributes.attributes().and_then(|all| all.get(&name));
            text.map_or(Ok(0), |text| {
                text.parse::<u64>()
                    .map_err(|_| call.error("BadAnswer", "a count is no number"))
            })
        };
        Ok((number(Visible)? + number(Delayed)?, number(InFlight)?))
    }
}

fn entry(
    call: Call,
    at: usize,
    (body, attributes): &(&str, &Attributes),
) -> Result<SendMessageBatchRequestEntry> {
    let mut values = HashMap::with_capacity(attributes.len());
    for (name, value) in *attributes {
        let value = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(value);
        values.insert(name.clone(), value.build().map_err(|_| unbuilt(call))?);
    }
    let trace = crate::trace::header().map(|header| {
        MessageSystemAttributeValue::builder()
            .data_type("String")
            .string_value(header)
            .build()
    });
    let trace = trace.transpose().map_err(|_| unbuilt(call))?;
    SendMessageBatchRequestEntry::builder()
        .set_message_system_attributes(
            trace.map(|trace| HashMap::from([(SystemForSends::AwsTraceHeader, trace)])),
        )
        .id(at.to_string())
        .message_body(*body)
        .set_message_attributes((!values.is_empty()).then_some(values))
        .build()
        .map_err(|_| unbuilt(call))
}

/// A request without one of its parts.
fn unbuilt(call: Call) -> Error {
    call.error("NotSent", "a part is missing")
}

fn failure(call: Call, entry: &BatchResultErrorEntry) -> Error {
    call.error(entry.code(), "")
}

/// What stands at the place that a batch's answer speaks of.
fn place<'a, T>(id: &str, all: &'a mut [T]) -> Option<&'a mut T> {
    all.get_mut(id.parse::<usize>().ok()?)
}

/// Whether a receipt names nothing, or nothing any more.
fn is_stale(code: Option<&str>) -> bool {
    matches!(
        code,
        Some(
            "ReceiptHandleIsInvalid"
                | "MessageNotInflight"
                | "AWS.SimpleQueueService.MessageNotInflight"
                | "InvalidParameterValue"
        )
    )
}

/// Whole seconds, rounded up, and no more than the service takes.
fn seconds(time: Duration, max: Duration) -> i32 {
    let up = u64::from(time.subsec_nanos() > 0);
    time.min(max)
        .as_secs()
        .saturating_add(up)
        .min(max.as_secs()) as i32
}

fn messages(got: ReceiveMessageOutput) -> Result<Vec<Message>> {
    got.messages
        .unwrap_or_default()
        .into_iter()
        .map(message)
        .collect()
}

fn message(message: SqsMessage) -> Result<Message> {
    let number = |name: System| {
        let text = message.attributes.as_ref().and_then(|all| all.get(&name));
        text.and_then(|text| text.parse::<i64>().ok())
            .ok_or_else(|| call("receive messages").error("BadAnswer", "a count is missing"))
    };
    let receive_count = number(System::ApproximateReceiveCount)? as u32;
    let sent_at = Timestamp(number(System::SentTimestamp)?.saturating_mul(1000));
    let attributes = message.message_attributes.unwrap_or_default();
    Ok(Message {
        id: message.message_id.unwrap_or_default(),
        receipt_handle: message.receipt_handle.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        attributes: attributes
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.string_value?)))
            .collect(),
        receive_count,
        sent_at,
    })
}
