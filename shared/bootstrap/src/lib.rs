//! What the functions share: problem details, bounded bodies, strict parameters, telemetry.

mod claims;
pub mod http;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod metrics;
mod problem;
pub mod telemetry;

pub use claims::Claims;
pub use problem::{Problem, ProblemKind};
