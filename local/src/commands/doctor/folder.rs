//! What is wrong with a data folder.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use logbook_backends::sql::ledger;
use logbook_backends::{Database, Durability, Keys, ObjectStore, Queue, QueuePolicy};
use logbook_model::{Day, ProductId, Timestamp};
use logbook_pipeline::{archived_products, sweep_inbox};

use super::{Report, Verdict, products};
use crate::cli::DoctorArgs;
use crate::host::{DataFolder, now, strays};

/// Messages older than this should have been parsed.
const OLD: Duration = Duration::from_mins(10);

pub(super) async fn examine(args: &DoctorArgs) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let data = DataFolder::existing(args.data.data.clone())?;
    folder(&data, &mut report);
    keys(&data, &mut report).await;
    let Some(archive) = archive(&data, &mut report).await else {
        return Ok(report);
    };
    inbox(&data, &mut report).await;
    queue(&data, &mut report).await;
    let sessions = sessions(&data, &archive, &mut report).await;
    if sessions.is_some() {
        analytics(&data, &mut report).await;
    }
    let strangers =
        "`logbook product add ID` if they are yours: the next sweep has their logs parsed";
    let products = products(&archive, strangers, &mut report).await;
    if let (Some(sessions), Some(products)) = (sessions, products) {
        for product in products.products() {
            balance(&sessions, &product.id, &mut report).await;
        }
    }
    Ok(report)
}

fn folder(data: &DataFolder, report: &mut Report) {
    let mode = std::fs::metadata(data.root()).map_or(0, |meta| meta.permissions().mode() & 0o777);
    let verdict = if mode.trailing_zeros() >= 6 {
        Verdict::Good
    } else {
        Verdict::Look
    };
    let found = format!("{} has mode {mode:03o}", data.root().display());
    report.add(
        "data folder",
        verdict,
        found,
        "chmod 700 it: others can look into it",
    );
    let (verdict, found) = match data.lock() {
        Ok(_) => (Verdict::Look, "no logbook is running on it".to_owned()),
        Err(_) => (Verdict::Good, "a logbook is running on it".to_owned()),
    };
    report.add(
        "process",
        verdict,
        found,
        "start it with `logbook run`, unless it is meant to rest",
    );
}

async fn keys(data: &DataFolder, report: &mut Report) {
    // Opening would make them anew, and hide that they are gone.
    if !data.has_keys() {
        let found = format!("{} does not hold them", data.keys().display());
        let what = "bring them back from your backup before anything is started: without them \
                    the archive cannot be opened";
        report.add("keys", Verdict::Bad, found, what);
        return;
    }
    let (verdict, found) = match Keys::open_dir(&data.keys()).await {
        Ok(_) => (Verdict::Good, "present, for their owner only".to_owned()),
        Err(error) => (Verdict::Bad, error.to_string()),
    };
    let what = "without its key-encryption key the archive cannot be opened: chmod 600 the key \
                files, or bring them back from your backup";
    report.add("keys", verdict, found, what);
}

async fn archive(data: &DataFolder, report: &mut Report) -> Option<ObjectStore> {
    match ObjectStore::open_dir(&data.archive(), Durability::Fsync).await {
        Ok(archive) => {
            report.add("archive", Verdict::Good, "can be read".to_owned(), "");
            Some(archive)
        }
        Err(error) => {
            report.add(
                "archive",
                Verdict::Bad,
                error.to_string(),
                "mend the folder's permissions",
            );
            None
        }
    }
}

async fn inbox(data: &DataFolder, report: &mut Report) {
    let before = Timestamp(now().0 - OLD.as_micros() as i64);
    let old = match ObjectStore::open_dir(&data.inbox_bucket(), Durability::Fsync).await {
        Ok(inbox) => sweep_inbox(&inbox, before).await,
        Err(error) => Err(error.into()),
    };
    let (verdict, found) = match old {
        Ok(old) if old.is_empty() => (Verdict::Good, "nothing waits".to_owned()),
        Ok(old) => (
            Verdict::Bad,
            format!("{} objects wait for over ten minutes", old.len()),
        ),
        Err(error) => (Verdict::Bad, error.to_string()),
    };
    report.add(
        "inbox",
        verdict,
        found,
        "start `logbook run`; its log says why they are not taken",
    );
    for (path, why) in strays(&data.drop_folder()) {
        let found = format!("{} is not taken: {why}", path.display());
        let what = "move it to inbox/PRODUCT/ of a product of yours";
        report.add("inbox", Verdict::Look, found, what);
    }
}

async fn queue(data: &DataFolder, report: &mut Report) {
    let policy = QueuePolicy {
        durability: Durability::Process,
        ..QueuePolicy::default()
    };
    let depth = match Queue::open_file(&data.queue(), policy).await {
        Ok(queue) => queue.depth().await,
        Err(error) => Err(error),
    };
    match depth {
        Ok(depth) => {
            let old = depth.oldest_age.is_some_and(|age| age > OLD);
            let verdict = if old { Verdict::Bad } else { Verdict::Good };
            let found = format!("{} waiting, {} in work", depth.visible, depth.in_flight);
            report.add(
                "parse queue",
                verdict,
                found,
                "start `logbook run`; its log says what fails",
            );
            let verdict = if depth.dead == 0 {
                Verdict::Good
            } else {
                Verdict::Bad
            };
            let found = format!("{} dead letters", depth.dead);
            let what = "`logbook redrive --list` shows them; mend what the log of `logbook run` \
                        names, then `logbook redrive`";
            report.add("dead letters", verdict, found, what);
        }
        Err(error) => report.add(
            "parse queue",
            Verdict::Bad,
            format!("{}: {error}", data.queue().display()),
            "where the file is damaged, move it away: the next sweep of `logbook run` makes up for it",
        ),
    }
}

async fn analytics(data: &DataFolder, report: &mut Report) {
    let what = "move the file away; the next analysis of `logbook run` makes it anew";
    if !data.analytics().is_file() {
        let found = "not made yet".to_owned();
        let what = "the next analysis of `logbook run` makes it";
        report.add("analytics schema", Verdict::Look, found, what);
        return;
    }
    let damage = async {
        let database = Database::open_file(&data.analytics(), Durability::Fsync).await?;
        database.damage().await
    };
    let (verdict, found) = match damage.await {
        Ok(None) => (Verdict::Good, "can be read".to_owned()),
        Ok(Some(damage)) => (Verdict::Bad, format!("its file is damaged: {damage}")),
        Err(error) => (
            Verdict::Bad,
            format!("{}: {error}", data.analytics().display()),
        ),
    };
    report.add("analytics schema", verdict, found, what);
}

async fn sessions(
    data: &DataFolder,
    archive: &ObjectStore,
    report: &mut Report,
) -> Option<Database> {
    let what = "stop logbook, then `logbook rebuild` makes it anew from the archive";
    // Opening would make it anew, and empty it balances with anything.
    if !data.sessions().is_file() {
        let is_empty = archived_products(archive)
            .await
            .is_ok_and(|ids| ids.is_empty());
        let (verdict, found, what) = if is_empty {
            (Verdict::Look, "not made yet", "`logbook run` makes it")
        } else {
            (Verdict::Bad, "missing, though there are logs", what)
        };
        report.add("sessions schema", verdict, found.to_owned(), what);
        return None;
    }
    let opened = async {
        let database = Database::open_file(&data.sessions(), Durability::Fsync).await?;
        let damage = database.damage().await?;
        if damage.is_none() {
            logbook_backends::sql::migrate(&database).await?;
        }
        Ok::<_, logbook_backends::Error>((database, damage))
    };
    match opened.await {
        Ok((_, Some(damage))) => {
            let found = format!("its file is damaged: {damage}");
            report.add("sessions schema", Verdict::Bad, found, what);
            None
        }
        Ok((database, None)) => {
            report.add(
                "sessions schema",
                Verdict::Good,
                "can be read".to_owned(),
                "",
            );
            Some(database)
        }
        Err(error) => {
            report.add("sessions schema", Verdict::Bad, error.to_string(), what);
            None
        }
    }
}

/// Whether all that was received for a product is accounted for.
async fn balance(sessions: &Database, product: &ProductId, report: &mut Report) {
    let days = Day(0)..=now().day().plus(1);
    match ledger(sessions, product, days).await {
        Ok(ledger) => {
            let off: Vec<_> = ledger
                .days
                .iter()
                .filter(|day| day.balanced == Some(false))
                .collect();
            let verdict = if off.is_empty() {
                Verdict::Good
            } else {
                Verdict::Bad
            };
            let found = match off.first() {
                None => format!("{product}: balanced"),
                Some(day) => format!(
                    "{}: {} days do not balance; the first, {}: received {}, accounted for {}",
                    product,
                    off.len(),
                    day.day,
                    day.received,
                    day.accounted()
                ),
            };
            let what = "`logbook report ledger` shows the days; a lost row is found again by \
                            the next sweep of `logbook run`; if it stays, `logbook rebuild`";
            report.add("ledger", verdict, found, what);
        }
        Err(error) => report.add("ledger", Verdict::Bad, error.to_string(), "see the error"),
    }
}
