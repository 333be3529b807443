//! The function in Lambda.

use std::time::Duration;

use logbook_analyze::{Context, handle};
use logbook_bootstrap::lambda::{Error, Stores, now, run, start};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let stores = Stores::open(start("analyze")).await;
    let context = Context {
        analytics: stores.analytics().await?,
        registry: stores.registry()?,
        // Of Lambda's 14 minutes, with some left for the step that has begun.
        budget: Duration::from_mins(12),
        settling: Duration::from_mins(10),
        now,
    };
    run(context, |context, event| async move {
        handle(&context, event).await
    })
    .await
}
