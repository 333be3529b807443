//! The function in Lambda.

use std::process::ExitCode;
use std::time::Duration;

use logbook_bootstrap::lambda::{Error, StartError, Stores, now, program, run};
use logbook_intake::{Bulk, Context, GlueJob, handle};

#[tokio::main]
async fn main() -> ExitCode {
    program("intake", serve).await
}

async fn serve(stores: Stores) -> Result<(), Error> {
    let context = Context {
        vault: stores.vault()?,
        inbox: stores.inbox()?,
        registry: stores.registry()?,
        queue: stores.parse_queue()?,
        bulk: bulk(&stores)?,
        // Of Lambda's two minutes.
        budget: Duration::from_mins(1),
        now,
    };
    run(context, |context, event| async move {
        handle(&context, event).await
    })
    .await
}

/// The bulk path, where there is one: then all three variables are needed.
fn bulk(stores: &Stores) -> Result<Option<Bulk>, StartError> {
    let environment = stores.environment();
    let queue = environment.text_or_none("LOGBOOK_BULK_QUEUE_URL");
    queue
        .map(|_| {
            let job = environment.text("LOGBOOK_GLUE_JOB_NAME")?;
            Ok(Bulk {
                queue: stores.queue("LOGBOOK_BULK_QUEUE_URL")?,
                bytes: environment.value("LOGBOOK_BULK_BYTES")?,
                job: GlueJob::new(stores.clients().config(), job),
            })
        })
        .transpose()
}
