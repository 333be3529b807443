//! What the functions share: problem details, bounded bodies, strict parameters, telemetry, and
//! what Slack shows.

mod claims;
pub mod http;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod metrics;
mod problem;
pub mod slack;
pub mod telemetry;

pub use claims::Claims;
pub use problem::{Problem, ProblemKind};
