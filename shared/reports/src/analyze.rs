//! Bringing report tables up to date.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use logbook_backends::sql::rows::{Cells, statement};
use logbook_backends::sql::{DirtyDay, clear_dirty, dirty_days, mark_dirty, settle_silence};
use logbook_backends::{Boxed, Database};
use logbook_model::{Day, ProductId, Timestamp};
use serde::Serialize;

#[cfg(doc)]
use crate::Error;
use crate::lease::Lease;
use crate::request::DEFAULT_MIN_USERS;
use crate::step::{Step, TABLES};
use crate::tables::delete_all;
use crate::{Result, news, product_settings};

/// Days that a step takes at most.
const STEP_DAYS: usize = 16;
/// How long a step goes on taking days. A step is one transaction: the shorter, the less is
/// lost by a kill, and the longer, the seldomer windows are computed twice.
const STEP_TIME: Duration = Duration::from_secs(5);

/// The shape of the tables. A product whose tables are of another is computed anew from all its
/// sessions: raise it with each table or column that is added.
const SHAPE: i64 = 4;

/// What the registry says of a product, as far as reports need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// After how much silence a session that should have ended is abnormal.
    pub session_timeout_secs: u32,
    /// Persons that a group needs to be shown; for [`crate::ReportRequest::min_users`].
    pub min_users: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            session_timeout_secs: 1800,
            min_users: DEFAULT_MIN_USERS,
        }
    }
}

/// How far a run came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Progress {
    /// Days that were computed.
    pub days_done: u64,
    /// Days for which the budget did not suffice; those marked during the run do not count.
    pub days_left: u64,
}

/// Brings a product's reports up to date, as far as the budget goes; at least one step is
/// done. The rest is done by the next run. [`Error::Busy`] if another run is at work.
///
/// `as_of` is the instant up to which the caller vouches that all that was received is parsed:
/// silence is judged by it, and there is no news without. A run that computes every day that was out of date when it began
/// makes it the reports' `complete_until`: days marked meanwhile are of logs received later. With
/// `None` the caller vouches for nothing, and what was vouched for before goes on to hold.
///
/// A step computes some days that are out of date, wholly, with all that hangs on them, in one
/// transaction, and only then clears the marks in the generations that were read before. It
/// can be killed anywhere: what was not committed left no trace, what was not cleared is
/// computed again. Where this program has tables that the one before had not, all is computed
/// anew, over as many runs as it takes. What a run costs depends on what changed, not on how much
/// there is.
pub fn analyze<'a>(
    analytics: &'a Database,
    product: &'a ProductId,
    settings: &'a Settings,
    budget: Duration,
    as_of: impl Into<Option<Timestamp>>,
) -> Boxed<'a, Result<Progress>> {
    let as_of = as_of.into();
    Box::pin(async move {
        let started = Instant::now();
        let lease = Lease::take(analytics, product).await?;
        let run = run(
            analytics,
            product,
            settings,
            &lease,
            (started, budget),
            as_of,
        )
        .await;
        // The error of the run says more than one of giving back.
        match (run, lease.release(analytics).await) {
            (Ok(progress), released) => released.map(|()| progress),
            (Err(error), _) => Err(error),
        }
    })
}

/// Computes all of a product's reports from nothing, however long it takes.
///
/// First every day is marked, then the tables are emptied, then the days are computed as
/// [`analyze`] does: a rebuild that is killed is finished by the next run.
pub fn rebuild<'a>(
    analytics: &'a Database,
    product: &'a ProductId,
    settings: &'a Settings,
    as_of: Timestamp,
) -> Boxed<'a, Result<Progress>> {
    Box::pin(async move {
        let lease = Lease::take(analytics, product).await?;
        let endless = (Instant::now(), Duration::MAX);
        let rebuilt = async {
            empty(analytics, product, &lease).await?;
            run(analytics, product, settings, &lease, endless, Some(as_of)).await
        };
        match (rebuilt.await, lease.release(analytics).await) {
            (Ok(progress), released) => released.map(|()| progress),
            (Err(error), _) => Err(error),
        }
    })
}

async fn run(
    analytics: &Database,
    product: &ProductId,
    settings: &Settings,
    lease: &Lease<'_>,
    (started, budget): (Instant, Duration),
    as_of: Option<Timestamp>,
) -> Result<Progress> {
    if let Some(as_of) = as_of {
        settle_silence(analytics, product, settings.session_timeout_secs, as_of).await?;
    }
    product_settings::keep(analytics, product, settings, lease).await?;
    if shape(analytics, product).await? != Some(SHAPE) {
        empty(analytics, product, lease).await?;
    }
    let days = dirty_days(analytics, Some(product), u32::MAX).await?;
    let mut left = days.as_slice();
    while !left.is_empty() {
        if left.len() < days.len() && started.elapsed() >= budget {
            break;
        }
        let now = &left[..left.len().min(STEP_DAYS)];
        let done = step(analytics, product, lease, now).await?;
        clear_dirty(analytics, &now[..done]).await?;
        left = &left[done..];
    }
    if let (true, Some(as_of)) = (left.is_empty(), as_of) {
        finish(analytics, product, lease, as_of).await?;
        news::look(analytics, product, settings, lease, as_of).await?;
    }
    Ok(Progress {
        days_done: (days.len() - left.len()) as u64,
        days_left: left.len() as u64,
    })
}

/// Computes the first of the days, at least one, in one transaction; says how many.
async fn step(
    analytics: &Database,
    product: &ProductId,
    lease: &Lease<'_>,
    days: &[DirtyDay],
) -> Result<usize> {
    let started = Instant::now();
    let mut transaction = analytics.begin_late().await?;
    lease.renew(&mut transaction).await?;
    let mut step = Step::default();
    let mut done = 0;
    for dirty in days {
        step.add_day(&mut transaction, product, dirty.day).await?;
        done += 1;
        if started.elapsed() >= STEP_TIME {
            break;
        }
    }
    step.finish(&mut transaction, product).await?;
    transaction.commit().await?;
    Ok(done)
}

/// Notes that nothing is left to do. The instant never goes back.
async fn finish(
    analytics: &Database,
    product: &ProductId,
    lease: &Lease<'_>,
    as_of: Timestamp,
) -> Result<()> {
    let mut transaction = analytics.begin_late().await?;
    lease.renew(&mut transaction).await?;
    let held = statement("SELECT as_of FROM analyze_run WHERE product = ?")
        .bind(product.as_str())
        .fetch_optional(&mut transaction)
        .await?;
    let held = held.map(|row| Cells::new(&row).time()).transpose()?;
    statement("REPLACE INTO analyze_run (product, as_of) VALUES (?, ?)")
        .bind(product.as_str())
        .bind(held.map_or(as_of, |held| held.max(as_of)).0)
        .execute(&mut transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// The shape of which a product's tables are; none before they are first computed.
async fn shape(analytics: &Database, product: &ProductId) -> Result<Option<i64>> {
    let mut connection = analytics.read().await?;
    let row = statement("SELECT shape FROM analyze_shape WHERE product = ?")
        .bind(product.as_str())
        .fetch_optional(&mut connection)
        .await?;
    Ok(row.map(|row| Cells::new(&row).int()).transpose()?)
}

/// Marks every day on which there is anything, then empties the tables.
async fn empty(analytics: &Database, product: &ProductId, lease: &Lease<'_>) -> Result<()> {
    let mut connection = analytics.read().await?;
    let rows = statement("SELECT DISTINCT start_day FROM sessions.session WHERE product = ?")
        .bind(product.as_str())
        .fetch_all(&mut connection)
        .await?;
    let days: std::result::Result<BTreeSet<Day>, logbook_backends::Error> =
        rows.iter().map(|row| Cells::new(row).day()).collect();
    mark_dirty(analytics, product, &days?).await?;
    let mut transaction = analytics.begin_late().await?;
    lease.renew(&mut transaction).await?;
    delete_all(&mut transaction, &TABLES, product).await?;
    statement("REPLACE INTO analyze_shape (product, shape) VALUES (?, ?)")
        .bind(product.as_str())
        .bind(SHAPE)
        .execute(&mut transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}
