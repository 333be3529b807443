//! A stack on AWS: its parts, by the outputs of its template.

mod failures;

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use logbook_backends::{AwsClients, AwsOptions, Keys, KmsConfig, ObjectStore, Queue};

use crate::cli::StackArgs;

pub(crate) use failures::FailedIntakes;

/// A deployed stack.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    pub(crate) name: String,
    /// What CloudFormation says of it.
    pub(crate) status: String,
    pub(crate) clients: AwsClients,
    outputs: BTreeMap<String, String>,
}

/// A queue of jobs and its dead letters.
#[derive(Debug)]
pub(crate) struct JobQueue {
    pub(crate) name: &'static str,
    pub(crate) queue: Queue,
}

/// Outputs that every stack has.
const OUTPUTS: [&str; 11] = [
    "UploadUrl",
    "UploadApiKeyId",
    "QueryUrl",
    "ArchiveBucket",
    "InboxBucket",
    "KeyArn",
    "HashSecretArn",
    "ParseQueueUrl",
    "ParseDeadLettersUrl",
    "IntakeFailuresUrl",
    "IntakeFunctionArn",
];

impl Stack {
    /// Asks CloudFormation for a stack, by the caller's own credentials.
    pub(crate) async fn find(at: &StackArgs) -> anyhow::Result<Self> {
        let name = at.stack.clone().context("no stack is named")?;
        let options = AwsOptions {
            region: at.region.clone(),
            ..AwsOptions::default()
        };
        let clients = AwsClients::load(options).await;
        let described = clients.describe_stack(&name).await.with_context(|| {
            format!(
                "the stack {name} cannot be looked up: are AWS credentials and a region at hand \
                 (AWS_PROFILE, AWS_REGION), and do they allow cloudformation:DescribeStacks?"
            )
        })?;
        let Some(described) = described else {
            bail!(
                "there is no stack {name} in this account and region: name another with --stack, \
                 or its region with --region"
            );
        };
        Ok(Self {
            name,
            status: described.status,
            clients,
            outputs: described.outputs,
        })
    }

    /// An output, if the stack has it.
    pub(crate) fn output(&self, name: &str) -> Option<&str> {
        self.outputs.get(name).map(String::as_str)
    }

    /// An output that the stack must have.
    pub(crate) fn need(&self, name: &str) -> anyhow::Result<&str> {
        self.output(name).with_context(|| {
            format!(
                "the stack {} has no output {name}: is it Logbook's, and of this version? \
                 `make deploy` brings it up to date",
                self.name
            )
        })
    }

    /// Outputs that should be there and are not.
    pub(crate) fn missing_outputs(&self) -> Vec<&'static str> {
        let mut missing = OUTPUTS.to_vec();
        missing.retain(|name| self.output(name).is_none());
        missing
    }

    pub(crate) fn archive(&self) -> anyhow::Result<ObjectStore> {
        let bucket = self.need("ArchiveBucket")?;
        Ok(ObjectStore::open_s3(&self.clients, bucket))
    }

    pub(crate) fn inbox(&self) -> anyhow::Result<ObjectStore> {
        let bucket = self.need("InboxBucket")?;
        Ok(ObjectStore::open_s3(&self.clients, bucket))
    }

    pub(crate) fn keys(&self) -> anyhow::Result<Keys> {
        let config = KmsConfig {
            key_id: self.need("KeyArn")?.to_owned(),
            secret_id: self.need("HashSecretArn")?.to_owned(),
        };
        Ok(Keys::open_kms(&self.clients, config))
    }

    /// The parse queue, and the bulk queue where there is one.
    pub(crate) fn job_queues(&self) -> anyhow::Result<Vec<JobQueue>> {
        let queue = |name, url: &str, dead: &str| JobQueue {
            name,
            queue: Queue::open_sqs(&self.clients, url, dead),
        };
        let (parse, dead) = (
            self.need("ParseQueueUrl")?,
            self.need("ParseDeadLettersUrl")?,
        );
        let mut queues = vec![queue("parse queue", parse, dead)];
        let bulk = (
            self.output("BulkQueueUrl"),
            self.output("BulkDeadLettersUrl"),
        );
        if let (Some(bulk), Some(dead)) = bulk {
            queues.push(queue("bulk queue", bulk, dead));
        }
        Ok(queues)
    }

    /// The events that intake failed at.
    pub(crate) fn failed_intakes(&self) -> anyhow::Result<FailedIntakes> {
        let url = self.need("IntakeFailuresUrl")?;
        Ok(FailedIntakes::new(&self.clients, url))
    }
}

#[cfg(test)]
mod tests {
    use super::OUTPUTS;

    #[test]
    fn the_template_has_every_output_that_is_read() {
        let template = include_str!("../../../template.yaml");
        let (_, outputs) = template.split_once("\nOutputs:\n").unwrap();
        let bulk = ["BulkQueueUrl", "BulkDeadLettersUrl"];
        for name in OUTPUTS.into_iter().chain(bulk) {
            assert!(outputs.contains(&format!("  {name}:\n")), "{name}");
        }
    }
}
