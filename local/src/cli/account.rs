//! What `logbook account` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::AtArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// List what is agreed with a product's accounts
    List {
        #[command(flatten)]
        at: AtArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a table of contracts; a line that is not taken is named, and then nothing is changed
    ///
    /// The table is CSV by RFC 4180. Its header names the columns: `account`, and any of `name`,
    /// `seats`, `modules` (between semicolons), `owner`, `renews_on` (YYYY-MM-DD). Contracts of
    /// accounts that it does not name stay as they are.
    Import {
        /// The table
        file: PathBuf,
        #[command(flatten)]
        at: AtArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what is agreed with an account; what is not named stays as it is
    Set {
        /// The account, as its users' sessions name it, or its pseudonym
        id: String,
        #[command(flatten)]
        at: AtArgs,
        #[command(flatten)]
        contract: ContractArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget what is agreed with an account; what its people did stays
    Remove {
        /// The account, as its users' sessions name it, or its pseudonym
        id: String,
        #[command(flatten)]
        at: AtArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl AccountCommand {
    /// Where it works.
    pub(crate) const fn at(&self) -> &AtArgs {
        match self {
            Self::List { at, .. }
            | Self::Import { at, .. }
            | Self::Set { at, .. }
            | Self::Remove { at, .. } => at,
        }
    }
}

/// What of a contract can be said.
#[derive(Debug, Args)]
#[group(id = "contract", required = true, multiple = true)]
pub(crate) struct ContractArgs {
    /// What you call the customer
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Persons that the licence covers
    #[arg(long, value_name = "N")]
    pub(crate) seats: Option<u32>,
    /// Licensed modules, between semicolons: each covers the features of its name, and those that go
    /// on after `/`, `.` or `:`
    #[arg(long, value_name = "A;B")]
    pub(crate) modules: Option<String>,
    /// Who looks after the account
    #[arg(long)]
    pub(crate) owner: Option<String>,
    /// The day on which the licence ends unless it is renewed, YYYY-MM-DD
    #[arg(long, value_name = "DAY")]
    pub(crate) renews_on: Option<String>,
}
