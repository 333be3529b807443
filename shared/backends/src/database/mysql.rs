//! MySQL and MariaDB: a pool for each schema.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use logbook_model::Day;
use sqlx::mysql::{MySqlConnectOptions, MySqlPool, MySqlPoolOptions, MySqlRow, MySqlSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, Row as _};
use sqlx::{MySqlConnection, TypeInfo as _, ValueRef as _};
use tokio::sync::Mutex;

use super::connection::{Connection, Transaction};
use crate::{Error, Result};

/// How long a connection token is used for new connections. Those of AWS hold for 15 minutes.
const TOKEN_AGE: Duration = Duration::from_mins(10);
/// Statements kept prepared a connection; a server keeps 16,382 for all its connections.
const STATEMENTS: usize = 128;
const LOCK_TIMEOUT_SECS: u64 = 10;

/// Where a MySQL or MariaDB server is, and how it is used.
#[derive(Debug, Clone)]
pub struct MySqlConfig {
    /// Name or address of the server.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// How the user proves to be it.
    pub credentials: Credentials,
    /// How the connection is secured.
    pub tls: Tls,
    /// The schema, which must be there.
    pub schema: String,
    /// The sessions schema, where this one is another that reads it as `sessions.table`.
    pub sessions_schema: Option<String>,
    /// Connections at most, for each of the two schemas.
    pub max_connections: u32,
    /// After how long without use a connection is closed: by this side and, where this side
    /// is frozen, a little later by the server. Any open connection keeps a serverless
    /// database from pausing.
    pub idle_timeout: Duration,
    /// After how long a connection is closed in any case.
    pub max_lifetime: Duration,
    /// How long to wait for a connection.
    pub acquire_timeout: Duration,
    /// How long a statement that reads may take (on MariaDB: any statement).
    pub statement_timeout: Duration,
}

impl MySqlConfig {
    /// Settings for a function that runs one thing at a time, to be changed where needed.
    pub fn new(host: &str, user: &str, credentials: Credentials, schema: &str) -> Self {
        Self {
            host: host.to_owned(),
            port: 3306,
            user: user.to_owned(),
            credentials,
            tls: Tls::Verified(Authority::PublicRoots),
            schema: schema.to_owned(),
            sessions_schema: None,
            max_connections: 2,
            idle_timeout: Duration::from_mins(1),
            max_lifetime: Duration::from_mins(10),
            acquire_timeout: Duration::from_secs(20),
            statement_timeout: Duration::from_mins(2),
        }
    }
}

/// How a connection is secured.
#[derive(Debug, Clone)]
pub enum Tls {
    /// TLS; the server's certificate must be signed by the authority and bear the host's name.
    Verified(Authority),
    /// None. Refused unless the host is this machine.
    PlainLoopback,
}

/// The certificate authorities of Amazon RDS and Aurora in all regions, in PEM. Public keys, as
/// AWS publishes them (`global-bundle.pem`), without those that ran out before 2027.
const RDS_AUTHORITIES: &[u8] = include_bytes!("rds.pem");

/// Whose signature makes a server's certificate good.
#[derive(Debug, Clone)]
pub enum Authority {
    /// Those that browsers trust.
    PublicRoots,
    /// Those, and the certificates in a PEM file.
    File(PathBuf),
    /// Those, and certificates in PEM.
    Pem(Cow<'static, [u8]>),
}

impl Authority {
    /// Those that browsers trust, and those of Amazon RDS and Aurora.
    pub const fn rds() -> Self {
        Self::Pem(Cow::Borrowed(RDS_AUTHORITIES))
    }
}

/// How a user proves to be it.
#[derive(Clone)]
pub enum Credentials {
    /// By a password, or by none.
    Password(Option<String>),
    /// By a token that is made anew for connections every ten minutes at the latest.
    Token(TokenProvider),
    /// By a user and a password that are asked for at the first use, and anew every ten minutes
    /// at the latest. [`MySqlConfig::user`] is not looked at.
    Login(LoginProvider),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password(None) => "no password",
            Self::Password(Some(_)) => "password",
            Self::Token(_) => "token",
            Self::Login(_) => "login",
        })
    }
}

type Later<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// Makes tokens that open connections for some minutes.
#[derive(Clone)]
pub struct TokenProvider(Arc<dyn Fn() -> Later<String> + Send + Sync>);

impl TokenProvider {
    /// A provider that calls `make` for each token.
    pub fn new<F, T>(make: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<String>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(make())))
    }
}

/// A user and a password.
#[derive(Clone)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

/// Asks for a user and a password, wherever they are kept.
#[derive(Clone)]
pub struct LoginProvider(Arc<dyn Fn() -> Later<Login> + Send + Sync>);

impl LoginProvider {
    /// A provider that calls `ask` each time.
    pub fn new<F, T>(ask: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<Login>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(ask())))
    }
}

/// The connections to one schema and, where it reads the sessions schema, to that.
#[derive(Debug, Clone)]
pub(crate) struct Pools {
    own: Pool,
    sessions: Option<Pool>,
}

impl Pools {
    /// Makes the pools; no connection is opened yet.
    pub(crate) fn open(config: &MySqlConfig) -> Result<Self> {
        let sessions = config.sessions_schema.as_deref();
        Ok(Self {
            own: Pool::open(config, &config.schema, Attachment::to(sessions))?,
            sessions: sessions
                .map(|schema| Pool::open(config, schema, Attachment::default()))
                .transpose()?,
        })
    }

    /// The same with the sessions schema as its own.
    pub(crate) fn of_sessions(&self) -> Self {
        Self {
            own: self.sessions.as_ref().unwrap_or(&self.own).clone(),
            sessions: None,
        }
    }

    pub(crate) const fn pool(&self) -> &Pool {
        &self.own
    }

    pub(crate) async fn close(&self) {
        self.own.connections.close().await;
        if let Some(sessions) = &self.sessions {
            sessions.connections.close().await;
        }
    }
}

/// The connections to one schema.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    connections: MySqlPool,
    schema: Arc<str>,
    attachment: Attachment,
    tokens: Option<Arc<Tokens>>,
}

impl Pool {
    fn open(config: &MySqlConfig, schema: &str, attachment: Attachment) -> Result<Self> {
        let options = options(config)?.database(schema);
        let (options, tokens) = match &config.credentials {
            Credentials::Password(None) => (options, None),
            Credentials::Password(Some(password)) => (options.password(password), None),
            Credentials::Token(_) | Credentials::Login(_) => {
                let tokens = Tokens {
                    credentials: config.credentials.clone(),
                    options: options.clone(),
                    made_at: Mutex::new(None),
                };
                (options, Some(Arc::new(tokens)))
            }
        };
        let settings: Arc<str> = settings(config).into();
        let connections = MySqlPoolOptions::new()
            .max_connections(config.max_connections)
            .min_connections(0)
            .idle_timeout(config.idle_timeout)
            .max_lifetime(config.max_lifetime)
            .acquire_timeout(config.acquire_timeout)
            // A server may have gone and come back meanwhile, in less time than one would wait.
            .test_before_acquire(true)
            .after_connect(move |connection, _| {
                let settings = Arc::clone(&settings);
                Box::pin(async move { set(connection, &settings).await })
            })
            .connect_lazy_with(options);
        Ok(Self {
            connections,
            schema: schema.into(),
            attachment,
            tokens,
        })
    }

    pub(crate) async fn acquire(&self) -> Result<Connection> {
        self.renew_token().await?;
        let connection = self.connections.acquire().await?;
        Ok(Connection::mysql(connection, self.attachment.clone()))
    }

    /// A transaction whose every statement sees what is committed when it begins.
    pub(crate) async fn begin(&self) -> Result<Transaction> {
        self.begin_with("START TRANSACTION").await
    }

    /// A transaction whose reads are all of the moment of the first of them.
    pub(crate) async fn begin_late(&self) -> Result<Transaction> {
        self.begin_with("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION")
            .await
    }

    /// A transaction that reads, all of this moment.
    pub(crate) async fn snapshot(&self) -> Result<Transaction> {
        self.begin_with(
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
             START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        )
        .await
    }

    async fn begin_with(&self, statement: &'static str) -> Result<Transaction> {
        self.renew_token().await?;
        let transaction = self.connections.begin_with(statement).await?;
        Ok(Transaction::mysql(transaction, self.attachment.clone()))
    }

    async fn renew_token(&self) -> Result<()> {
        match &self.tokens {
            Some(tokens) => tokens.renew(&self.connections).await,
            None => Ok(()),
        }
    }

    /// Runs migrations. Tables are made in the schema's own collation, which is first made one
    /// that compares bytewise and does not pad with spaces: it has different names in MySQL
    /// and in MariaDB, and in both `utf8mb4_bin` takes `"a"` and `"a "` for the same.
    pub(crate) async fn migrate(&self, migrations: &sqlx::migrate::Migrator) -> Result<()> {
        self.renew_token().await?;
        let mut connection = self.connections.acquire().await?;
        let collation: String = sqlx::query_scalar(
            "SELECT CAST(COLLATION_NAME AS CHAR) FROM information_schema.COLLATIONS \
             WHERE COLLATION_NAME IN ('utf8mb4_0900_bin', 'utf8mb4_nopad_bin') LIMIT 1",
        )
        .fetch_one(&mut *connection)
        .await?;
        let declare = format!(
            "ALTER DATABASE `{}` CHARACTER SET utf8mb4 COLLATE {collation}",
            self.schema
        );
        connection.execute(AssertSqlSafe(declare)).await?;
        // Migrations take one of the pool's own.
        drop(connection);
        migrations.run(&self.connections).await?;
        Ok(())
    }
}

fn options(config: &MySqlConfig) -> Result<MySqlConnectOptions> {
    let names = [Some(&config.schema), config.sessions_schema.as_ref()];
    for name in names.into_iter().flatten() {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
            return Err(Error::Config {
                reason: "a schema's name is 1 to 64 letters, digits or underscores",
            });
        }
    }
    let options = MySqlConnectOptions::new()
        .host(&config.host)
        .port(config.port)
        .username(&config.user)
        .statement_cache_capacity(STATEMENTS)
        // Statements that make users bear passwords.
        .disable_statement_logging()
        .pipes_as_concat(false)
        .no_engine_substitution(false);
    Ok(match &config.tls {
        Tls::PlainLoopback if is_loopback(&config.host) => options.ssl_mode(MySqlSslMode::Disabled),
        Tls::PlainLoopback => {
            return Err(Error::Config {
                reason: "a database on another machine is reached by TLS only",
            });
        }
        Tls::Verified(authority) => {
            // A token is sent as it is, within TLS.
            let clear = matches!(config.credentials, Credentials::Token(_));
            let options = options
                .ssl_mode(MySqlSslMode::VerifyIdentity)
                .enable_cleartext_plugin(clear);
            match authority {
                Authority::PublicRoots => options,
                Authority::File(path) => options.ssl_ca(path),
                Authority::Pem(pem) => options.ssl_ca_from_pem(pem.to_vec()),
            }
        }
    })
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

/// What is set on each connection. The two comments are statements to the one server or to the
/// other: MariaDB counts in seconds and for all statements.
fn settings(config: &MySqlConfig) -> String {
    let timeout = config.statement_timeout;
    format!(
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,\
         ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', \
         innodb_lock_wait_timeout = {LOCK_TIMEOUT_SECS}, wait_timeout = {} \
         /*M! , max_statement_time = {} */ /*!80000 , max_execution_time = {} */; \
         SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        config.idle_timeout.as_secs().max(1) + 15,
        timeout.as_secs().max(1),
        timeout.as_millis().max(1),
    )
}

async fn set(connection: &mut MySqlConnection, settings: &str) -> sqlx::Result<()> {
    connection
        .execute(AssertSqlSafe(settings.to_owned()))
        .await?;
    Ok(())
}

/// What new connections are opened with, where it does not stay the same.
struct Tokens {
    credentials: Credentials,
    options: MySqlConnectOptions,
    made_at: Mutex<Option<Instant>>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    async fn renew(&self, pool: &MySqlPool) -> Result<()> {
        let mut made_at = self.made_at.lock().await;
        if made_at.is_some_and(|at| at.elapsed() < TOKEN_AGE) {
            return Ok(());
        }
        let (now, options) = (Instant::now(), self.options.clone());
        pool.set_connect_options(match &self.credentials {
            Credentials::Token(provider) => options.password(&(provider.0)().await?),
            Credentials::Login(provider) => {
                let login = (provider.0)().await?;
                let options = options.username(&login.user);
                if login.password.is_empty() {
                    options
                } else {
                    options.password(&login.password)
                }
            }
            Credentials::Password(_) => return Ok(()),
        });
        *made_at = Some(now);
        Ok(())
    }
}

/// By what name the sessions schema goes that statements call `sessions`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attachment(Option<Arc<str>>);

impl Attachment {
    fn to(schema: Option<&str>) -> Self {
        Self(schema.map(|schema| format!("`{schema}`.").into()))
    }

    /// A statement with the schema's own name in place of `sessions`.
    pub(super) fn rename(&self, text: Cow<'static, str>) -> Cow<'static, str> {
        match &self.0 {
            Some(name) if text.contains("sessions.") => text.replace("sessions.", name).into(),
            _ => text,
        }
    }
}

/// The cell's date; `None` if it holds no date, be it NULL or of another type.
pub(super) fn date(row: &MySqlRow, cell: usize) -> Result<Option<Day>> {
    let raw = row.try_get_raw(cell)?;
    if raw.is_null() || raw.type_info().name() != "DATE" {
        return Ok(None);
    }
    let bytes =
        <&[u8] as sqlx::Decode<'_, sqlx::MySql>>::decode(raw).map_err(sqlx::Error::Decode)?;
    match *bytes {
        // The length, then year, month and day.
        [_, low, high, month, day, ..] => {
            let year = i32::from(u16::from_le_bytes([low, high]));
            Ok(Some(Day::from_civil(year, month.into(), day.into())))
        }
        _ => Err(Error::damaged("row", "a date is none")),
    }
}
