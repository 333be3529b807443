//! What the functions share: problem details, bounded bodies, strict parameters, telemetry.

pub mod http;
mod problem;
pub mod telemetry;

pub use problem::{Problem, ProblemKind};
