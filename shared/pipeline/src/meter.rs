//! How long the stages work, measured where they run and carried to where it can be noted.
//!
//! `upload` and `intake` reach no database. What a call of theirs took is known when it is over, so
//! it travels with the next log that the same process archives or queues, and is noted when that
//! one is parsed. The last calls of a process that then ends are never told of: the sums are a
//! little low, by one call a process. Work is laid to the product of the log that it travels with.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use logbook_backends::Database;
use logbook_backends::sql::{Work, WorkKey, note_work};
use logbook_model::{ProductId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Result;

/// Most calls, and most seconds, that one log may bring word of.
const MAX_CALLS: u64 = 1 << 32;
const MAX_SECS: u64 = 1 << 32;
/// Days of work of which a process keeps its sums.
const KEPT_DAYS: i32 = 2;

/// A stage whose work is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// From an application to the archive.
    Upload,
    /// From the inbox to the archive, and from there to the queue.
    Intake,
    /// From the queue to rows.
    Parse,
    /// From rows to reports.
    Analyze,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 4] = [Self::Upload, Self::Intake, Self::Parse, Self::Analyze];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Intake => "intake",
            Self::Parse => "parse",
            Self::Analyze => "analyze",
        }
    }
}

/// Work that was done and is not noted yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    stage: Stage,
    memory_mb: u32,
    calls: u64,
    us: u64,
    /// Known where they are stored, and told to nobody else.
    #[serde(skip)]
    sessions: u64,
}

impl Done {
    /// As few bytes of an object's metadata: `upload 512 2 900`.
    pub(crate) fn to_header(self) -> String {
        let stage = self.stage.name();
        format!("{stage} {} {} {}", self.memory_mb, self.calls, self.us)
    }

    /// The inverse of [`Done::to_header`]; nothing where it is none, or cannot be.
    pub(crate) fn from_header(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let name = words.next()?;
        let stage = Stage::ALL.into_iter().find(|stage| stage.name() == name)?;
        let done = Self {
            stage,
            memory_mb: words.next()?.parse().ok()?,
            calls: words.next()?.parse().ok()?,
            us: words.next()?.parse().ok()?,
            sessions: 0,
        };
        done.checked().filter(|_| words.next().is_none())
    }

    /// Itself, if it can be: it comes out of a message or an object's metadata.
    pub(crate) fn checked(self) -> Option<Self> {
        let is_likely = self.calls <= MAX_CALLS && self.us / 1_000_000 <= MAX_SECS;
        is_likely.then_some(self)
    }

    const fn work(self) -> Work {
        Work {
            calls: self.calls,
            work_us: self.us,
            sessions: self.sessions,
        }
    }
}

/// Measures the stages of a process.
#[derive(Debug)]
pub struct Meter {
    memory_mb: u32,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    done: BTreeMap<Stage, Work>,
    worker: Option<u32>,
    sums: BTreeMap<WorkKey, Work>,
}

impl Meter {
    /// A meter of a process that may use so much memory.
    pub fn new(memory_mb: u32) -> Self {
        Self {
            memory_mb,
            held: Mutex::default(),
        }
    }

    /// Does something, and notes how long it took.
    pub async fn measure<T>(&self, stage: Stage, work: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let output = work.await;
        let took = started.elapsed();
        self.held().done.entry(stage).or_default().add(Work {
            calls: 1,
            work_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            sessions: 0,
        });
        output
    }

    /// What parsing came to: sessions that were stored.
    pub(crate) const fn stored(&self, sessions: u64) -> Done {
        Done {
            stage: Stage::Parse,
            memory_mb: self.memory_mb,
            calls: 0,
            us: 0,
            sessions,
        }
    }

    /// The work of a stage that nobody was told of yet; whoever takes it tells.
    pub fn take(&self, stage: Stage) -> Option<Done> {
        let work = self.held().done.remove(&stage)?;
        Some(Done {
            stage,
            memory_mb: self.memory_mb,
            calls: work.calls,
            us: work.work_us,
            sessions: work.sessions,
        })
    }

    /// Takes back work of which nobody was told after all.
    pub(crate) fn give_back(&self, done: Done) {
        let mut held = self.held();
        held.done.entry(done.stage).or_default().add(done.work());
    }

    /// Notes work in the database. A failure is none of the work's own: it is logged.
    pub async fn note(
        &self,
        database: &Database,
        now: Timestamp,
        done: impl IntoIterator<Item = (ProductId, Done)>,
    ) {
        let sums = self.sums(now, done);
        if sums.is_empty() {
            return;
        }
        let noted = match self.worker() {
            Ok(worker) => note_work(database, worker, &sums).await.map_err(Into::into),
            Err(error) => Err(error),
        };
        if let Err(error) = noted {
            tracing::warn!(%error, "how long stages worked is not noted");
        }
    }

    /// Adds work to the sums of this process, and gives those that changed.
    fn sums(
        &self,
        now: Timestamp,
        done: impl IntoIterator<Item = (ProductId, Done)>,
    ) -> Vec<(WorkKey, Work)> {
        let mut held = self.held();
        let day = now.day();
        held.sums.retain(|key, _| key.day >= day.plus(-KEPT_DAYS));
        let mut changed = BTreeMap::new();
        for (product, done) in done {
            let key = WorkKey {
                product,
                day,
                stage: done.stage.name().to_owned(),
                memory_mb: done.memory_mb,
            };
            let sum = held.sums.entry(key.clone()).or_default();
            sum.add(done.work());
            changed.insert(key, *sum);
        }
        changed.into_iter().collect()
    }

    /// What tells this process from others.
    fn worker(&self) -> Result<u32> {
        let mut held = self.held();
        if let Some(worker) = held.worker {
            return Ok(worker);
        }
        let mut random = [0; 4];
        getrandom::fill(&mut random).map_err(logbook_backends::Error::Random)?;
        let worker = u32::from_le_bytes(random);
        held.worker = Some(worker);
        Ok(worker)
    }

    /// A poisoned lock guards sums that are whole at every step.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_told_of_once_and_summed_by_process() {
        let meter = Meter::new(512);
        for _ in 0..3 {
            meter.measure(Stage::Upload, async {}).await;
        }
        let done = meter.take(Stage::Upload).unwrap();
        assert_eq!((done.calls, done.memory_mb), (3, 512));
        assert_eq!(meter.take(Stage::Upload), None);
        let product = ProductId::new("editor").unwrap();
        let calls = |sums: Vec<(WorkKey, Work)>| sums[0].1.calls;
        let now = Timestamp(0);
        assert_eq!(calls(meter.sums(now, [(product.clone(), done)])), 3);
        assert_eq!(calls(meter.sums(now, [(product, done)])), 6);
    }

    #[test]
    fn what_cannot_be_is_not_believed() {
        let told = "upload 512 2 900";
        assert_eq!(Done::from_header(told).unwrap().to_header(), told);
        for wrong in [
            "",
            "upload 512 2",
            "upload 512 2 900 1",
            "query 512 2 900",
            "upload 512 -2 900",
            "upload 512 2 9999999999999999",
        ] {
            assert_eq!(Done::from_header(wrong), None, "{wrong}");
        }
    }
}
