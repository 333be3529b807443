//! What the AWS backends share: configuration, clients, errors.

mod error;
mod https;
mod request;
mod roots;
mod signer;
mod stack;
mod token;
mod xml;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

pub(crate) use error::{Call, code_of, status_of};
pub use https::tls_config;
use request::Requests;
use signer::Signer;
pub use stack::{FiringAlarm, Invoked, StackDescription};

use crate::{Error, Result};

const CONNECT: Duration = Duration::from_secs(2);
/// Attempts at one call, the first counted.
const ATTEMPTS: u32 = 3;
/// How long a body may stand still: long enough for a function that was frozen.
const STALLED: Duration = Duration::from_secs(10);

/// One client a service, over one configuration and one set of credentials. A client is made when
/// it is first used.
///
/// Cheap to clone. Every call has a bound: two seconds to connect, three attempts, and a time
/// for each attempt and for all together. A body that stands still for ten seconds is given up.
#[derive(Clone)]
pub struct AwsClients(Arc<Clients>);

struct Clients {
    config: SdkConfig,
    endpoints: Endpoints,
    path_style: bool,
    requests: Requests,
    s3: OnceLock<aws_sdk_s3::Client>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
    kms: OnceLock<aws_sdk_kms::Client>,
    secrets: OnceLock<aws_sdk_secretsmanager::Client>,
}

/// Where single services answer, in place of where all do.
#[derive(Default)]
struct Endpoints {
    s3: Option<String>,
    sqs: Option<String>,
    kms: Option<String>,
    secrets: Option<String>,
}

impl fmt::Debug for AwsClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwsClients")
    }
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
    /// profile, the machine's role), once. Nothing is asked of a service yet: wrong credentials
    /// show at the first call.
    pub async fn load(options: AwsOptions) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(retries())
            .stalled_stream_protection(stalled());
        if let Some(url) = options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(region) = options.region {
            loader = loader.region(Region::new(region));
        }
        let config = loader.load().await;
        let path_style = options
            .s3_path_style
            .unwrap_or_else(|| config.endpoint_url().is_some());
        Self::new(config, Endpoints::default(), path_style)
    }

    /// Reads what Lambda gives a function in its environment, by `read`, and looks nowhere else:
    /// no files, no service. Nothing is made before it is used, so that a cold start pays for
    /// what its event needs. docs/cold-start.md has the figures.
    ///
    /// # Errors
    /// Where region or credentials are missing.
    pub fn of_function(read: impl Fn(&'static str) -> Option<String>) -> Result<Self> {
        let text = |name| read(name).filter(|value| !value.is_empty());
        let (Some(region), Some(id), Some(secret)) = (
            text("AWS_REGION"),
            text("AWS_ACCESS_KEY_ID"),
            text("AWS_SECRET_ACCESS_KEY"),
        ) else {
            return Err(Error::Config {
                reason: "AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set",
            });
        };
        let credentials = Credentials::new(id, secret, text("AWS_SESSION_TOKEN"), None, "Lambda");
        let endpoint = text("AWS_ENDPOINT_URL");
        let endpoints = Endpoints {
            s3: text("AWS_ENDPOINT_URL_S3"),
            sqs: text("AWS_ENDPOINT_URL_SQS"),
            kms: text("AWS_ENDPOINT_URL_KMS"),
            secrets: text("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
        };
        let path_style = endpoint.is_some() || endpoints.s3.is_some();
        let system_roots = text("SSL_CERT_FILE").is_some() || text("SSL_CERT_DIR").is_some();
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(retries())
            .stalled_stream_protection(stalled());
        config.set_endpoint_url(endpoint);
        if !system_roots && roots::are_enough_for(&region) {
            config.set_http_client(Some(roots::client()?));
        }
        let config = config.region(Region::new(region)).build();
        Ok(Self::new(config, endpoints, path_style))
    }

    fn new(config: SdkConfig, endpoints: Endpoints, path_style: bool) -> Self {
        let signer = Signer {
            credentials: config.credentials_provider(),
            region: config.region().map(ToString::to_string),
        };
        Self(Arc::new(Clients {
            requests: Requests::new(signer, config.endpoint_url().map(str::to_owned)),
            config,
            endpoints,
            path_style,
            s3: OnceLock::new(),
            sqs: OnceLock::new(),
            kms: OnceLock::new(),
            secrets: OnceLock::new(),
        }))
    }

    /// The configuration, for the client of a service that one function alone speaks to.
    pub fn config(&self) -> &SdkConfig {
        &self.0.config
    }

    pub(crate) fn s3(&self) -> &aws_sdk_s3::Client {
        self.0.s3.get_or_init(|| {
            // Until the answer's head: what is put has the time that it takes beside.
            let mut config = aws_sdk_s3::config::Builder::from(&self.0.config)
                .force_path_style(self.0.path_style)
                .timeout_config(timeouts(10, 40));
            if let Some(url) = &self.0.endpoints.s3 {
                config = config.endpoint_url(url);
            }
            aws_sdk_s3::Client::from_conf(config.build())
        })
    }

    pub(crate) fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.0.sqs.get_or_init(|| {
            // An attempt waits up to 20 s for a message.
            let mut config =
                aws_sdk_sqs::config::Builder::from(&self.0.config).timeout_config(timeouts(25, 60));
            if let Some(url) = &self.0.endpoints.sqs {
                config = config.endpoint_url(url);
            }
            aws_sdk_sqs::Client::from_conf(config.build())
        })
    }

    pub(crate) fn kms(&self) -> &aws_sdk_kms::Client {
        self.0.kms.get_or_init(|| {
            let mut config =
                aws_sdk_kms::config::Builder::from(&self.0.config).timeout_config(timeouts(5, 15));
            if let Some(url) = &self.0.endpoints.kms {
                config = config.endpoint_url(url);
            }
            aws_sdk_kms::Client::from_conf(config.build())
        })
    }

    pub(crate) fn secrets(&self) -> &aws_sdk_secretsmanager::Client {
        self.0.secrets.get_or_init(|| {
            let mut config = aws_sdk_secretsmanager::config::Builder::from(&self.0.config)
                .timeout_config(timeouts(5, 15));
            if let Some(url) = &self.0.endpoints.secrets {
                config = config.endpoint_url(url);
            }
            aws_sdk_secretsmanager::Client::from_conf(config.build())
        })
    }

    /// A secret's text, by its name or ARN.
    pub async fn secret(&self, id: &str) -> Result<String> {
        let call = Call {
            service: "secretsmanager",
            action: "get a secret",
        };
        let got = self.secrets().get_secret_value().secret_id(id).send().await;
        let got = got.map_err(|error| call.failed(&error))?;
        let text = got.secret_string().map(str::to_owned);
        text.ok_or_else(|| call.error("BadAnswer", "the secret is no text"))
    }

    /// A token that opens connections to a database of RDS or Aurora for 15 minutes, in the
    /// place of a password. Nothing is asked of a service for it, but perhaps credentials.
    pub async fn database_token(&self, host: &str, port: u16, user: &str) -> Result<String> {
        let signer = self.0.requests.signer();
        signer.token(host, port, user, SystemTime::now()).await
    }
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}

fn stalled() -> StalledStreamProtectionConfig {
    StalledStreamProtectionConfig::enabled()
        .grace_period(STALLED)
        .build()
}

pub(crate) fn timeouts(attempt_secs: u64, all_secs: u64) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(Duration::from_secs(attempt_secs))
        .operation_timeout(Duration::from_secs(all_secs))
        .build()
}
