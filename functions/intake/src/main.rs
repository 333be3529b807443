//! The function in Lambda.

use logbook_bootstrap::lambda::{Error, Stores, now, run, start};
use logbook_intake::{Context, handle};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let stores = Stores::open(start("intake")).await;
    let context = Context {
        vault: stores.vault()?,
        inbox: stores.inbox()?,
        registry: stores.registry()?,
        queue: stores.parse_queue()?,
        now,
    };
    run(context, |context, event| async move {
        handle(&context, event).await
    })
    .await
}
