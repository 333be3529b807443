//! Log formats and profiles: from bytes to events and session parts.

mod family;
mod interpret;
mod limits;
mod lines;
mod log;
mod profile;
mod sessions;
mod time;
mod value;

pub use family::read_log;
pub use limits::Limits;
pub use log::{Flags, LogContext, LogFigures, Observed, ParsedLog, ReadError, RejectedRecord};
pub use profile::{Profile, ProfileError};
