//! The whole fictional world, before any log is written.

use logbook_model::Day;

use crate::accounts::{Account, accounts};
use crate::catalog::Catalog;
use crate::modules::MODULES;
use crate::people::{Environment, Person, TimeStyle, people};
use crate::releases::{PERIOD_DAYS, RELEASES};
use crate::runs::{DAY_MS, Run, Schedule};
use crate::script::{Record, Scene, What, script};

/// How far a run reaches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// Records that are sent.
    pub(crate) records: u32,
    /// Time of the last of them, in milliseconds of UTC.
    pub(crate) end_ms: i64,
    /// It neither ended nor crashed.
    pub(crate) stopped: bool,
}

/// Accounts, people and their runs.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) catalog: Catalog,
    pub(crate) accounts: Vec<Account>,
    pub(crate) people: Vec<Person>,
    /// By their starts.
    pub(crate) runs: Vec<Run>,
    /// One a run.
    pub(crate) extents: Vec<Extent>,
    /// The last instant at which anything is received, in milliseconds of UTC.
    pub(crate) horizon_ms: i64,
    all_licences: Vec<&'static str>,
}

impl World {
    pub(crate) fn new(seed: u64, sessions: u32, end: Day) -> Self {
        let accounts = accounts(seed, (sessions / 200).max(10), end);
        let people = people(seed, &accounts, sessions);
        let licensed = MODULES.iter().filter(|module| module.licensed);
        let mut world = Self {
            seed,
            catalog: Catalog::new(),
            accounts,
            people,
            runs: Vec::new(),
            extents: Vec::new(),
            horizon_ms: i64::from(end.0 + 1) * DAY_MS - 1000,
            all_licences: licensed.map(|module| module.id).collect(),
        };
        let schedule = Schedule::new(seed, &world.people, first_day(end));
        let mut runs: Vec<(Run, Extent)> = (0..sessions)
            .map(|index| world.settled(&schedule, schedule.run(index)))
            .collect();
        runs.sort_unstable_by_key(|(run, _)| (run.start_ms, run.seed));
        (world.runs, world.extents) = runs.into_iter().unzip();
        world
    }

    /// A run that is over in time; one that is not was a week, or weeks, earlier.
    fn settled(&self, schedule: &Schedule<'_>, run: Run) -> (Run, Extent) {
        let mut run = run;
        for _ in 0..4 {
            let extent = self.extent(&run);
            if extent.end_ms <= self.horizon_ms {
                return (run, extent);
            }
            run = schedule.earlier(run, 7);
        }
        (run, self.extent(&run))
    }

    fn extent(&self, run: &Run) -> Extent {
        let records = script(self.scene(run.person), run);
        let last = records.last();
        let over = |record: &Record| record.what == What::End || record.crashed();
        Extent {
            records: records.len() as u32,
            end_ms: last.map_or(run.start_ms, |record| record.at_ms),
            stopped: last.is_some_and(|record| !over(record)),
        }
    }

    fn scene(&self, person: u32) -> Scene<'_> {
        let person = &self.people[person as usize];
        let licences = match person.account {
            Some(account) => &self.accounts[account as usize].modules[..],
            None if person.environment == Environment::Production => &[],
            None => &self.all_licences[..],
        };
        Scene {
            catalog: &self.catalog,
            person,
            licences,
        }
    }

    /// The records of a run.
    pub(crate) fn script(&self, run: u32) -> Vec<Record> {
        let run = &self.runs[run as usize];
        script(self.scene(run.person), run)
    }

    /// Who runs.
    pub(crate) fn person_of(&self, run: u32) -> &Person {
        &self.people[self.runs[run as usize].person as usize]
    }

    /// The version that a run's logs name.
    pub(crate) fn version_of(&self, run: u32) -> &'static str {
        let release = usize::from(self.runs[run as usize].release);
        if self.person_of(run).environment == Environment::Production {
            return RELEASES[release].version;
        }
        // Tests run what comes next.
        RELEASES
            .get(release + 1)
            .map_or("4.4.0-rc.1", |next| next.candidate)
    }

    /// A record's time as the log states it, in milliseconds: local where the log has no zone.
    pub(crate) fn written_ms(&self, run: u32, record: &Record) -> i64 {
        let person = self.person_of(run);
        let local = person.times == TimeStyle::NoZone;
        record.stated_ms
            + if local {
                i64::from(person.offset_min) * 60_000
            } else {
                0
            }
    }
}

/// The first day of the period that ends with `end`.
pub(crate) const fn first_day(end: Day) -> Day {
    end.plus(1 - PERIOD_DAYS)
}
