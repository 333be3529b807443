//! OTLP/JSON: a walk over the requests' outer objects, byte by byte, takes each resource, scope
//! and log record out as one slice; serde reads the slice, typed and borrowed.

mod documents;
mod fields;
mod read;
mod scalar;
mod scan;
mod value;
mod walk;

pub(super) use documents::walk;
pub(super) use fields::{read_owner, read_record};
