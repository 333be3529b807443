//! The events that intake failed at: Lambda keeps each in a queue, with the reason.

use std::time::Duration;

use logbook_backends::{AwsClients, Invoked, Message, Queue, Receive, Result};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Longer than intake may take for one.
const IN_WORK: Duration = Duration::from_mins(15);
const WAIT: Duration = Duration::from_secs(1);

/// The queue of failures.
#[derive(Debug, Clone)]
pub(crate) struct FailedIntakes {
    queue: Queue,
}

/// A failure that is being worked on: nobody else receives it meanwhile.
#[derive(Debug)]
pub(crate) struct FailedIntake {
    message: Message,
}

/// As Lambda writes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'m> {
    #[serde(borrow)]
    request_payload: &'m RawValue,
}

impl FailedIntakes {
    pub(crate) fn new(clients: &AwsClients, url: &str) -> Self {
        // A queue of failures is its own dead letters: nothing goes further from there.
        Self {
            queue: Queue::open_sqs(clients, url, url),
        }
    }

    pub(crate) async fn count(&self) -> Result<u64> {
        Ok(self.queue.depth().await?.dead)
    }

    /// Failures, to look at.
    pub(crate) async fn list(&self, max: u64) -> Result<Vec<Message>> {
        self.queue.dead_letters(max).await
    }

    /// Takes one into work.
    pub(crate) async fn take(&self) -> Result<Option<FailedIntake>> {
        let one = Receive {
            max: 1,
            wait: WAIT,
            visibility: IN_WORK,
        };
        let message = self.queue.receive(one).await?.pop();
        Ok(message.map(|message| FailedIntake { message }))
    }

    /// Calls intake with a failure's event once more; if it succeeds the failure is removed.
    pub(crate) async fn again(
        &self,
        clients: &AwsClients,
        intake: &str,
        failed: &FailedIntake,
    ) -> Result<Invoked> {
        let Ok(record) = serde_json::from_str::<Record<'_>>(&failed.message.body) else {
            return Ok(Invoked::Failed(
                "the message is no record of Lambda's".to_owned(),
            ));
        };
        let done = clients.invoke(intake, record.request_payload.get()).await?;
        if done == Invoked::Done {
            self.queue.delete(&failed.message.receipt_handle).await?;
        }
        Ok(done)
    }

    /// Gives one back, for others and for later.
    pub(crate) async fn give_back(&self, failed: &FailedIntake) -> Result<()> {
        let receipt = &failed.message.receipt_handle;
        let given = self.queue.change_visibility(receipt, Duration::ZERO);
        given.await.map(drop)
    }
}
