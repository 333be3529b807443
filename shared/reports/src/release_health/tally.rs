//! Sessions counted by their worst status, with who had them.

use logbook_model::Status;

use crate::Result;
use crate::persons::Persons;
use crate::reply::share;
use crate::source::DaySession;

/// What is counted of the sessions of a group.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    /// Sessions by status, in the order of [`Status::ALL`].
    pub(crate) by_status: [u64; 6],
    pub(crate) unidentified: u64,
    pub(crate) with_events: u64,
    pub(crate) persons: Persons,
    /// Those with a session worse than exited.
    pub(crate) erring: Persons,
    /// Those with a crashed session.
    pub(crate) crashing: Persons,
}

/// The rates and shares of a tally; nothing where they are of nothing.
pub(crate) struct Rates {
    pub(crate) of_group: [Option<f64>; 4],
    pub(crate) shares: [Option<f64>; 2],
}

impl Tally {
    pub(crate) fn add_session(&mut self, session: &DaySession) {
        self.by_status[session.status as usize] += 1;
        self.with_events += u64::from(session.has_events);
        let Some(person) = session.person else {
            self.unidentified += 1;
            return;
        };
        self.persons.add(person);
        if session.status > Status::Exited {
            self.erring.add(person);
        }
        if session.status == Status::Crashed {
            self.crashing.add(person);
        }
    }

    /// Adds stored sets: all persons, the erring, the crashing.
    pub(crate) fn add_sets(&mut self, [persons, erring, crashing]: [&[u8]; 3]) -> Result<()> {
        self.persons.add_bytes(persons)?;
        self.erring.add_bytes(erring)?;
        self.crashing.add_bytes(crashing)
    }

    pub(crate) fn sessions(&self) -> u64 {
        self.by_status.iter().sum()
    }

    /// Rates, and shares of all sessions and of all users.
    pub(crate) fn rates(&mut self, all_sessions: u64, all_users: u64) -> Rates {
        let (sessions, users) = (self.sessions(), self.persons.count());
        let status = |status: Status| self.by_status[status as usize];
        let crashed = status(Status::Crashed);
        let good = status(Status::Ok) + status(Status::Exited);
        Rates {
            of_group: [
                share(sessions - crashed, sessions),
                share(good, sessions),
                share(users - self.crashing.count(), users),
                share(users - self.erring.count(), users),
            ],
            shares: [share(sessions, all_sessions), share(users, all_users)],
        }
    }
}
