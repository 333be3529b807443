//! The only place that touches the outside: an object store, a queue, keys and a database.
//!
//! Each is a concrete type around a private enum of backends, so that callers name no
//! backend after opening one. What is here now runs on one machine without any service: a
//! directory, SQLite files and key files.
//!
//! Every error says whether trying again may help: [`Error::is_transient`].

mod database;
mod disk;
mod error;
mod keys;
mod object;
mod queue;
pub mod sql;

pub use database::{Attached, Database, Migrations};
#[cfg(feature = "mysql")]
pub use database::{Authority, Credentials, MySqlConfig, Tls, TokenProvider};
pub use disk::Durability;
pub use error::{Error, Result};
pub use keys::{Keys, SecretKey, WrappingKey};
pub use object::{Created, Head, Listed, Metadata, Object, ObjectStore, Page, Put, PutOutcome};
pub use queue::{Attributes, Depth, Message, Queue, QueuePolicy, Receive};
pub use sqlx;
