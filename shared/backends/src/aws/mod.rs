//! What the AWS backends share: configuration, clients, errors.

mod error;
mod https;
mod request;
mod signer;
mod stack;
mod token;
mod xml;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;

pub(crate) use error::{Call, code_of, status_of};
pub use https::tls_config;
use request::Requests;
use signer::Signer;
pub use stack::{FiringAlarm, Invoked, StackDescription};

use crate::Result;

const CONNECT: Duration = Duration::from_secs(2);
/// Attempts at one call, the first counted.
const ATTEMPTS: u32 = 3;
/// How long a body may stand still: long enough for a function that was frozen.
const STALLED: Duration = Duration::from_secs(10);

/// One client a service, over one configuration and one set of credentials.
///
/// Cheap to clone. Every call has a bound: two seconds to connect, three attempts, and a time
/// for each attempt and for all together. A body that stands still for ten seconds is given up.
#[derive(Debug, Clone)]
pub struct AwsClients {
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) kms: aws_sdk_kms::Client,
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
    requests: Requests,
    config: Arc<aws_config::SdkConfig>,
}

/// What the surroundings do not say.
#[derive(Debug, Clone, Default)]
pub struct AwsOptions {
    /// Where all services answer, in place of AWS; else `AWS_ENDPOINT_URL`, else AWS.
    pub endpoint_url: Option<String>,
    /// Whether S3 is asked by path (`host/bucket/key`). Without a word it is where an endpoint
    /// is given, because names below such a host seldom resolve.
    pub s3_path_style: Option<bool>,
    /// The region; else what the surroundings say.
    pub region: Option<String>,
}

impl AwsClients {
    /// Reads region, credentials and endpoint where the AWS tools read them (environment,
    /// profile, the function's or the machine's role), once, and makes the clients. Nothing is
    /// asked of a service yet: wrong credentials show at the first call.
    pub async fn load(options: AwsOptions) -> Self {
        let mut loader = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .stalled_stream_protection(
                StalledStreamProtectionConfig::enabled()
                    .grace_period(STALLED)
                    .build(),
            );
        if let Some(url) = options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(region) = options.region {
            loader = loader.region(aws_config::Region::new(region));
        }
        let config = loader.load().await;
        let path_style = options
            .s3_path_style
            .unwrap_or_else(|| config.endpoint_url().is_some());
        // An attempt at S3 carries up to 256 MiB; one at SQS waits up to 20 s for a message.
        let s3 = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(path_style)
            .timeout_config(timeouts(60, 150))
            .build();
        let sqs = aws_sdk_sqs::config::Builder::from(&config)
            .timeout_config(timeouts(25, 60))
            .build();
        let kms = aws_sdk_kms::config::Builder::from(&config)
            .timeout_config(timeouts(5, 15))
            .build();
        let secrets = aws_sdk_secretsmanager::config::Builder::from(&config)
            .timeout_config(timeouts(5, 15))
            .build();
        Self {
            s3: aws_sdk_s3::Client::from_conf(s3),
            sqs: aws_sdk_sqs::Client::from_conf(sqs),
            kms: aws_sdk_kms::Client::from_conf(kms),
            secrets: aws_sdk_secretsmanager::Client::from_conf(secrets),
            requests: Requests::new(
                Signer {
                    credentials: config.credentials_provider(),
                    region: config.region().map(ToString::to_string),
                },
                config.endpoint_url().map(str::to_owned),
            ),
            config: Arc::new(config),
        }
    }

    /// The configuration, for the client of a service that one function alone speaks to.
    pub fn config(&self) -> &aws_config::SdkConfig {
        &self.config
    }

    /// A secret's text, by its name or ARN.
    pub async fn secret(&self, id: &str) -> Result<String> {
        let call = Call {
            service: "secretsmanager",
            action: "get a secret",
        };
        let got = self.secrets.get_secret_value().secret_id(id).send().await;
        let got = got.map_err(|error| call.failed(&error))?;
        let text = got.secret_string().map(str::to_owned);
        text.ok_or_else(|| call.error("BadAnswer", "the secret is no text"))
    }

    /// A token that opens connections to a database of RDS or Aurora for 15 minutes, in the
    /// place of a password. Nothing is asked of a service for it, but perhaps credentials.
    pub async fn database_token(&self, host: &str, port: u16, user: &str) -> Result<String> {
        let signer = self.requests.signer();
        signer.token(host, port, user, SystemTime::now()).await
    }
}

fn timeouts(attempt_secs: u64, all_secs: u64) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(Duration::from_secs(attempt_secs))
        .operation_timeout(Duration::from_secs(all_secs))
        .build()
}
