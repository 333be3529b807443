//! What the query API answers from.

use std::sync::Arc;

use logbook_backends::Database;
use logbook_model::Timestamp;
use logbook_pipeline::{Marks, Registry, Vault};

use crate::Auth;

/// What the query API answers from; built once, at start.
#[derive(Debug, Clone)]
pub struct Context {
    /// The archive with its keys.
    pub vault: Arc<Vault>,
    /// The sessions schema. Only read.
    pub sessions: Database,
    /// The analytics schema, with the sessions schema attached as
    /// [`SESSIONS_SCHEMA`](logbook_reports::SESSIONS_SCHEMA). Only read.
    pub analytics: Database,
    /// The products.
    pub registry: Arc<Registry>,
    /// Where it is told that there is something to analyze of a product; without, each run of the
    /// analytics looks at all.
    pub marks: Option<Arc<Marks>>,
    /// Who may ask.
    pub auth: Auth,
    /// The clock: decides what "today" is where a question names no day.
    pub now: fn() -> Timestamp,
}
