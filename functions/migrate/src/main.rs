//! The function in Lambda.

use std::time::Duration;

use logbook_bootstrap::lambda::{Error, Stores, Web, run, start};
use logbook_migrate::{Context, handle};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let environment = start("migrate");
    let context = Context {
        web: Web::open(environment, Duration::from_secs(10), 3)?,
        stores: Stores::open(environment).await,
        // Of the function's 14 minutes.
        budget: Duration::from_mins(13),
    };
    run(context, handle).await
}
