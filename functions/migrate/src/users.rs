//! The users of the database besides its master.
//!
//! Source: Amazon Aurora user guide, creating a database account using IAM authentication.

use logbook_backends::Database;
use logbook_bootstrap::lambda::{StartError, Stores};
use serde::Deserialize;

use crate::MigrateError;
use crate::schemas::{Names, plain};

/// A user and a password, as Secrets Manager keeps them.
#[derive(Deserialize)]
struct Secret {
    username: String,
    password: String,
}

/// Makes the functions' own user, who has no password and signs in by IAM over TLS, and the one
/// that reads, where the environment names them.
pub(crate) async fn make(
    server: &Database,
    stores: &Stores,
    names: &Names,
) -> Result<(), MigrateError> {
    let environment = stores.environment();
    if let Some(user) = environment.text_or_none("LOGBOOK_DATABASE_IAM_USER") {
        let user = plain(user, "LOGBOOK_DATABASE_IAM_USER")?;
        server.execute_script(&of_functions(&user, names)).await?;
    }
    if environment.text_or_none("LOGBOOK_BI_SECRET_ARN").is_some() {
        let text = stores.secret("LOGBOOK_BI_SECRET_ARN").await?;
        let secret: Secret = serde_json::from_str(&text).map_err(|_| StartError::DatabaseSecret)?;
        let user = plain(secret.username, "the user that reads")?;
        server
            .execute_script(&reader(&user, &secret.password))
            .await?;
    }
    Ok(())
}

fn of_functions(user: &str, names: &Names) -> String {
    let Names {
        sessions,
        analytics,
    } = names;
    format!(
        "CREATE USER IF NOT EXISTS '{user}'@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'; \
         ALTER USER '{user}'@'%' REQUIRE SSL; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON `{sessions}`.* TO '{user}'@'%'; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON `{analytics}`.* TO '{user}'@'%'"
    )
}

/// One who may sign in over TLS, and sees nothing until views are granted.
fn reader(user: &str, password: &str) -> String {
    let password = quoted(password);
    format!(
        "CREATE USER IF NOT EXISTS '{user}'@'%' IDENTIFIED BY {password}; \
         ALTER USER '{user}'@'%' IDENTIFIED BY {password} REQUIRE SSL"
    )
}

/// A text as SQL writes it, in whatever mode backslashes are read.
fn quoted(text: &str) -> String {
    let mut hex = String::from("'");
    for c in text.chars() {
        match c {
            '\'' => hex.push_str("''"),
            // Secrets are generated without it: one that has it is refused by the server.
            '\\' => hex.push_str("\\\\"),
            other => hex.push(other),
        }
    }
    hex.push('\'');
    hex
}
