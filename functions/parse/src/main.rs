//! The function in Lambda.

use std::convert::Infallible;
use std::process::ExitCode;
use std::time::Duration;

use logbook_bootstrap::lambda::{Error, Stores, now, program, run};
use logbook_parse::{Context, handle};

#[tokio::main]
async fn main() -> ExitCode {
    program("parse", serve).await
}

async fn serve(stores: Stores) -> Result<(), Error> {
    let context = Context {
        vault: stores.vault()?,
        registry: stores.registry()?,
        database: stores.sessions()?,
        marks: Some(stores.marks()?),
        // Of Lambda's five minutes: what is left is for the batch.
        patience: Duration::from_secs(150),
        // What is left is for the database.
        reading: Some(Duration::from_mins(4)),
        now,
    };
    run(context, |context, event| async move {
        Ok::<_, Infallible>(handle(&context, event).await)
    })
    .await
}
