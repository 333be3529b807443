//! Objects of the inbox that nobody told of, or that intake died over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use logbook_backends::Listed;
use logbook_bootstrap::metrics::{self, Unit};
use logbook_model::Timestamp;
use logbook_pipeline::list_inbox;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::{Context, IntakeError, MAX_OBJECT_BYTES, take_in};

/// How old an object must be: younger ones are left to their events.
const AGE: Duration = Duration::from_mins(15);
/// Objects listed at most; the next sweep sees the rest.
const MAX_LISTED: usize = 100_000;
/// What may be in memory at once, in MiB, an object counting one at least.
const MAX_MIB: u32 = 128;
/// Objects taken in at once.
const AT_ONCE: u32 = 16;

/// What a sweep did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct InboxSweep {
    /// Objects that were taken in.
    taken: usize,
    /// Objects that could not be.
    failed: usize,
    /// Old objects that were not come to, for lack of time.
    left: usize,
    /// The age of the oldest object that is in the inbox still.
    oldest_age: Duration,
}

/// One object, and what came of it.
type Done = (Timestamp, Result<(), logbook_pipeline::Error>);

/// Takes in what has been in the inbox for longer than a quarter of an hour, the oldest first, for
/// as long as the budget lasts. Metrics say how old the oldest is that is there afterwards.
pub(crate) async fn sweep(context: &Context) -> Result<InboxSweep, IntakeError> {
    let until = Instant::now() + context.budget;
    let mut listed = list_inbox(&context.inbox, MAX_LISTED).await?;
    let now = (context.now)();
    listed.sort_unstable_by_key(|object| object.created_at);
    let young = listed.partition_point(|object| age(now, object.created_at) > AGE);
    let mut oldest_there = listed.get(young).map(|object| object.created_at);
    let (done, left) = take_all(context, &listed[..young], until).await;
    let mut sweep = InboxSweep {
        left: left.len(),
        ..InboxSweep::default()
    };
    let mut there = |at: Timestamp| {
        oldest_there = Some(oldest_there.map_or(at, |oldest| oldest.min(at)));
    };
    for object in left {
        there(object.created_at);
    }
    let mut first = None;
    for (created_at, result) in done {
        match result {
            Ok(()) => sweep.taken += 1,
            Err(error) => {
                tracing::error!(error = %error, "an inbox object is not taken in");
                there(created_at);
                sweep.failed += 1;
                first.get_or_insert(error);
            }
        }
    }
    sweep.oldest_age = oldest_there.map_or(Duration::ZERO, |at| age(now, at));
    tell(&sweep);
    let all = young;
    let failed = sweep.failed;
    first.map_or(Ok(sweep), |first| {
        Err(IntakeError::Objects { failed, all, first })
    })
}

fn tell(sweep: &InboxSweep) {
    // Given where there is none as well: an alarm must see it go.
    let age = sweep.oldest_age.as_secs_f64();
    metrics::put("InboxOldestAgeSeconds", Unit::Seconds, age);
    metrics::count("InboxObjectsSwept", sweep.taken);
    let (taken, failed, left) = (sweep.taken, sweep.failed, sweep.left);
    tracing::info!(taken, failed, left, "inbox swept");
}

/// Takes objects in, several at once, until the time is over; gives the rest.
async fn take_all<'a>(
    context: &Context,
    objects: &'a [Listed],
    until: Instant,
) -> (Vec<Done>, &'a [Listed]) {
    let room = Arc::new(Semaphore::new(MAX_MIB as usize));
    let (mut tasks, mut done) = (JoinSet::new(), Vec::new());
    let mut started = 0;
    for object in objects {
        let room = Arc::clone(&room)
            .acquire_many_owned(weight(object.size))
            .await;
        let (Ok(room), true) = (room, Instant::now() < until) else {
            break;
        };
        started += 1;
        let (context, key, created_at) = (context.clone(), object.key.clone(), object.created_at);
        tasks.spawn(async move {
            let taken = take_in(&context, &key).await;
            drop(room);
            (created_at, taken.map(drop))
        });
        while let Some(ended) = tasks.try_join_next() {
            done.extend(ended);
        }
    }
    while let Some(ended) = tasks.join_next().await {
        done.extend(ended);
    }
    (done, &objects[started..])
}

/// The room that an object takes. One that is too large is not read.
fn weight(bytes: u64) -> u32 {
    let read = if bytes > MAX_OBJECT_BYTES { 0 } else { bytes };
    let mib = u32::try_from(read >> 20).unwrap_or(MAX_MIB);
    mib.clamp(MAX_MIB / AT_ONCE, MAX_MIB)
}

fn age(now: Timestamp, at: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(now.0 - at.0).unwrap_or(0))
}
