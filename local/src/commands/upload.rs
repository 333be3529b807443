//! `logbook upload`: real logs, by the way that applications take.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant, UNIX_EPOCH};

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logbook_backends::{Durability, ObjectStore};
use logbook_model::{Consent, ProductId};
use logbook_pipeline::{NewProduct, Registry, add_product, add_product_key};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{REFUSED, block_on};
use crate::cli::UploadArgs;
use crate::client::{Client, ReceiptState, Sending, Sent};
use crate::host::{DataFolder, Secrets};
use crate::log_file::is_file_name;
use crate::{output, progress};

/// Largest file that is sent.
const MAX_FILE_BYTES: u64 = 256 << 20;
/// How long to wait for the last logs to be parsed.
const MAX_WAIT: Duration = Duration::from_mins(2);
/// The product of `logbook run`'s first start.
const FIRST_PRODUCT: &str = "app";

/// What became of all files.
#[derive(Debug, Default, Serialize)]
struct Summary {
    files: usize,
    sent: usize,
    already_there: usize,
    refused: Vec<Refusal>,
    parsed: usize,
    duplicate: usize,
    rejected: Vec<Refusal>,
    pending: usize,
    sessions: u64,
    records: u64,
}

#[derive(Debug, Serialize)]
struct Refusal {
    file: String,
    reason: String,
    detail: String,
}

struct File {
    path: PathBuf,
    /// The path below what was named, which goes into the id.
    name: String,
}

pub(super) fn run(args: &UploadArgs) -> anyhow::Result<ExitCode> {
    if let Some(file) = args.profile.as_deref().filter(|name| is_file_name(name)) {
        bail!("--profile takes a name: store the file first, `logbook product profile {file}`");
    }
    let product = ProductId::new(
        args.product
            .as_deref()
            .or(args.profile.as_deref())
            .unwrap_or(FIRST_PRODUCT),
    )?;
    if args.key.is_some() && (args.profile.is_some() || args.product.is_some()) {
        bail!(
            "the key decides the product: leave out --key (and LOGBOOK_KEY), or --product and --profile"
        );
    }
    let key = match &args.key {
        Some(key) => key.clone(),
        None => block_on(local_key(args, &product))?,
    };
    let client = Client::new(&args.url, key)?;
    let files = files(&args.paths)?;
    if files.is_empty() {
        bail!("there is no file to upload");
    }
    let mut summary = Summary {
        files: files.len(),
        ..Summary::default()
    };
    let ids = send_all(&client, args, &files, &mut summary)?;
    if !args.no_wait {
        settle(&client, &ids, &mut summary)?;
    }
    if args.json {
        output::json(&summary)?;
    } else {
        let name = if args.key.is_some() {
            "the key's product"
        } else {
            product.as_str()
        };
        output::text(&summary.for_people(name, !args.no_wait))?;
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

fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<File>> {
    let mut found = Vec::new();
    for path in paths {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        collect(path, &name.unwrap_or_default(), 0, &mut found)?;
    }
    Ok(found)
}

fn collect(path: &Path, name: &str, depth: usize, found: &mut Vec<File>) -> anyhow::Result<()> {
    let meta =
        std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !meta.is_dir() {
        found.push(File {
            path: path.to_owned(),
            name: name.to_owned(),
        });
        return Ok(());
    }
    if depth > 32 {
        bail!("{}: folders nest deeper than 32", path.display());
    }
    let mut entries = Vec::new();
    for entry in
        std::fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?
    {
        entries.push(entry?);
    }
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let file_name = entry.file_name().to_string_lossy().into_owned();
        if !file_name.starts_with('.') {
            collect(
                &entry.path(),
                &format!("{name}/{file_name}"),
                depth + 1,
                found,
            )?;
        }
    }
    Ok(())
}

/// Sends every file that is not there yet; the ids of those that are now.
fn send_all(
    client: &Client,
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
                    let outcome = send(client, args, file);
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

/// Sends one file, unless its receipt says that it is there.
fn send(client: &Client, args: &UploadArgs, file: &File) -> anyhow::Result<(String, Option<Sent>)> {
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
    if client.receipt(&id)?.is_some() {
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
    Ok((id.clone(), Some(client.send(&sending)?)))
}

/// The id of a file: of its path below what was named, and its content. The same file sent
/// again has the same id.
fn id_of(name: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update((name.len() as u64).to_be_bytes());
    hash.update(name.as_bytes());
    hash.update(body);
    let id = URL_SAFE_NO_PAD.encode(&hash.finalize()[..18]);
    format!("file-{id}")
}

/// Waits until every log is parsed or rejected, and sums up.
fn settle(client: &Client, ids: &[(String, String)], summary: &mut Summary) -> anyhow::Result<()> {
    let bar = progress::bar(ids.len() as u64, "parsing");
    let started = Instant::now();
    let mut open: Vec<&(String, String)> = ids.iter().collect();
    let mut wait = Duration::from_millis(50);
    loop {
        let mut still = Vec::new();
        for pair in open {
            match client.receipt(&pair.1)? {
                Some(receipt) if receipt.state != "pending" => {
                    bar.inc(1);
                    summary.settled(&pair.0, receipt);
                }
                _ => still.push(pair),
            }
        }
        open = still;
        if open.is_empty() || started.elapsed() > MAX_WAIT {
            break;
        }
        sleep(wait);
        wait = (wait * 2).min(Duration::from_secs(2));
    }
    bar.finish_and_clear();
    summary.pending = open.len();
    Ok(())
}

impl Summary {
    fn settled(&mut self, file: &str, receipt: ReceiptState) {
        self.sessions += receipt.sessions.unwrap_or(0);
        self.records += receipt.records.unwrap_or(0);
        match receipt.state.as_str() {
            "parsed" => self.parsed += 1,
            "duplicate" => self.duplicate += 1,
            state => self.rejected.push(Refusal {
                file: file.to_owned(),
                reason: receipt.reason.unwrap_or_else(|| state.to_owned()),
                detail: receipt.detail.unwrap_or_default(),
            }),
        }
    }

    fn for_people(&self, product: &str, waited: bool) -> String {
        let mut out = format!(
            "{} files for {product}: {} sent, {} there already, {} refused\n",
            self.files,
            self.sent,
            self.already_there,
            self.refused.len()
        );
        if waited {
            out.push_str(&format!(
                "{} parsed ({} sessions, {} records), {} duplicates, {} rejected, {} pending\n",
                self.parsed,
                self.sessions,
                self.records,
                self.duplicate,
                self.rejected.len(),
                self.pending
            ));
        }
        let rows: Vec<_> = self
            .refused
            .iter()
            .chain(&self.rejected)
            .map(|r| vec![r.file.clone(), r.reason.clone(), r.detail.clone()])
            .collect();
        if !rows.is_empty() {
            out.push('\n');
            out.push_str(&output::table(&["file", "reason", "because"], &rows));
        }
        out
    }
}
