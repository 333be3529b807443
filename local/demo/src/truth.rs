//! What a pipeline must find: counted from the plan, not read from any log.

use std::collections::{BTreeMap, BTreeSet};

use logbook_model::{Day, LogReject, Status, Timestamp};

use crate::demo::expect;
use crate::faults::Fault;
use crate::people::Environment;
use crate::plan::{Content, Fate, Plan};
use crate::product::SESSION_TIMEOUT_SECS;
use crate::render::name_of;
use crate::runs::DAY_MS;
use crate::script::What;
use crate::sheet::{Line, LineState, sheet};
use crate::upload::Expect;
use crate::world::World;

/// What becomes of all uploads of a demo together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Truth {
    /// Uploads by [`Expect::name`].
    pub uploads: BTreeMap<&'static str, u64>,
    /// Refused logs by reason.
    pub rejected: BTreeMap<LogReject, u64>,
    /// Refused records of logs that are parsed.
    pub rejected_events: u64,
    /// Repaired lines of logs that are parsed.
    pub repaired_lines: u64,
    /// The instant by which silence is judged in [`Tallies::sessions`]: the end of the last day.
    pub as_of: Timestamp,
    /// All sessions.
    pub everything: Tallies,
    /// Those whose environment is `production`.
    pub production: Tallies,
}

/// Figures about sessions. A session and all its events belong to the day of its first event,
/// as its log states it: some clocks say 1970, some next year.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tallies {
    /// Sessions by version and final status.
    pub sessions: BTreeMap<(&'static str, Status), u64>,
    /// Sessions by day.
    pub sessions_by_day: BTreeMap<Day, u64>,
    /// Records.
    pub events: u64,
    /// Sum of the records' counts.
    pub occurrences: u64,
    /// Records that are errors of any kind; crashes are among them.
    pub errors: u64,
    /// Records that are crashes, by version.
    pub crashes: BTreeMap<&'static str, u64>,
    /// Distinct users, where none is named installations, by day.
    pub users: BTreeMap<Day, u64>,
    /// Occurrences by day, version and name. Start and end of sessions are among the names.
    pub uses: BTreeMap<(Day, &'static str, &'static str), u64>,
}

impl Tallies {
    /// All sessions.
    pub fn session_count(&self) -> u64 {
        self.sessions.values().sum()
    }
}

/// What is known of a run so far.
#[derive(Debug, Clone, Default)]
struct Seen {
    first_ms: Option<i64>,
    last_ms: Option<i64>,
    started: bool,
    ended: bool,
    events: u64,
    occurrences: u64,
    errors: u64,
    unhandled: u64,
    crashes: u64,
    uses: BTreeMap<&'static str, u64>,
}

pub(crate) fn truth(world: &World, plan: &Plan, end: Day) -> Truth {
    let mut counter = Counter::new(world, Timestamp::start_of(end.plus(1)));
    let mut open: BTreeMap<u32, Seen> = BTreeMap::new();
    for planned in &plan.planned {
        let log = match (&planned.content, planned.fate) {
            (Content::Junk(junk), _) => {
                counter.rejected(junk.reject());
                continue;
            }
            (_, Fate::Again(_)) => {
                counter.count("duplicate");
                continue;
            }
            (_, Fate::Conflict) => {
                counter.count("conflict");
                continue;
            }
            (Content::Log(log), Fate::First) => log,
        };
        let lines = sheet(world, plan, log);
        let consent = world.person_of(lines[0].run).consent;
        match expect(consent, log, &lines) {
            Expect::Rejected(reason) => counter.rejected(reason),
            Expect::Parsed {
                rejected_events,
                repaired_lines,
                ..
            } => {
                counter.count("parsed");
                counter.truth.rejected_events += rejected_events;
                counter.truth.repaired_lines += repaired_lines;
                for part in lines.chunk_by(|a, b| a.run == b.run) {
                    if part[0].whole {
                        counter.session(part[0].run, &seen(world, part));
                    } else {
                        open.entry(part[0].run).or_default().add(seen(world, part));
                    }
                }
            }
            other => counter.count(other.name()),
        }
    }
    for (run, seen) in open {
        counter.session(run, &seen);
    }
    counter.finish()
}

fn seen(world: &World, part: &[Line]) -> Seen {
    let mut seen = Seen::default();
    for line in part.iter().filter(|line| line.state != LineState::Broken) {
        let record = &line.record;
        let at_ms = world.written_ms(line.run, record);
        seen.first_ms.get_or_insert(at_ms);
        seen.last_ms = Some(at_ms);
        seen.started |= record.what == What::Start;
        seen.ended |= record.what == What::End;
        seen.events += 1;
        seen.occurrences += u64::from(record.count);
        let fault = record.fault.map(|(fault, _)| fault);
        seen.errors += u64::from(!matches!(fault, None | Some(Fault::Warning)));
        seen.unhandled += u64::from(fault == Some(Fault::Unhandled));
        seen.crashes += u64::from(fault == Some(Fault::Crash));
        *seen.uses.entry(name_of(world, record.what)).or_default() += u64::from(record.count);
    }
    seen
}

impl Seen {
    /// Another part of the same run.
    fn add(&mut self, other: Self) {
        self.first_ms = [self.first_ms, other.first_ms].into_iter().flatten().min();
        self.last_ms = self.last_ms.max(other.last_ms);
        self.started |= other.started;
        self.ended |= other.ended;
        self.events += other.events;
        self.occurrences += other.occurrences;
        self.errors += other.errors;
        self.unhandled += other.unhandled;
        self.crashes += other.crashes;
        for (name, uses) in other.uses {
            *self.uses.entry(name).or_default() += uses;
        }
    }

    fn status(&self, as_of: Timestamp) -> Status {
        let silent_us = as_of.0 - self.last_ms.unwrap_or_default() * 1000;
        let silent = silent_us > i64::from(SESSION_TIMEOUT_SECS) * 1_000_000;
        match () {
            () if self.crashes > 0 => Status::Crashed,
            () if self.started && !self.ended && silent => Status::Abnormal,
            () if self.unhandled > 0 => Status::Unhandled,
            () if self.errors > 0 => Status::Errored,
            () if self.ended => Status::Exited,
            () => Status::Ok,
        }
    }
}

type Users = BTreeMap<Day, BTreeSet<(u32, bool)>>;

struct Counter<'a> {
    world: &'a World,
    truth: Truth,
    users: Users,
    production_users: Users,
}

impl<'a> Counter<'a> {
    fn new(world: &'a World, as_of: Timestamp) -> Self {
        let truth = Truth {
            as_of,
            ..Truth::default()
        };
        Self {
            world,
            truth,
            users: Users::new(),
            production_users: Users::new(),
        }
    }

    fn count(&mut self, outcome: &'static str) {
        *self.truth.uploads.entry(outcome).or_default() += 1;
    }

    fn rejected(&mut self, reason: LogReject) {
        self.count("rejected");
        *self.truth.rejected.entry(reason).or_default() += 1;
    }

    fn session(&mut self, run: u32, seen: &Seen) {
        let person = self.world.person_of(run);
        let version = self.world.version_of(run);
        let day = Day(seen.first_ms.unwrap_or_default().div_euclid(DAY_MS) as i32);
        let as_of = self.truth.as_of;
        let machine = &self.world.runs[run as usize];
        let user = (machine.person, machine.laptop && !person.named);
        self.truth.everything.add(day, version, seen, as_of);
        self.users.entry(day).or_default().insert(user);
        if person.environment == Environment::Production {
            self.truth.production.add(day, version, seen, as_of);
            self.production_users.entry(day).or_default().insert(user);
        }
    }

    fn finish(mut self) -> Truth {
        let sizes = |users: Users| users.into_iter().map(|(day, set)| (day, set.len() as u64));
        self.truth.everything.users = sizes(self.users).collect();
        self.truth.production.users = sizes(self.production_users).collect();
        self.truth
    }
}

impl Tallies {
    fn add(&mut self, day: Day, version: &'static str, seen: &Seen, as_of: Timestamp) {
        *self
            .sessions
            .entry((version, seen.status(as_of)))
            .or_default() += 1;
        *self.sessions_by_day.entry(day).or_default() += 1;
        self.events += seen.events;
        self.occurrences += seen.occurrences;
        self.errors += seen.errors;
        if seen.crashes > 0 {
            *self.crashes.entry(version).or_default() += seen.crashes;
        }
        for (&name, &uses) in &seen.uses {
            *self.uses.entry((day, version, name)).or_default() += uses;
        }
    }
}
