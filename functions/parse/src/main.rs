//! The function in Lambda.

use std::convert::Infallible;

use logbook_bootstrap::lambda::{Error, Stores, now, run, start};
use logbook_parse::{Context, handle};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let stores = Stores::open(start("parse")).await;
    let context = Context {
        vault: stores.vault()?,
        registry: stores.registry()?,
        database: stores.sessions().await?,
        now,
    };
    run(context, |context, event| async move {
        Ok::<_, Infallible>(handle(&context, event).await)
    })
    .await
}
