//! `logbook upload`: real logs, by the way that applications take.

mod files;
#[cfg(feature = "aws")]
mod on_stack;
mod summary;
mod teller;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant, UNIX_EPOCH};

use anyhow::{Context, bail};
use logbook_backends::{Durability, ObjectStore};
use logbook_model::{Consent, ProductId};
use logbook_pipeline::{NewProduct, Registry, add_product, add_product_key};

use super::{REFUSED, block_on};
use crate::api::{Client, QueryClient, Sending, Sent, check_address};
use crate::cli::UploadArgs;
use crate::host::{DataFolder, Secrets};
use crate::log_file::is_file_name;
use crate::{output, progress};
use files::{File, files, id_of};
#[cfg(feature = "aws")]
pub(super) use on_stack::on_stack;
use summary::{Refusal, Summary};
use teller::Teller;

/// Largest file that is sent.
const MAX_FILE_BYTES: u64 = 256 << 20;
/// How long to wait for the last logs to be parsed.
const MAX_WAIT: Duration = Duration::from_mins(2);
/// The same for a stack, whose database may have to resume.
const MAX_WAIT_FOR_STACK: Duration = Duration::from_mins(10);
/// Where `logbook run` listens.
const LOCAL_URL: &str = "http://127.0.0.1:8080";
/// The product of `logbook run`'s first start.
const FIRST_PRODUCT: &str = "app";

/// Where to, and who tells what is there.
struct Way {
    door: Client,
    teller: Teller,
    /// Where to, for people.
    to: String,
}

pub(super) fn run(args: &UploadArgs) -> anyhow::Result<ExitCode> {
    check_key(args)?;
    if let Some(file) = args.profile.as_deref().filter(|name| is_file_name(name)) {
        bail!("--profile takes a name: store the file first, `logbook product profile {file}`");
    }
    let product = ProductId::new(
        args.product
            .as_deref()
            .or(args.profile.as_deref())
            .unwrap_or(FIRST_PRODUCT),
    )?;
    // Before anything is registered: what may be wrong with the command itself.
    let files = files_of(args)?;
    let url = args.url.as_deref().unwrap_or(LOCAL_URL);
    check_address(url)?;
    let (key, to) = match &args.key {
        Some(key) => (key.clone(), "the key's product".to_owned()),
        None => (block_on(local_key(args, &product))?, product.to_string()),
    };
    let teller = match (&args.gateway.api_key, &args.gateway.query_url) {
        (_, Some(url)) => query(args, url, &key)?,
        // A gateway answers to no receipts.
        (Some(_), None) => Teller::Nobody,
        (None, None) => Teller::Door,
    };
    let door = Client::new(url, key, args.gateway.api_key.clone())?;
    upload(args, &files, &Way { door, teller, to })
}

/// The files that are named.
fn files_of(args: &UploadArgs) -> anyhow::Result<Vec<File>> {
    let files = files(&args.paths)?;
    if files.is_empty() {
        bail!("there is no file to upload");
    }
    Ok(files)
}

/// A key speaks for one product, whatever else is said.
fn check_key(args: &UploadArgs) -> anyhow::Result<()> {
    if args.key.is_some() && (args.profile.is_some() || args.product.is_some()) {
        bail!(
            "the key decides the product: leave out --key (and LOGBOOK_KEY), or --product and --profile"
        );
    }
    Ok(())
}

/// The query API that tells, by the token given.
fn query(args: &UploadArgs, url: &str, key: &str) -> anyhow::Result<Teller> {
    let token = args.gateway.token.clone().unwrap_or_default();
    Ok(Teller::Query {
        client: QueryClient::new(url, token)?,
        product: product_of(key)?,
    })
}

/// The product that an upload key names.
fn product_of(key: &str) -> anyhow::Result<ProductId> {
    let named = key.strip_prefix("lbk_").and_then(|key| key.split_once('_'));
    let (product, _) = named.context("the key is no upload key of a product: those begin lbk_")?;
    Ok(ProductId::new(product)?)
}

fn upload(args: &UploadArgs, files: &[File], way: &Way) -> anyhow::Result<ExitCode> {
    let mut summary = Summary {
        files: files.len(),
        ..Summary::default()
    };
    let ids = send_all(way, args, files, &mut summary)?;
    let waits = !args.no_wait && way.teller.tells_of_parsing();
    if waits {
        settle(way, &ids, &mut summary)?;
    } else if !args.no_wait {
        output::note(
            "without a token (--token) it cannot be seen whether they are parsed; \
             `logbook report ledger` shows it",
        );
    }
    if args.json {
        output::json(&summary)?;
    } else {
        output::text(&summary.for_people(&way.to, waits))?;
    }
    let good = summary.refused.is_empty() && summary.rejected.is_empty() && summary.pending == 0;
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(REFUSED)
    })
}

/// The product's key in the data folder; with a profile, the product is registered if need be.
async fn local_key(args: &UploadArgs, product: &ProductId) -> anyhow::Result<String> {
    let data = DataFolder::existing(args.data.data.clone())
        .context("no --key is given, and no key can be taken from a data folder")?;
    let archive = ObjectStore::open_dir(&data.archive(), Durability::Fsync).await?;
    let secrets = Secrets::new(&data);
    if let Some(profile) = &args.profile {
        let new = NewProduct {
            id: product.clone(),
            profile: profile.clone(),
            consent: Consent::Usage,
            min_users: 5,
            accounts_readable: false,
        };
        if add_product(&archive, new).await? {
            output::note(&format!(
                "product {product} is registered, with profile {profile}"
            ));
            // The running process looks at the registry anew every two seconds.
            tokio::time::sleep(Duration::from_secs(3)).await;
        } else {
            reads_by(&archive, product, profile).await?;
        }
    }
    if let Some(key) = secrets.product_key(product)? {
        return Ok(key);
    }
    let snapshot = Registry::new(archive.clone(), Duration::ZERO)
        .snapshot()
        .await?;
    if snapshot.product(product)?.is_none() {
        bail!(
            "there is no product {product}: name one with --product, register it with \
             `logbook product add {product}`, or let --profile do so"
        );
    }
    let key = add_product_key(&archive, product).await?;
    secrets.keep_product_key(product, &key)?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    Ok(key)
}

/// Refuses a profile by which a product that is there does not read.
async fn reads_by(archive: &ObjectStore, product: &ProductId, profile: &str) -> anyhow::Result<()> {
    let registry = Registry::new(archive.clone(), Duration::ZERO);
    let snapshot = registry.snapshot().await?;
    let Some(held) = snapshot.product(product)? else {
        return Ok(());
    };
    let reads = held.profile.as_ref().map_or("auto", |held| held.id());
    if reads != profile {
        bail!(
            "product {product} reads its logs by the profile {reads}, and not by {profile}: name \
             another with --product, leave out --profile, or change it with `logbook product set \
             {product} --profile {profile}`"
        );
    }
    Ok(())
}

/// Sends every file that is not there yet; the ids of those that are now.
fn send_all(
    way: &Way,
    args: &UploadArgs,
    files: &[File],
    summary: &mut Summary,
) -> anyhow::Result<Vec<(String, String)>> {
    let bar = progress::bar(files.len() as u64, "uploading");
    let next = AtomicUsize::new(0);
    let shared = Mutex::new((summary, Vec::new(), None));
    scope(|scope| {
        for _ in 0..args.jobs {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = send(way, args, file);
                    bar.inc(1);
                    let Ok(mut shared) = shared.lock() else {
                        return;
                    };
                    let (summary, ids, failure) = &mut *shared;
                    match outcome {
                        Ok((id, sent)) => note(summary, ids, file, id, sent),
                        Err(error) => {
                            failure.get_or_insert(error);
                            next.store(files.len(), Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    bar.finish_and_clear();
    let (summary, mut ids, failure) = shared
        .into_inner()
        .map_err(|_| anyhow::anyhow!("an upload thread was cut off"))?;
    if let Some(error) = failure {
        let done = summary.sent + summary.already_there;
        return Err(error.context(format!(
            "{done} of {} files are there; run the same command again to go on",
            files.len()
        )));
    }
    ids.sort();
    Ok(ids)
}

fn note(
    summary: &mut Summary,
    ids: &mut Vec<(String, String)>,
    file: &File,
    id: String,
    sent: Option<Sent>,
) {
    match sent {
        None => summary.already_there += 1,
        Some(Sent::Taken | Sent::Duplicate) => summary.sent += 1,
        Some(Sent::Refused {
            status,
            kind,
            detail,
        }) => {
            summary.refused.push(Refusal {
                file: file.name.clone(),
                reason: if kind.is_empty() {
                    status.to_string()
                } else {
                    kind
                },
                detail,
            });
            return;
        }
    }
    ids.push((file.name.clone(), id));
}

/// Sends one file, unless it is said to be there.
fn send(way: &Way, args: &UploadArgs, file: &File) -> anyhow::Result<(String, Option<Sent>)> {
    let meta = std::fs::metadata(&file.path)?;
    if meta.len() > MAX_FILE_BYTES {
        let detail = format!("larger than {MAX_FILE_BYTES} bytes: split it");
        let refused = Sent::Refused {
            status: 413,
            kind: "too-large".to_owned(),
            detail,
        };
        return Ok((String::new(), Some(refused)));
    }
    let body = std::fs::read(&file.path)
        .with_context(|| format!("cannot read {}", file.path.display()))?;
    let id = id_of(&file.name, &body);
    if way.teller.is_there(&way.door, &id)? {
        return Ok((id, None));
    }
    let mut given = BTreeMap::new();
    let name: String = file.name.rsplit('/').next().unwrap_or_default().to_owned();
    // Other characters do not travel in a header; the name is no content.
    let travels = |c: char| c == ' ' || c.is_ascii_graphic();
    if name.chars().all(travels) && name.len() <= 200 {
        given.insert("file_name".to_owned(), name);
    }
    if let Some(micros) = meta
        .modified()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
    {
        given.insert("modified_at".to_owned(), micros.as_micros().to_string());
    }
    let sending = Sending {
        log_id: &id,
        body: &body,
        consent: args.consent.as_deref(),
        given: &given,
    };
    let sent = way.door.send(&sending)?;
    if matches!(way.teller, Teller::Nobody) && sent == Sent::Duplicate {
        return Ok((id, None));
    }
    Ok((id.clone(), Some(sent)))
}

/// Waits until every log is parsed or rejected, and sums up.
fn settle(way: &Way, ids: &[(String, String)], summary: &mut Summary) -> anyhow::Result<()> {
    let bar = progress::bar(ids.len() as u64, "parsing");
    let started = Instant::now();
    let longest = match way.teller {
        Teller::Door => MAX_WAIT,
        _ => MAX_WAIT_FOR_STACK,
    };
    let mut open: Vec<&(String, String)> = ids.iter().collect();
    let mut wait = Duration::from_millis(50);
    loop {
        let mut still = Vec::new();
        for pair in open {
            match way.teller.receipt(&way.door, &pair.1)? {
                Some(receipt) if receipt.state != "pending" => {
                    bar.inc(1);
                    summary.settled(&pair.0, receipt);
                }
                _ => still.push(pair),
            }
        }
        open = still;
        if open.is_empty() || started.elapsed() > longest {
            break;
        }
        sleep(wait);
        wait = (wait * 2).min(Duration::from_secs(2));
    }
    bar.finish_and_clear();
    summary.pending = open.len();
    Ok(())
}
