//! The stores of a function, by what its environment says. There are no embedded ones here: a
//! function whose environment is not whole does not start.

use std::sync::Arc;
use std::time::Duration;

use logbook_backends::{
    Authority, AwsClients, Credentials, Database, Keys, KmsConfig, Login, LoginProvider,
    MySqlConfig, ObjectStore, Queue, Tls, TokenProvider,
};
use logbook_pipeline::{MEMORY_MB, Marks, Registry, Vault};
use serde::Deserialize;

use super::{Environment, Missing};

/// How old what is known of the products may be.
const REGISTRY_AGE: Duration = Duration::from_secs(30);

/// Why a function does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A variable is missing or not valid.
    #[error(transparent)]
    Environment(#[from] Missing),
    /// A store cannot be opened.
    #[error(transparent)]
    Store(#[from] logbook_backends::Error),
    /// The secret of the database is not what Secrets Manager keeps for one.
    #[error("the database's secret is no JSON with username and password")]
    DatabaseSecret,
    /// The file of authorities to trust cannot be used.
    #[error("the authorities in {path}, which SSL_CERT_FILE names, cannot be used: {fault}")]
    Authorities {
        /// The file.
        path: String,
        /// What is wrong with it.
        fault: String,
    },
}

/// A user and a password, as Secrets Manager keeps them for databases.
#[derive(Deserialize)]
struct DatabaseSecret {
    username: String,
    password: String,
}

/// Opens stores. docs/deploy.md lists the variables.
#[derive(Debug, Clone)]
pub struct Stores {
    environment: Environment,
    clients: AwsClients,
}

impl Stores {
    /// The clients of the services, over the function's own role.
    ///
    /// # Errors
    /// Where the environment is not that of a function: no region, no credentials.
    pub fn open(environment: Environment) -> Result<Self, StartError> {
        Ok(Self {
            environment,
            clients: AwsClients::of_function(|name| environment.text_or_none(name))?,
        })
    }

    /// The environment.
    pub const fn environment(&self) -> Environment {
        self.environment
    }

    /// The clients of the services.
    pub const fn clients(&self) -> &AwsClients {
        &self.clients
    }

    /// The archive: `LOGBOOK_ARCHIVE_BUCKET`.
    pub fn archive(&self) -> Result<ObjectStore, StartError> {
        self.bucket("LOGBOOK_ARCHIVE_BUCKET")
    }

    /// The inbox: `LOGBOOK_INBOX_BUCKET`.
    pub fn inbox(&self) -> Result<ObjectStore, StartError> {
        self.bucket("LOGBOOK_INBOX_BUCKET")
    }

    fn bucket(&self, variable: &'static str) -> Result<ObjectStore, StartError> {
        let bucket = self.environment.text(variable)?;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let fits = (3..=63).contains(&bucket.len())
            && bucket.starts_with(|c: char| c.is_ascii_alphanumeric())
            && bucket
                .bytes()
                .all(|byte| plain(byte) || matches!(byte, b'-' | b'.'));
        if fits {
            Ok(ObjectStore::open_s3(&self.clients, bucket))
        } else {
            Err(Missing::wrong(variable, "the name of an S3 bucket").into())
        }
    }

    /// The marks that tell of something to analyze.
    pub fn marks(&self) -> Result<Arc<Marks>, StartError> {
        Ok(Arc::new(Marks::new(self.archive()?)))
    }

    /// The archive with its keys: `LOGBOOK_KMS_KEY_ID`, `LOGBOOK_HASH_SECRET_ARN`.
    pub fn vault(&self) -> Result<Arc<Vault>, StartError> {
        let config = KmsConfig {
            key_id: self.environment.text("LOGBOOK_KMS_KEY_ID")?,
            secret_id: self.environment.text("LOGBOOK_HASH_SECRET_ARN")?,
        };
        let keys = Keys::open_kms(&self.clients, config);
        let archive = self.archive()?;
        Ok(Arc::new(Vault::of_process(archive, keys, self.memory_mb())))
    }

    /// The memory that the function has, in MB, as Lambda says.
    pub fn memory_mb(&self) -> u32 {
        let said = self
            .environment
            .text_or_none("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
        said.and_then(|text| text.parse().ok()).unwrap_or(MEMORY_MB)
    }

    /// The products, out of the archive.
    pub fn registry(&self) -> Result<Arc<Registry>, StartError> {
        Ok(Arc::new(Registry::new(self.archive()?, REGISTRY_AGE)))
    }

    /// The parse queue: `LOGBOOK_PARSE_QUEUE_URL`. Its dead letters are nobody's here.
    pub fn parse_queue(&self) -> Result<Queue, StartError> {
        self.queue("LOGBOOK_PARSE_QUEUE_URL")
    }

    /// A queue, by the variable that holds its URL.
    pub fn queue(&self, variable: &'static str) -> Result<Queue, StartError> {
        let url = self.environment.text(variable)?;
        if url.starts_with("https://") || url.starts_with("http://") {
            Ok(Queue::open_sqs(&self.clients, url, ""))
        } else {
            Err(Missing::wrong(variable, "the URL of an SQS queue").into())
        }
    }

    /// The sessions schema. No connection is opened yet.
    pub fn sessions(&self) -> Result<Database, StartError> {
        let schema = self.environment.text("LOGBOOK_DATABASE_SESSIONS")?;
        Ok(Database::open_mysql(&self.database(&schema)?)?)
    }

    /// The analytics schema, which reads the sessions schema too. No connection is opened yet.
    pub fn analytics(&self) -> Result<Database, StartError> {
        let schema = self.environment.text("LOGBOOK_DATABASE_ANALYTICS")?;
        let mut config = self.database(&schema)?;
        config.sessions_schema = Some(self.environment.text("LOGBOOK_DATABASE_SESSIONS")?);
        Ok(Database::open_mysql(&config)?)
    }

    /// A secret's text, by the variable that names it.
    pub async fn secret(&self, variable: &'static str) -> Result<String, StartError> {
        let id = self.environment.text(variable)?;
        Ok(self.clients.secret(&id).await?)
    }

    /// How a schema is reached: `LOGBOOK_DATABASE_HOST`, `_PORT`, `_TLS` (`verify-identity` or
    /// `off`), and `_AUTH`: `iam` for `_USER`, or `secret` for what `_SECRET_ARN` names. Nothing is
    /// asked of a service before the first use.
    pub fn database(&self, schema: &str) -> Result<MySqlConfig, StartError> {
        let environment = self.environment;
        let host = environment.text("LOGBOOK_DATABASE_HOST")?;
        let port = environment.value_or("LOGBOOK_DATABASE_PORT", 3306_u16)?;
        let auth = environment.text("LOGBOOK_DATABASE_AUTH")?;
        let (user, credentials) = match auth.as_str() {
            "iam" => self.by_token(&host, port)?,
            "secret" => (String::new(), self.by_secret()?),
            _ => return Err(Missing::wrong("LOGBOOK_DATABASE_AUTH", "iam or secret").into()),
        };
        let mut config = MySqlConfig::new(&host, &user, credentials, schema);
        config.port = port;
        config.tls = match environment.text("LOGBOOK_DATABASE_TLS")?.as_str() {
            "verify-identity" => Tls::Verified(Authority::rds()),
            "off" => Tls::PlainLoopback,
            _ => {
                let known = "verify-identity or off";
                return Err(Missing::wrong("LOGBOOK_DATABASE_TLS", known).into());
            }
        };
        Ok(config)
    }

    fn by_secret(&self) -> Result<Credentials, StartError> {
        let id = self.environment.text("LOGBOOK_DATABASE_SECRET_ARN")?;
        let clients = self.clients.clone();
        Ok(Credentials::Login(LoginProvider::new(move || {
            let (clients, id) = (clients.clone(), id.clone());
            async move {
                let text = clients.secret(&id).await?;
                let secret: DatabaseSecret =
                    serde_json::from_str(&text).map_err(|_| logbook_backends::Error::Config {
                        reason: "the database's secret is no JSON with username and password",
                    })?;
                Ok(Login {
                    user: secret.username,
                    password: secret.password,
                })
            }
        })))
    }

    fn by_token(&self, host: &str, port: u16) -> Result<(String, Credentials), StartError> {
        let user = self.environment.text("LOGBOOK_DATABASE_USER")?;
        let (clients, host, name) = (self.clients.clone(), host.to_owned(), user.clone());
        let provider = TokenProvider::new(move || {
            let (clients, host, name) = (clients.clone(), host.clone(), name.clone());
            async move { clients.database_token(&host, port, &name).await }
        });
        Ok((user, Credentials::Token(provider)))
    }
}
