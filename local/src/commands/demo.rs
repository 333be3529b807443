//! `logbook demo`: a believable fictional product, through the real upload path.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use logbook_backends::{Durability, ObjectStore, Put};
use logbook_bootstrap::telemetry::{self, LogFormat};
use logbook_demo::{Demo, DemoConfig, Route, Upload};
use logbook_model::{Contract, Day, ProductId};
use logbook_pipeline::{NewProduct, add_product, add_product_key, change_contracts, inbox_key};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{block_on, report, serve};
use crate::api::{Client, Sending, Sent};
use crate::cli::DemoArgs;
use crate::host::{DataFolder, Host, Loops, Pace, Secrets, Server, bind, now};
use crate::{output, progress};

/// Uploads at once. Those of one log id go one after the other.
const SENDERS: usize = 8;
/// Uploads between two notes of how far it has come.
const NOTE_EVERY: u64 = 200;

/// What a demo folder holds, and how far its loading has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    seed: u64,
    sessions: u32,
    end: Day,
    /// Uploads that are surely done, from the first on.
    done: u64,
}

/// What the door said.
#[derive(Debug, Default)]
struct Counts {
    taken: AtomicU64,
    duplicate: AtomicU64,
    conflict: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
}

pub(super) fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    // Broken logs are part of the demo: what becomes of them is in its reports, not on screen.
    telemetry::start(LogFormat::Text, "off");
    block_on(demo(args))
}

async fn demo(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    let data = DataFolder::new(args.data.clone());
    let _lock = data.lock()?;
    let listener = bind(args.listen).await?;
    // The port that was given, where 0 asked for any.
    let address = listener.local_addr()?;
    let mut state = Progress::open(&data, args)?;
    let mut config = DemoConfig::new(state.end);
    config.seed = state.seed;
    config.sessions = state.sessions;
    let generator = Arc::new(Demo::new(config));
    let mut host = Host::open(data, Durability::Fsync).await?;
    // What the folder holds is known from the first upload on.
    state.save(&host.data)?;
    let product = ProductId::new(generator.product().id)?;
    let key = register(&host, &generator, &product).await?;
    let token = Secrets::new(&host.data).token()?.text;
    let tickets = serve::local_tickets(&host, address)?;
    let server = Server::new(
        listener,
        logbook_upload::app(host.upload(Arc::clone(&tickets))),
        logbook_query::app(host.query(&token)),
        tickets,
        host.inbox.clone(),
    )?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(server.run(async move {
        let _ = stopped.await;
    }));
    let pace = Pace {
        analyze: Duration::from_secs(10),
        ..Pace::default()
    };
    let _loops = Loops::start(&mut host, pace);
    let started = Instant::now();
    let first = state.done;
    let counts = load(address, key, &generator, &host, &mut state).await?;
    wait_parsed(&host).await?;
    // The ledger is an answer too: it needs no sweep to be waited for.
    host.sweeper().list().await?;
    host.analyzer().run_all().await?;
    let url = (!args.exit).then(|| format!("http://{address}/#token={token}"));
    let seconds = started.elapsed().as_secs_f64();
    let stored = report::demo_stored(&host, &product).await?;
    let loaded = Loaded {
        uploads: generator.len_hint() as u64,
        first,
        seconds,
        counts: &counts,
        stored,
    };
    if args.json {
        output::json(&loaded.document(&generator, url.as_deref()))?;
    } else {
        output::text(&loaded.for_people(&generator))?;
        report::demo_answers(&host, &product, &generator).await?;
        if let Some(url) = &url {
            output::text(&format!(
                "\nopen {url}\nCtrl-C ends it; `logbook demo` goes on from here\n"
            ))?;
        }
    }
    if !args.exit {
        serve::stopped().await;
    }
    let _ = stop.send(());
    served.await??;
    Ok(ExitCode::SUCCESS)
}

async fn register(host: &Host, demo: &Demo, id: &ProductId) -> anyhow::Result<String> {
    let product = demo.product();
    let new = NewProduct {
        id: id.clone(),
        profile: product.profile.to_owned(),
        consent: product.default_consent,
        min_users: product.min_users,
        accounts_readable: product.account_ids_readable,
    };
    add_product(&host.vault.archive, new).await?;
    change_contracts(&host.vault.archive, id, |held| {
        held.accounts = contracts(demo);
        true
    })
    .await?;
    let secrets = Secrets::new(&host.data);
    if let Some(key) = secrets.product_key(id)? {
        return Ok(key);
    }
    let key = add_product_key(&host.vault.archive, id).await?;
    secrets.keep_product_key(id, &key)?;
    host.registry.reload().await?;
    Ok(key)
}

/// What the product's vendor agreed on with its customers.
fn contracts(demo: &Demo) -> BTreeMap<String, Contract> {
    let accounts = demo.product().accounts.iter();
    accounts
        .map(|account| {
            let contract = Contract {
                name: Some(account.name.clone()),
                seats: Some(account.seats),
                modules: account.modules.iter().map(ToString::to_string).collect(),
                owner: None,
                renews_on: Some(account.renewal_on),
            };
            (account.id.clone(), contract)
        })
        .collect()
}

/// Sends what is not sent yet, in order, by several senders.
async fn load(
    address: SocketAddr,
    key: String,
    demo: &Arc<Demo>,
    host: &Host,
    state: &mut Progress,
) -> anyhow::Result<Arc<Counts>> {
    let client = Client::new(&format!("http://{address}"), key, None)?;
    let counts = Arc::new(Counts::default());
    let (demo, inbox, data) = (Arc::clone(demo), host.inbox.clone(), host.data.clone());
    let shared = Arc::clone(&counts);
    let handle = tokio::runtime::Handle::current();
    let mut progress = state.clone();
    let done = tokio::task::spawn_blocking(move || {
        send_all(
            &client,
            &demo,
            &inbox,
            &data,
            &handle,
            &mut progress,
            &shared,
        )
        .map(|()| progress)
    });
    *state = done.await??;
    Ok(counts)
}

fn send_all(
    client: &Client,
    demo: &Demo,
    inbox: &ObjectStore,
    data: &DataFolder,
    handle: &tokio::runtime::Handle,
    state: &mut Progress,
    counts: &Counts,
) -> anyhow::Result<()> {
    let product = ProductId::new(demo.product().id)?;
    let bar = progress::bar(demo.len_hint() as u64, "uploading");
    bar.set_position(state.done);
    std::thread::scope(|scope| {
        let mut senders = Vec::new();
        let (failed, failures) = mpsc::channel();
        let (finished, finishes) = mpsc::channel::<()>();
        for _ in 0..SENDERS {
            let (sender, uploads) = mpsc::sync_channel::<Upload>(4);
            senders.push(sender);
            let (failed, finished, product, bar) =
                (failed.clone(), finished.clone(), &product, &bar);
            scope.spawn(move || {
                for upload in uploads {
                    if let Err(error) = send(client, inbox, handle, product, &upload, counts) {
                        let _ = failed.send(error);
                        return;
                    }
                    bar.inc(1);
                    let _ = finished.send(());
                }
            });
        }
        drop((failed, finished));
        let mut given = state.done;
        let mut ended = state.done;
        for upload in demo.uploads().skip(state.done as usize) {
            // A conflict or duplicate must follow its original: one id, one sender.
            let lane = upload
                .log_id
                .bytes()
                .fold(0usize, |n, b| n.wrapping_mul(31) + usize::from(b));
            if senders[lane % SENDERS].send(upload).is_err() {
                break;
            }
            given += 1;
            if given.is_multiple_of(NOTE_EVERY) {
                ended += finishes.try_iter().count() as u64;
                // At most that many are under way, so that so many are surely done.
                state.done = ended.saturating_sub((SENDERS * 5) as u64).max(state.done);
                state.save(data)?;
            }
        }
        drop(senders);
        if let Ok(error) = failures.recv() {
            return Err(error);
        }
        state.done = given;
        state.save(data)
    })?;
    bar.finish_and_clear();
    Ok(())
}

fn send(
    client: &Client,
    inbox: &ObjectStore,
    handle: &tokio::runtime::Handle,
    product: &ProductId,
    upload: &Upload,
    counts: &Counts,
) -> anyhow::Result<()> {
    let sending = Sending {
        log_id: &upload.log_id,
        body: &upload.body,
        consent: Some(upload.consent.name()),
        given: &upload.metadata,
    };
    let sent = match upload.route {
        Route::Api => client.send(&sending)?,
        Route::Ticket => client.send_by_ticket(&sending)?,
        Route::Inbox => {
            let mut metadata: BTreeMap<String, String> = upload
                .metadata
                .iter()
                .map(|(name, value)| (format!("logbook-{}", name.replace('_', "-")), value.clone()))
                .collect();
            metadata.insert(
                "logbook-consent".to_owned(),
                upload.consent.name().to_owned(),
            );
            let key = inbox_key(product, &upload.log_id);
            handle.block_on(inbox.put(&key, upload.body.clone(), metadata, Put::Always))?;
            counts.dropped.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
    };
    let count = match sent {
        Sent::Taken => &counts.taken,
        Sent::Duplicate => &counts.duplicate,
        Sent::Refused { status: 409, .. } => &counts.conflict,
        Sent::Refused { kind, .. } if kind == "consent-off" => &counts.refused,
        Sent::Refused { status, detail, .. } => bail!("upload refused: {status}: {detail}"),
    };
    count.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Waits until the inbox and the queue are empty.
async fn wait_parsed(host: &Host) -> anyhow::Result<()> {
    let bar = progress::bar(0, "parsing");
    let mut quiet = 0;
    loop {
        let depth = host.queue.depth().await?;
        let waiting = logbook_pipeline::sweep_inbox(&host.inbox, now())
            .await?
            .len() as u64;
        let left = depth.visible + depth.in_flight + waiting;
        bar.set_length(bar.position() + left);
        quiet = if left == 0 { quiet + 1 } else { 0 };
        if quiet == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bar.finish_and_clear();
    Ok(())
}

/// What came in, and what has become of it.
struct Loaded<'c> {
    uploads: u64,
    /// Uploads that an earlier run had done.
    first: u64,
    seconds: f64,
    counts: &'c Counts,
    stored: report::DemoStored,
}

impl Loaded<'_> {
    fn for_people(&self, demo: &Demo) -> String {
        let (counts, stored) = (self.counts, &self.stored);
        format!(
            "{}: {} uploads, {} of them now, in {:.1} s: {} taken, {} dropped into the inbox, \
             {} duplicates, {} conflicts, {} refused for consent\n\
             {} sessions in {} logs; {} further logs are duplicates, {} were rejected\n",
            demo.product().name,
            self.uploads,
            self.uploads - self.first,
            self.seconds,
            read(&counts.taken),
            read(&counts.dropped),
            read(&counts.duplicate),
            read(&counts.conflict),
            read(&counts.refused),
            stored.sessions,
            stored.parsed,
            stored.duplicate,
            stored.rejected,
        )
    }

    fn document(&self, demo: &Demo, url: Option<&str>) -> Value {
        let (counts, stored) = (self.counts, &self.stored);
        json!({
            "product": demo.product().id,
            "uploads": self.uploads,
            "uploads_now": self.uploads - self.first,
            "seconds": (self.seconds * 10.0).round() / 10.0,
            "taken": read(&counts.taken),
            "dropped": read(&counts.dropped),
            "duplicates": read(&counts.duplicate),
            "conflicts": read(&counts.conflict),
            "consent_off": read(&counts.refused),
            "sessions": stored.sessions,
            "logs": {
                "parsed": stored.parsed,
                "duplicate": stored.duplicate,
                "rejected": stored.rejected,
            },
            "url": url,
        })
    }
}

fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

impl Progress {
    /// The state of the folder, or a new one.
    fn open(data: &DataFolder, args: &DemoArgs) -> anyhow::Result<Self> {
        let path = Self::path(data);
        let wanted = |held: Option<&Self>| -> anyhow::Result<Self> {
            let end = match &args.end {
                Some(day) => day.parse::<Day>()?,
                None => held.map_or_else(|| now().day().plus(-1), |held| held.end),
            };
            Ok(Self {
                seed: args.seed,
                sessions: args.sessions,
                end,
                done: 0,
            })
        };
        match std::fs::read(&path) {
            Ok(bytes) => {
                let held: Self = serde_json::from_slice(&bytes)
                    .with_context(|| format!("{} is damaged; remove the folder", path.display()))?;
                let mut same = wanted(Some(&held))?;
                same.done = held.done;
                if same != held {
                    bail!(
                        "{} holds the demo of seed {}, {} sessions, end {}: remove it, or name \
                         another folder with --data",
                        data.root().display(),
                        held.seed,
                        held.sessions,
                        held.end
                    );
                }
                Ok(held)
            }
            Err(_) => wanted(None),
        }
    }

    fn path(data: &DataFolder) -> PathBuf {
        data.root().join("demo.json")
    }

    fn save(&self, data: &DataFolder) -> anyhow::Result<()> {
        let path: &Path = &Self::path(data);
        let part = path.with_extension("part");
        std::fs::write(&part, serde_json::to_vec(self)?)?;
        std::fs::rename(&part, path).with_context(|| format!("cannot write {}", path.display()))
    }
}
