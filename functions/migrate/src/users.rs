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
            .execute_script(&reader(&user, &secret.password, &names.analytics))
            .await?;
    }
    Ok(())
}

fn of_functions(user: &str, names: &Names) -> String {
    format!(
        "CREATE USER IF NOT EXISTS '{user}'@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'; \
         ALTER USER '{user}'@'%' REQUIRE SSL; {}",
        rights_of_functions(user, names)
    )
}

/// What the functions' user may do with the schemas: change rows, and make nothing.
pub(crate) fn rights_of_functions(user: &str, names: &Names) -> String {
    let Names {
        sessions,
        analytics,
    } = names;
    format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON `{sessions}`.* TO '{user}'@'%'; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON `{analytics}`.* TO '{user}'@'%'"
    )
}

/// One who may sign in over TLS, and sees the views of the analytics schema: those that are there
/// now. A view that comes later comes with a migration, after which this is done again.
fn reader(user: &str, password: &str, analytics: &str) -> String {
    let (password, grants) = (quoted(password), logbook_reports::grants(analytics, user));
    format!(
        "CREATE USER IF NOT EXISTS '{user}'@'%' IDENTIFIED BY {password}; \
         ALTER USER '{user}'@'%' IDENTIFIED BY {password} REQUIRE SSL; {grants}"
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

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "tests"
)]
mod tests {
    use logbook_backends::sql::rows::{Cells, statement};
    use logbook_backends::{Credentials, Database, sql};

    use super::reader;
    use crate::place::Place;

    async fn rows(db: &Database, text: &str) -> Result<Vec<String>, logbook_backends::Error> {
        let mut connection = db.read().await?;
        let rows = statement(text.to_owned())
            .fetch_all(&mut connection)
            .await?;
        rows.iter().map(|row| Cells::new(row).text()).collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_reader_signs_in_by_its_latest_password_and_sees_views_only() {
        let Some(place) = Place::server().await else {
            return;
        };
        let Place::Server(server) = &place else {
            return;
        };
        let (sessions, analytics) = (place.sessions().await, place.analytics().await);
        sql::migrate(&sessions).await.unwrap();
        logbook_reports::migrate(&analytics).await.unwrap();
        let mut config = server.analytics();
        let schema = config.schema.clone();
        let user = format!("bi_{}", &schema[schema.len() - 12..]);
        for password in ["first", "it's\\ the second"] {
            analytics
                .execute_script(&reader(&user, password, &schema))
                .await
                .unwrap();
        }
        let grants = rows(&analytics, &format!("SHOW GRANTS FOR '{user}'@'%'")).await;
        let mut grants = grants.unwrap();
        assert!(grants[0].contains("REQUIRE SSL") || !grants[0].contains("ALL"));
        grants.retain(|grant| !grant.starts_with("GRANT USAGE ON *.*"));
        let mut expected: Vec<String> = logbook_reports::views()
            .iter()
            .map(|view| format!("GRANT SELECT ON `{schema}`.`{}`", view.name))
            .collect();
        expected.sort_unstable();
        grants.sort_unstable();
        assert_eq!(grants.len(), expected.len(), "{grants:?}");
        for (grant, expected) in grants.iter().zip(&expected) {
            assert!(grant.starts_with(expected.as_str()), "{grant}");
        }
        // The server of the tests has no certificate.
        config.user.clone_from(&user);
        config.credentials = Credentials::Password(Some("it's\\ the second".to_owned()));
        config.sessions_schema = None;
        let plain = Database::open_mysql(&config).unwrap();
        assert!(rows(&plain, "SELECT 'in'").await.is_err(), "without TLS");
        let script = format!("ALTER USER '{user}'@'%' REQUIRE NONE");
        analytics.execute_script(&script).await.unwrap();
        let bi = Database::open_mysql(&config).unwrap();
        let seen = "SELECT CAST(COUNT(*) AS CHAR(20)) FROM bi_calendar";
        assert_eq!(rows(&bi, seen).await.unwrap(), ["36525"]);
        let refused = rows(&bi, "SELECT product FROM product_settings").await;
        assert!(refused.unwrap_err().to_string().contains("denied"));
        bi.close().await;
        let script = format!("DROP USER '{user}'@'%'");
        analytics.execute_script(&script).await.unwrap();
    }
}
