//! The only place that touches the outside: an object store, a queue, keys and a database.
//!
//! Each is a concrete type around a private enum of backends, so that callers name no
//! backend after opening one. What is always here runs on one machine without any service: a
//! directory, SQLite files and key files. The feature `aws` adds S3, SQS, and KMS with Secrets
//! Manager.
//!
//! Every error says whether trying again may help: [`Error::is_transient`].

#[cfg(feature = "aws")]
mod aws;
mod database;
mod disk;
mod error;
mod keys;
mod object;
mod queue;
pub mod sql;
pub mod trace;

#[cfg(feature = "aws")]
pub use aws::{AwsClients, AwsOptions, FiringAlarm, Invoked, StackDescription, tls_config};
pub use database::{Attached, Database, Migrations};
#[cfg(feature = "mysql")]
pub use database::{Authority, Credentials, Login, LoginProvider, MySqlConfig, Tls, TokenProvider};
pub use disk::Durability;
pub use error::{Error, Result};
#[cfg(feature = "aws")]
pub use keys::KmsConfig;
pub use keys::{Keys, KmsKey, NewDataKey, SecretKey, WrappingKey};
pub use object::{
    Created, Head, Listed, Metadata, Object, ObjectStore, Page, PresignedPut, Put, PutOutcome,
};
pub use queue::{Attributes, Backlog, Depth, Message, Queue, QueuePolicy, Receive};
pub use sqlx;

/// A future that is compiled in the crate that makes it. The code of an `async fn` is compiled anew in
/// every crate that awaits it, and what many programs call would be compiled many times.
pub type Boxed<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
