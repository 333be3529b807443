//! OTLP protobuf: a walk over the outer messages, field by field, takes each resource, scope and
//! log record out as one slice, which is read in place.

mod fields;
mod value;
mod walk;
mod wire;

pub(super) use fields::{read_owner, read_record};
pub(super) use walk::walk;
