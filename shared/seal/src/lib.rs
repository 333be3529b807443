//! Sealed logs: gzip inside the Amazon S3 Encryption Client object format.
//!
//! A *sealed log* is one gzip stream of the log, encrypted with AES-256-GCM in the V3 object
//! format of the Amazon S3 Encryption Client (algorithm suite 115, key-committing). The same
//! client, in any language, opens it; this crate opens what that client wrote, in V3 and in V2.
//!
//! The crate is pure: it knows no network, no file, no clock and no environment. Whoever calls it
//! fetches the body and its headers, asks the key service for the data key, and hands both over.
//!
//! Sealing: [`Sealer`] (a stream of plain bytes) or [`seal`] (plain, gzip or zstd), under a
//! [`SealingKey`]. Opening: [`Envelope::from_headers`], then [`Envelope::check`] *before* the key
//! service is asked, then [`open`], then [`OpenedLog::reader`].
//!
//! ```
//! use std::io::Read;
//! use logbook_seal::{Expected, LocalKey, LogId, SealBounds, SealingKey, open, seal};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let local = LocalKey::generate()?;
//! let key = SealingKey::local("editor", &local)?;
//! let sealed = seal(&b"one line\n"[..], "run-1", &key, &SealBounds::default())?;
//!
//! let expected = Expected::new("editor", LogId::Required("run-1"));
//! sealed.envelope.check(&expected)?;
//! let data_key = local.unwrap(sealed.envelope.wrapped_key(), "editor")?;
//! let opened = open(sealed.body, &sealed.envelope, &expected, &data_key)?;
//! let mut log = String::new();
//! opened.reader(1024).read_to_string(&mut log)?;
//! assert_eq!(log, "one line\n");
//! # Ok(())
//! # }
//! ```

mod context;
mod envelope;
mod error;
mod headers;
pub mod inflate;
mod keys;
mod local;
mod open;
mod sealer;
mod v2;
mod v3;

pub use context::EncryptionContext;
pub use envelope::{Envelope, Format};
pub use error::SealError;
pub use inflate::{Inflate, InflateError};
pub use keys::{DATA_KEY_BYTES, DataKey, SealingKey, Wrap, WrappedKey, generate_data_key};
pub use local::LocalKey;
pub use open::{Commitment, Expected, LogId, OpenedLog, open};
pub use sealer::{MAX_SEALED_BYTES, SealBounds, SealedLog, Sealer, seal};
