//! Sessions schema.
