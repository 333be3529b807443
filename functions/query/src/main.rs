//! The function in Lambda.

use std::collections::BTreeSet;
use std::process::ExitCode;

use logbook_bootstrap::lambda::{Error, Stores, now, program, run_http};
use logbook_query::{Auth, Context, Products, app};

#[tokio::main]
async fn main() -> ExitCode {
    program("query", serve).await
}

async fn serve(stores: Stores) -> Result<(), Error> {
    let scopes = stores.environment().text("LOGBOOK_JWT_SCOPES_CLAIM")?;
    let context = Context {
        vault: stores.vault()?,
        sessions: stores.sessions()?,
        analytics: stores.analytics()?,
        registry: stores.registry()?,
        marks: Some(stores.marks()?),
        auth: Auth::gateway(scopes, Products::Only(BTreeSet::new())),
        now,
    };
    run_http(app(context)).await
}
