//! The emulated AWS that `tests/emulator/run` starts, and what a test makes in it.

#![allow(dead_code, reason = "each test file uses its part of it")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_sqs::types::QueueAttributeName;
use logbook_backends::{AwsClients, AwsOptions};

/// The clients of the AWS SDK itself, to make what a test needs.
pub(crate) struct Emulator {
    pub(crate) clients: AwsClients,
    config: aws_config::SdkConfig,
}

/// A variable that `tests/emulator/run` sets.
pub(crate) fn variable(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tells tests where the emulator is"
    )]
    std::env::var(name).ok()
}

/// A name that no other test has.
pub(crate) fn unique(what: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{what}-{}-{count}", now.as_nanos())
}

impl Emulator {
    /// None, with a note, where no emulator runs.
    pub(crate) async fn find() -> Option<Self> {
        if variable("LOGBOOK_TEST_AWS_ENDPOINT").is_none() {
            println!("skipped: LOGBOOK_TEST_AWS_ENDPOINT is not set: see tests/emulator/run");
            return None;
        }
        Some(Self {
            clients: AwsClients::load(AwsOptions::default()).await,
            config: aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await,
        })
    }

    /// A bucket of its own, empty.
    pub(crate) async fn bucket(&self) -> String {
        let config = aws_sdk_s3::config::Builder::from(&self.config)
            .force_path_style(true)
            .build();
        let name = unique("objects");
        let s3 = aws_sdk_s3::Client::from_conf(config);
        s3.create_bucket().bucket(&name).send().await.unwrap();
        name
    }

    /// URLs of a queue and of its dead letters, where messages go after three receives.
    pub(crate) async fn queues(&self) -> (String, String) {
        let sqs = aws_sdk_sqs::Client::new(&self.config);
        let name = unique("queue");
        let dead = sqs.create_queue().queue_name(format!("{name}-dead"));
        let dead = dead.send().await.unwrap().queue_url.unwrap();
        let arn = sqs
            .get_queue_attributes()
            .queue_url(&dead)
            .attribute_names(QueueAttributeName::QueueArn);
        let arn = arn.send().await.unwrap().attributes.unwrap();
        let arn = &arn[&QueueAttributeName::QueueArn];
        let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"3"}}"#);
        let queue = sqs
            .create_queue()
            .queue_name(name)
            .attributes(QueueAttributeName::RedrivePolicy, policy);
        (queue.send().await.unwrap().queue_url.unwrap(), dead)
    }
}
