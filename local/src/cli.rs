//! The command line.

mod account;
mod at;
mod place;
mod report;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use account::{AccountCommand, ContractArgs};
pub(crate) use at::AtArgs;
pub(crate) use place::StackArgs;
pub(crate) use report::{AskArgs, ExportArgs, ReportArgs, TargetArgs};

/// What the program's exit code says.
const EXIT_CODES: &str = "Exit codes: 0 done; 1 it could not be done; 2 what was given is refused \
    (a rejected log, a finding of doctor, a failed case), or the command line is wrong. Standard \
    error says which.";

/// Logbook takes in software-usage logs, keeps them sealed, and turns them into answers.
#[derive(Debug, Parser)]
#[command(name = "logbook", version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) at: StackArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what one log holds: sessions, events, errors, and what was refused
    Inspect(InspectArgs),
    /// Load a believable fictional product, and show what Logbook makes of it
    Demo(DemoArgs),
    /// Run the whole pipeline in this process
    Run(RunArgs),
    /// Upload logs, or folders of them; what is there already is left out
    Upload(UploadArgs),
    /// Print a report
    Report(ReportArgs),
    /// Write all of a report into a file: Parquet, CSV, or an extract for Tableau
    Export(ExportArgs),
    /// Tell of a week in a few lines: its use, releases, errors, accounts and logs
    Digest(DigestArgs),
    /// Register products, change their settings, make their upload keys
    #[command(subcommand)]
    Product(ProductCommand),
    /// Say what is agreed with customers: seats, modules, owner, renewal
    #[command(subcommand)]
    Account(AccountCommand),
    /// Bring dead letters back to the queue
    Redrive(RedriveArgs),
    /// Make both schemas anew from the archive alone
    Rebuild(WholeArgs),
    /// Bring both schemas up to date, as `logbook run` does when it starts
    Migrate(WholeArgs),
    /// Say what is wrong with an installation, and what to do
    Doctor(DoctorArgs),
    /// Check, try, draft and test profiles: how a product's own log format is read
    #[command(subcommand)]
    Profile(ProfileCommand),
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The log: plain, gzip, zstd, or sealed
    #[arg(required_unless_present = "log")]
    pub(crate) file: Option<PathBuf>,
    /// A log out of the archive, opened by the installation's keys
    #[arg(long, value_name = "PRODUCT/LOG", conflicts_with_all = ["file", "metadata", "product", "log_id"])]
    pub(crate) log: Option<String>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
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

impl ProfileArgs {
    /// Whether none is named.
    pub(crate) const fn is_default(&self) -> bool {
        self.profile.is_none() && self.profile_file.is_none()
    }
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
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a built-in profile's TOML, to start from
    Show {
        /// Its name
        name: String,
    },
    /// Check a profile; say where and what is wrong
    Check {
        /// The profile's TOML file
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
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
        /// Print JSON: an object for each event, reject or other line
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
        /// Print one JSON object: the name, the draft, and the built-in profile that fits
        #[arg(long)]
        json: bool,
    },
    /// Run a profile's golden cases: NAME.cases/X.log must give NAME.cases/X.expected.json
    Test {
        /// TOML files, or folders of them
        #[arg(required = true)]
        profiles: Vec<PathBuf>,
        /// Write the expected files anew, from what comes out now
        #[arg(long)]
        update: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Which installation a command works on.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataArgs {
    /// The data folder
    #[arg(
        long,
        env = "LOGBOOK_DATA",
        default_value = "logbook-data",
        value_name = "DIR"
    )]
    pub(crate) data: PathBuf,
}

/// What a command takes that works on all of an installation.
#[derive(Debug, Args)]
pub(crate) struct WholeArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Address to listen on; anything but loopback is open to your network
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub(crate) listen: std::net::SocketAddr,
    /// The product that is registered on the first run
    #[arg(long, default_value = "app", value_name = "ID")]
    pub(crate) product: String,
    /// Log as JSON
    #[arg(long)]
    pub(crate) json_logs: bool,
    /// What to log, as in `RUST_LOG`
    #[arg(long, default_value = "warn", value_name = "FILTER")]
    pub(crate) log: String,
    /// Seconds between sweeps
    #[arg(long, default_value_t = 60, value_name = "SECS")]
    pub(crate) sweep_secs: u64,
    /// Seconds after which a sweep takes up what was not taken in or parsed
    #[arg(long, default_value_t = 120, value_name = "SECS")]
    pub(crate) sweep_age_secs: u64,
    /// Seconds between runs of the analytics
    #[arg(long, default_value_t = 15, value_name = "SECS")]
    pub(crate) analyze_secs: u64,
    /// For tests: die as by `kill -9` at a named step, the Nth time (STEP or STEP:N)
    #[arg(long, hide = true)]
    pub(crate) kill_at: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProductCommand {
    /// List the products
    List {
        #[command(flatten)]
        data: DataArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Register a product, and make its first upload key
    Add {
        /// Its id: a-z, 0-9 and -
        id: String,
        #[command(flatten)]
        data: DataArgs,
        /// The profile that reads its logs; `auto` takes the built-in one that fits each log
        #[arg(long, default_value = "auto")]
        profile: String,
        /// The consent of logs that state none: off, crash, error or usage
        #[arg(long, default_value = "usage")]
        consent: String,
        /// Reports withhold groups of fewer persons
        #[arg(long, default_value_t = 5)]
        min_users: u32,
        /// Store account ids as they come, and not as pseudonyms
        #[arg(long)]
        readable_accounts: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one product's settings
    Show {
        /// The product
        id: String,
        #[command(flatten)]
        data: DataArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change a product's settings; what is not named stays as it is
    Set(ProductSetArgs),
    /// Make a further upload key for a product; it is shown once
    Key {
        /// The product
        id: String,
        #[command(flatten)]
        data: DataArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Store a profile, for products to use
    Profile {
        /// Its TOML file
        file: PathBuf,
        #[command(flatten)]
        data: DataArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl ProductCommand {
    /// The data folder that it works on, where it works on one.
    pub(crate) const fn data(&self) -> &DataArgs {
        match self {
            Self::Set(args) => &args.data,
            Self::List { data, .. }
            | Self::Add { data, .. }
            | Self::Show { data, .. }
            | Self::Key { data, .. }
            | Self::Profile { data, .. } => data,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ProductSetArgs {
    /// The product
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
    /// Print the product's settings as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What of a product can be changed.
#[derive(Debug, Args)]
#[group(id = "settings", required = true, multiple = true)]
pub(crate) struct SettingsArgs {
    /// The profile that reads its logs; `auto` takes the built-in one that fits each log
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The consent of logs that state none: off, crash, error or usage
    #[arg(long, value_name = "CONSENT")]
    pub(crate) consent: Option<String>,
    /// Reports withhold groups of fewer persons
    #[arg(long, value_name = "N")]
    pub(crate) min_users: Option<u32>,
    /// Silence after which a session is over, in seconds
    #[arg(long, value_name = "SECS", value_parser = clap::value_parser!(u32).range(1..=604_800))]
    pub(crate) session_timeout: Option<u32>,
    /// Store account ids as they come (true), or as pseudonyms (false)
    #[arg(long, value_name = "BOOL")]
    pub(crate) readable_accounts: Option<bool>,
}

#[derive(Debug, Args)]
pub(crate) struct UploadArgs {
    /// Logs, or folders of them
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// The profile that reads them: registers a product that uses it, if need be
    #[arg(long, short, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The product [default: the profile's name, or `app`]
    #[arg(long, value_name = "ID")]
    pub(crate) product: Option<String>,
    /// Where Logbook listens [default: port 8080 of this machine, or the stack's upload API]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The product's upload key [default: the one in the data folder]
    #[arg(long, env = "LOGBOOK_KEY", hide_env_values = true, value_name = "KEY")]
    pub(crate) key: Option<String>,
    #[command(flatten)]
    pub(crate) gateway: GatewayArgs,
    /// The consent under which they were collected
    #[arg(long, value_name = "CONSENT")]
    pub(crate) consent: Option<String>,
    /// Uploads at once
    #[arg(long, short, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) jobs: u16,
    /// Do not wait until the logs are parsed
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// What an upload to a stack needs beside the product's key.
#[derive(Debug, Args)]
pub(crate) struct GatewayArgs {
    /// The API key of a stack's upload API [default: the stack's own, if you may read it]
    #[arg(
        long,
        env = "LOGBOOK_API_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub(crate) api_key: Option<String>,
    /// Of a stack: a token of the query API with the scope read:sessions, to wait for the logs
    /// to be parsed
    #[arg(
        long,
        env = "LOGBOOK_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub(crate) token: Option<String>,
    /// Where that query API is [default: the stack's]
    #[arg(long, value_name = "URL", requires = "token")]
    pub(crate) query_url: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DigestArgs {
    #[command(flatten)]
    pub(crate) at: AtArgs,
    /// The day with which the week ends [default: the last that was analyzed whole]
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<String>,
    /// Print JSON
    #[arg(long, conflicts_with = "slack")]
    pub(crate) json: bool,
    /// Print the body of a call of Slack's incoming webhooks
    #[arg(long)]
    pub(crate) slack: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RedriveArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Most messages
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) max: u64,
    /// Only show the dead letters
    #[arg(long)]
    pub(crate) list: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The demo's own data folder
    #[arg(long, default_value = "logbook-demo", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub(crate) listen: std::net::SocketAddr,
    /// Sessions to make, from 50 to 1,000,000; of people who agreed to less than usage only those
    /// are sent that this covers
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(50..=1_000_000))]
    pub(crate) sessions: u32,
    /// Another seed makes other logs
    #[arg(long, default_value_t = 4)]
    pub(crate) seed: u64,
    /// The last of the demo's 60 days [default: yesterday]
    #[arg(long, value_name = "DAY")]
    pub(crate) end: Option<String>,
    /// End when everything is loaded, instead of serving on
    #[arg(long)]
    pub(crate) exit: bool,
    /// Print one JSON object when everything is loaded: what came in, and the address
    #[arg(long)]
    pub(crate) json: bool,
}
