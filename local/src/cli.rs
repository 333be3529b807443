//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Logbook takes in software-usage logs, keeps them sealed, and turns them into answers.
#[derive(Debug, Parser)]
#[command(name = "logbook", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what one log holds: sessions, events, errors, and what was refused
    Inspect(InspectArgs),
    /// Check, try, draft and test profiles: how a product's own log format is read
    #[command(subcommand)]
    Profile(ProfileCommand),
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The log: plain, gzip, zstd, or sealed
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
    #[command(flatten)]
    pub(crate) sealed: SealedArgs,
    /// The product the log belongs to [default: the sealed log's, or else the profile's name]
    #[arg(long)]
    pub(crate) product: Option<String>,
    /// The log's id, from which ids of sessions are made that the log does not name
    /// [default: the sealed log's, or else the file's name]
    #[arg(long)]
    pub(crate) log_id: Option<String>,
    /// Refuse a log that inflates to more than this many bytes
    #[arg(long, default_value_t = 4 << 30, value_name = "BYTES")]
    pub(crate) max_inflated: u64,
    /// Print one JSON object (see docs/inspect.md)
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which profile reads a log.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ProfileArgs {
    /// A built-in profile's name [default: the one that fits the log]
    #[arg(long, short, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// A profile in a TOML file
    #[arg(long, value_name = "TOML", conflicts_with = "profile")]
    pub(crate) profile_file: Option<PathBuf>,
}

/// What a sealed log needs to be opened.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SealedArgs {
    /// The object's metadata: JSON as `aws s3api head-object` prints it, or a plain object of
    /// names and texts
    #[arg(long, value_name = "JSON")]
    pub(crate) metadata: Option<PathBuf>,
    /// The local key-encryption key, 32 bytes, for logs sealed without KMS
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// The log's own data key, 32 bytes, as `aws kms decrypt` gives it
    #[arg(long, value_name = "FILE", conflicts_with = "key_file")]
    pub(crate) data_key_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// List the built-in profiles
    List,
    /// Print a built-in profile's TOML, to start from
    Show {
        /// Its name
        name: String,
    },
    /// Check a profile; say where and what is wrong
    Check {
        /// The profile's TOML file
        file: PathBuf,
    },
    /// Show what each of a log's first lines becomes under a profile
    Try {
        /// A built-in profile's name, or a TOML file
        profile: String,
        /// The log
        log: PathBuf,
        /// How many lines
        #[arg(long, short = 'n', default_value_t = 20)]
        lines: usize,
        /// Print JSON, one object a line of the log
        #[arg(long)]
        json: bool,
    },
    /// Draft a profile from a sample log
    New {
        /// The sample
        log: PathBuf,
        /// The new profile's name
        #[arg(long, default_value = "my-product")]
        name: String,
    },
    /// Run a profile's golden cases: NAME.cases/X.log must give NAME.cases/X.expected.json
    Test {
        /// TOML files, or folders of them
        #[arg(required = true)]
        profiles: Vec<PathBuf>,
        /// Write the expected files anew, from what comes out now
        #[arg(long)]
        update: bool,
    },
}
