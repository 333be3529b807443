//! CloudFormation's custom resource → schemas, and users of the database
//!
//! Every request is answered, whatever happens: success, failure, too little time, a panic. A
//! request without an answer would hold up the deployment for as long as its timeout says.
//! Deleting changes nothing: what is in the database goes with the database.

mod answer;
#[cfg(test)]
mod answered;
#[cfg(test)]
#[allow(dead_code, reason = "it is made for other tests too")]
#[path = "../../../tests/databases/place.rs"]
mod place;
#[cfg(test)]
mod rights;
mod schemas;
mod users;

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::cloudformation::CloudFormationCustomResourceRequest as Request;
use logbook_bootstrap::lambda::{StartError, Stores, Web, WebError};

use answer::{Answer, Asked};

/// What the function needs, built once. Stores are opened for each request, so that what is
/// wrong with them can be answered.
#[derive(Debug, Clone)]
pub struct Context {
    /// The function's stores.
    pub stores: Stores,
    /// HTTP to where the answer is awaited.
    pub web: Web,
    /// How long the work may take: less than the function, by enough to answer.
    pub budget: Duration,
}

/// Why the schemas are not what they should be.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The function's settings.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The database.
    #[error(transparent)]
    Database(#[from] logbook_backends::Error),
    /// The analytics schema.
    #[error(transparent)]
    Reports(#[from] logbook_reports::Error),
    /// A name cannot stand in SQL.
    #[error("{what} is no name of at most 63 small letters, digits and underscores")]
    Name {
        /// What it names.
        what: &'static str,
    },
    /// It took too long.
    #[error("not finished within {0:?}; the database may still be starting: deploy again")]
    TooLong(Duration),
    /// The task died.
    #[error("the migration broke off: {0}")]
    BrokeOff(String),
}

/// Handles one request and answers it.
///
/// # Errors
/// Only where the answer itself cannot be delivered: the request comes again then.
pub async fn handle(context: Arc<Context>, request: Request) -> Result<(), WebError> {
    let (asked, is_delete) = Asked::of(&request);
    let outcome = if is_delete {
        Ok(())
    } else {
        let stores = context.stores.clone();
        within(context.budget, async move { migrate(&stores).await }).await
    };
    match &outcome {
        Ok(()) => tracing::info!(is_delete, "migrated"),
        Err(error) => tracing::error!(%error, "not migrated"),
    }
    let answer = Answer::new(&asked, outcome.err().map(|error| error.to_string()));
    context.web.put_untyped(&asked.url, answer.to_json()).await
}

/// What comes of some work within a time.
async fn within(
    budget: Duration,
    work: impl Future<Output = Result<(), MigrateError>> + Send + 'static,
) -> Result<(), MigrateError> {
    // A task of its own: a panic in it is an outcome like others.
    let mut work = tokio::spawn(work);
    match tokio::time::timeout(budget, &mut work).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(died)) => Err(MigrateError::BrokeOff(died.to_string())),
        Err(_) => {
            work.abort();
            Err(MigrateError::TooLong(budget))
        }
    }
}

async fn migrate(stores: &Stores) -> Result<(), MigrateError> {
    let names = schemas::Names::of(stores.environment())?;
    let server = schemas::server(stores).await?;
    schemas::make(&server, stores, &names).await?;
    users::make(&server, stores, &names).await?;
    server.close().await;
    Ok(())
}
