//! The words of Logbook as types, and the arithmetic that holds between them.
//!
//! A *log* is one upload. A *session* is one run of the software. A *part* is what one log
//! says about one session. A *session* row is the fold of its parts: associative,
//! commutative and idempotent, so that a log parsed twice, late, or out of order changes
//! nothing, and a log removed leaves no trace.
//!
//! This crate knows no I/O, no clock, no environment and no SQL.

mod contract;
mod day;
mod event;
mod ids;
mod level;
mod names;
mod notice;
mod part;
mod product;
mod reject;
mod session;
mod sketch;
mod status;
mod timestamp;

pub use contract::{Contract, ContractError};
pub use day::Day;
pub use event::{Event, Kind};
pub use ids::{IdError, LogId, ProductId, SessionId};
pub use level::Level;
pub use names::Name;
pub use notice::{Notice, Section};
pub use part::{Feature, OTHER_NAMES, Part, PartBuilder, SessionFacts};
pub use product::{Consent, ConsentError};
pub use reject::{EventReject, LogReject};
pub use session::{Session, SessionParts};
pub use sketch::{Sketch, SketchError};
pub use status::{EndReason, Status};
pub use timestamp::{EventTime, Timestamp, Zone};
