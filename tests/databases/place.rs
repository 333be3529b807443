//! Where a test keeps its databases: in a directory, or on a server that
//! `LOGBOOK_TEST_MYSQL_URL` names (`mysql://USER[:PASSWORD]@127.0.0.1:PORT`), in schemas of its
//! own that are dropped at its end.

use std::path::{Path, PathBuf};

use logbook_backends::{Attached, Database, Durability};

/// Makes two tests of each function: `NAME::sqlite` and `NAME::mysql`.
#[allow(unused_macros, reason = "each test program uses its share")]
macro_rules! on_every_database {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                super::$name(&crate::place::Place::directory()).await;
            }

            #[cfg(feature = "mysql")]
            #[tokio::test(flavor = "multi_thread")]
            async fn mysql() {
                if let Some(place) = crate::place::Place::server().await {
                    super::$name(&place).await;
                }
            }
        })+
    };
}
#[allow(unused_imports, reason = "each test program uses its share")]
pub(crate) use on_every_database;

/// Where a test keeps its databases.
pub(crate) enum Place {
    Directory(tempfile::TempDir),
    /// A directory that another made and removes.
    At(PathBuf),
    #[cfg(feature = "mysql")]
    Server(Box<server::Server>),
}

impl Place {
    pub(crate) fn directory() -> Self {
        Self::Directory(tempfile::tempdir().unwrap())
    }

    pub(crate) fn at(directory: &Path) -> Self {
        Self::At(directory.to_owned())
    }

    /// Schemas on the server; `None`, and says so, if there is no server.
    #[cfg(feature = "mysql")]
    pub(crate) async fn server() -> Option<Self> {
        let server = server::Server::of_environment().await?;
        Some(Self::Server(Box::new(server)))
    }

    /// Another place of the same kind.
    #[allow(clippy::unused_async, reason = "it is only for a server")]
    pub(crate) async fn another(&self) -> Self {
        match self {
            #[cfg(feature = "mysql")]
            Self::Server(_) => Self::server().await.unwrap(),
            _ => Self::directory(),
        }
    }

    /// The database for the sessions schema, as it is now.
    pub(crate) async fn sessions(&self) -> Database {
        match self {
            Self::Directory(directory) => open_file(&directory.path().join("sessions.db")).await,
            Self::At(directory) => open_file(&directory.join("sessions.db")).await,
            #[cfg(feature = "mysql")]
            Self::Server(server) => Database::open_mysql(&server.sessions()).unwrap(),
        }
    }

    /// The database for the analytics schema, as it is now, with the other attached.
    pub(crate) async fn analytics(&self) -> Database {
        let directory = match self {
            Self::Directory(directory) => directory.path(),
            Self::At(directory) => directory,
            #[cfg(feature = "mysql")]
            Self::Server(server) => return Database::open_mysql(&server.analytics()).unwrap(),
        };
        let attached = vec![Attached {
            name: "sessions".to_owned(),
            path: directory.join("sessions.db"),
        }];
        let path = directory.join("analytics.db");
        Database::open_file_with(&path, Durability::Process, attached)
            .await
            .unwrap()
    }

    /// A trigger that lets a statement (as in `INSERT ON person_first`) on a row fail where the
    /// condition holds of it; `DROP TRIGGER cut` ends it.
    pub(crate) fn cutting_trigger(&self, statement: &str, condition: &str) -> String {
        match self {
            #[cfg(feature = "mysql")]
            Self::Server(_) => format!(
                "CREATE TRIGGER cut BEFORE {statement} FOR EACH ROW BEGIN IF {condition} THEN \
                 SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'cut'; END IF; END"
            ),
            _ => format!(
                "CREATE TRIGGER cut BEFORE {statement} WHEN {condition} \
                 BEGIN SELECT RAISE(ABORT, 'cut'); END"
            ),
        }
    }

    /// A trigger that does something after each row of a statement.
    pub(crate) fn trigger(name: &str, statement: &str, what: &str) -> String {
        format!("CREATE TRIGGER {name} AFTER {statement} FOR EACH ROW BEGIN {what}; END")
    }
}

async fn open_file(path: &Path) -> Database {
    Database::open_file(path, Durability::Process)
        .await
        .unwrap()
}

#[cfg(feature = "mysql")]
pub(crate) mod server {
    use logbook_backends::{Credentials, Database, MySqlConfig, Tls};

    /// Two schemas of a server.
    pub(crate) struct Server {
        config: MySqlConfig,
        name: String,
    }

    impl Server {
        pub(crate) async fn of_environment() -> Option<Self> {
            let url = url()?;
            let server = Self {
                config: config(&url),
                name: format!("logbook_test_{}", uuid()),
            };
            let (sessions, analytics) = (&server.name, format!("{}_a", server.name));
            let script = format!("CREATE DATABASE {sessions}; CREATE DATABASE {analytics}");
            server.admin().execute_script(&script).await.unwrap();
            Some(server)
        }

        fn admin(&self) -> Database {
            Database::open_mysql(&self.config).unwrap()
        }

        pub(crate) fn sessions(&self) -> MySqlConfig {
            let mut config = self.config.clone();
            config.schema.clone_from(&self.name);
            config
        }

        pub(crate) fn analytics(&self) -> MySqlConfig {
            let mut config = self.config.clone();
            config.schema = format!("{}_a", self.name);
            config.sessions_schema = Some(self.name.clone());
            config
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let (admin, name) = (self.config.clone(), self.name.clone());
            let dropped = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = { runtime }.enable_all().build().unwrap();
                let script = format!("DROP DATABASE {name}; DROP DATABASE {name}_a");
                runtime.block_on(async {
                    let admin = Database::open_mysql(&admin).unwrap();
                    // A test that stopped the server has nothing to drop.
                    let _gone = admin.execute_script(&script).await;
                    admin.close().await;
                });
            });
            dropped.join().unwrap();
        }
    }

    /// The server that the tests are to use; `None`, and says so, if there is none.
    #[allow(
        clippy::disallowed_methods,
        clippy::print_stdout,
        reason = "a test program starts here"
    )]
    pub(crate) fn url() -> Option<String> {
        let url = std::env::var("LOGBOOK_TEST_MYSQL_URL").ok();
        if url.is_none() {
            println!("skipped: LOGBOOK_TEST_MYSQL_URL is not set");
        }
        url
    }

    pub(crate) fn config(url: &str) -> MySqlConfig {
        let rest = url.strip_prefix("mysql://").unwrap();
        let (who, place) = rest.rsplit_once('@').unwrap();
        let (user, password) = who.split_once(':').map_or((who, None), |(user, password)| {
            (user, Some(password.to_owned()))
        });
        let (host, port) = place.trim_end_matches('/').rsplit_once(':').unwrap();
        let credentials = Credentials::Password(password);
        let mut config = MySqlConfig::new(host, user, credentials, "information_schema");
        config.port = port.parse().unwrap();
        config.tls = Tls::PlainLoopback;
        config.max_connections = 12;
        config
    }

    fn uuid() -> String {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).unwrap();
        format!("{:016x}", u64::from_be_bytes(bytes))
    }
}
