//! What a function in Lambda needs besides its own code: settings, logs, metrics, the runtime,
//! and HTTP to the outside.

mod environment;
mod logs;
mod run;
mod stores;
mod web;

pub use environment::{Environment, Missing};
use lambda_http::RequestExt;

pub use lambda_runtime::Error;
pub use run::{now, run, run_http, start};
pub use stores::{StartError, Stores};
pub use web::{Web, WebError};
