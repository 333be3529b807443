//! Log formats and profiles: from bytes to events and session parts.

mod builtin;
mod draft;
mod family;
mod inspect;
mod interpret;
mod limits;
mod lines;
mod log;
mod profile;
mod sessions;
mod time;
mod value;

pub use builtin::{HEAD_BYTES, builtin, builtin_texts, guess};
pub use draft::draft_profile;
pub use family::{foreign_text, read_log};
pub use inspect::{InspectedLog, InspectedReject, InspectedSession, Inspection};
pub use limits::Limits;
pub use log::{Flags, LogContext, LogFigures, Observed, ParsedLog, ReadError, RejectedRecord};
pub use profile::{Profile, ProfileError};
pub use time::parse_rfc3339;
