//! The pipeline's stages as free functions over explicit stores: [`archive_log`] seals an
//! upload into the archive, [`open_log`] opens it again, [`parse_log`] makes rows of it,
//! [`process`] does so for a batch of messages, [`sweep_archive`] finds what fell through.
//!
//! The functions that run in Lambda, the embedded runner and the bulk job call these; nothing
//! here knows which of them it is.

mod archive;
mod attributes;
mod consent;
mod contracts;
mod deadline;
mod error;
mod events;
mod export;
mod job;
mod marks;
mod meter;
mod names;
mod open;
mod parse;
mod process;
mod pseudonym;
mod receipt;
mod registry;
mod stated;
pub mod steps;
mod sweep;
mod vault;

pub use archive::{Archived, NewLog, archive_log, metadata_fits};
pub use attributes::{Attempt, BULK, LogAttributes, Refusal, SAID};
pub use consent::restrict;
pub use contracts::{
    Contracts, ContractsError, ContractsRead, MAX_CONTRACTS, account_of, change_contracts,
    contracts_from_csv, read_contracts,
};
pub use error::{Error, Result, inflate_reason, seal_reason};
pub use events::EventReader;
pub use export::{EXPORT_PROFILE, RefusedRecords, judge_export};
pub use job::{Job, queue_log};
pub use marks::{Marks, ProductMarks};
pub use meter::{Done, Meter, Stage};
pub use names::{
    ARCHIVE_PREFIX, INBOX_PREFIX, InboxKey, archive_key, edge_prefix, inbox_key, is_folder,
    log_of_archive_key, ticket_key,
};
pub use open::{Opened, open_log};
pub use parse::{MAX_INFLATED_BYTES, PARSER_VERSION, ParseOutcome, log_context, parse_log};
pub use process::{JobOutcome, process};
pub use pseudonym::pseudonym;
pub use receipt::{Receipt, ReceiptStep, receipt};
pub use registry::{
    NewProduct, Product, ProductChange, ProductsError, Registry, Snapshot, add_product,
    add_product_key, add_product_with_key, change_product, put_profile,
};
pub use stated::{MAX_SEARCHED_BYTES, StatedError, stated_consent};
pub use sweep::{Requeue, Swept, archived_products, list_inbox, sweep_archive, sweep_inbox};
pub use vault::{MEMORY_MB, Vault};
