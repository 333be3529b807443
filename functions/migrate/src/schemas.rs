//! The two schemas.

use std::time::Duration;

use logbook_backends::{Database, sql};
use logbook_bootstrap::lambda::{Environment, Stores};

use crate::MigrateError;

/// A schema that every server has, to be connected to before there are ours.
const ALWAYS_THERE: &str = "information_schema";
/// Between two tries of a server that is still starting.
const PAUSE: Duration = Duration::from_secs(3);

/// The schemas' names, fit to stand in SQL.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) sessions: String,
    pub(crate) analytics: String,
}

impl Names {
    pub(crate) fn of(environment: Environment) -> Result<Self, MigrateError> {
        let name = |variable| -> Result<String, MigrateError> {
            let text = environment
                .text(variable)
                .map_err(logbook_bootstrap::lambda::StartError::from)?;
            plain(text, variable)
        };
        Ok(Self {
            sessions: name("LOGBOOK_DATABASE_SESSIONS")?,
            analytics: name("LOGBOOK_DATABASE_ANALYTICS")?,
        })
    }
}

/// A name that needs no quoting, and cannot leave it.
pub(crate) fn plain(name: String, what: &'static str) -> Result<String, MigrateError> {
    let fits = (1..=63).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if fits {
        Ok(name)
    } else {
        Err(MigrateError::Name { what })
    }
}

/// A connection to the server, once it is there: a database that resumes takes some seconds.
pub(crate) async fn server(stores: &Stores) -> Result<Database, MigrateError> {
    loop {
        let server = Database::open_mysql(&stores.database(ALWAYS_THERE)?)?;
        match server.execute_script("SELECT 1").await {
            Ok(()) => return Ok(server),
            Err(error) if error.is_resuming() => {
                tracing::info!(%error, "the database is not there yet");
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Makes the schemas where they are missing, and brings both up to date.
pub(crate) async fn make(
    server: &Database,
    stores: &Stores,
    names: &Names,
) -> Result<(), MigrateError> {
    for name in [&names.sessions, &names.analytics] {
        let script = format!("CREATE DATABASE IF NOT EXISTS `{name}`");
        server.execute_script(&script).await?;
    }
    let sessions = stores.sessions()?;
    sql::migrate(&sessions).await?;
    sessions.close().await;
    let analytics = stores.analytics()?;
    logbook_reports::migrate(&analytics).await?;
    analytics.close().await;
    Ok(())
}
