//! The function in Lambda.

use std::process::ExitCode;
use std::time::Duration;

use logbook_bootstrap::lambda::{Error, Stores, Web, program, run};
use logbook_migrate::{Context, handle};

#[tokio::main]
async fn main() -> ExitCode {
    program("migrate", serve).await
}

async fn serve(stores: Stores) -> Result<(), Error> {
    let context = Context {
        web: Web::open(stores.environment(), Duration::from_secs(10), 3)?,
        stores,
        // Of the function's 14 minutes.
        budget: Duration::from_mins(13),
    };
    run(context, handle).await
}
