//! What a function in Lambda needs besides its own code: settings, logs, metrics, the runtime,
//! and HTTP to the outside.

mod environment;
mod logs;
mod run;
mod stores;
mod web;

pub use environment::{Environment, Missing};
pub use lambda_runtime::Error;
pub use run::{now, program, run, run_http};
pub use stores::{StartError, Stores};
pub use web::{Web, WebError};
