//! From the plan to uploads.

use std::collections::BTreeMap;

use logbook_model::{Consent, Day, LogReject, Timestamp};

use crate::accounts::place_name;
use crate::gzip::gzip;
use crate::plan::{Content, Fate, Flaw, Log, Plan, Planned};
use crate::product::{Product, product};
use crate::render::{metadata, render, uuid};
use crate::rng::Rng;
use crate::runs::DAY_MS;
use crate::sheet::{Line, LineState, facts_beside, sheet};
use crate::truth::{Truth, truth};
use crate::upload::{Expect, Route, Upload};
use crate::world::World;

/// What the demo depends on: the same three make the same bytes, everywhere and always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoConfig {
    /// Any number.
    pub seed: u64,
    /// Runs of the software. Not all of them are sent: see [`DemoConfig::new`].
    pub sessions: u32,
    /// The last of the 60 days on which anything is started or received (UTC); in the years
    /// 1971 to 9997. Not everything of this day is in: what would end or arrive later was moved
    /// a week back.
    pub end: Day,
}

impl DemoConfig {
    /// The demo's usual size: 5,000 runs. About one in ten leaves no session, for its user
    /// agreed to send crashes or errors only, or nothing, or its log was damaged on the way.
    pub const fn new(end: Day) -> Self {
        Self {
            seed: 4,
            sessions: 5_000,
            end,
        }
    }
}

/// Sixty days in the life of a product.
#[derive(Debug)]
pub struct Demo {
    config: DemoConfig,
    world: World,
    plan: Plan,
    product: Product,
}

impl Demo {
    /// Works out who does what when, and which uploads come of it; writes none of them yet.
    pub fn new(config: DemoConfig) -> Self {
        let world = World::new(config.seed, config.sessions, config.end);
        Self {
            config,
            plan: Plan::new(&world),
            product: product(&world.accounts, config.end),
            world,
        }
    }

    /// What the demo was made of.
    pub const fn config(&self) -> DemoConfig {
        self.config
    }

    /// The product whose logs these are.
    pub const fn product(&self) -> &Product {
        &self.product
    }

    /// The uploads in the order of their receipt. Each is written when it is asked for.
    pub fn uploads(&self) -> Uploads<'_> {
        Uploads {
            demo: self,
            next: self.plan.planned.iter(),
        }
    }

    /// How many uploads there are.
    pub fn len_hint(&self) -> usize {
        self.plan.planned.len()
    }

    /// What a pipeline must find, counted from the plan and not from the bytes.
    pub fn truth(&self) -> Truth {
        truth(&self.world, &self.plan, self.config.end)
    }

    fn upload(&self, planned: &Planned) -> Upload {
        let received_at = Timestamp(planned.received_ms * 1000);
        let number = planned.number;
        match &planned.content {
            Content::Log(log) => self.log(planned, log, received_at),
            Content::Junk(junk) => Upload {
                log_id: self.plain_id(number),
                route: junk.route(),
                received_at,
                body: junk.body(self.world.seed, number),
                content_type: junk.content_type(),
                consent: Consent::Usage,
                metadata: BTreeMap::new(),
                expect: Expect::Rejected(junk.reject()),
            },
        }
    }

    fn log(&self, planned: &Planned, log: &Log, received_at: Timestamp) -> Upload {
        let mut lines = sheet(&self.world, &self.plan, log);
        let run = lines[0].run;
        let consent = self.world.person_of(run).consent;
        let beside = facts_beside(&self.world, log, &lines);
        if planned.fate == Fate::Conflict {
            // The same id for another log: here, one that lacks its end.
            lines.pop();
        }
        let plain = render(&self.world, &lines, log.flaw, beside);
        Upload {
            log_id: self.log_id(planned.number, log),
            route: log.route,
            received_at,
            body: packed(plain, log),
            content_type: if log.zip {
                "application/gzip"
            } else {
                "application/x-ndjson"
            },
            consent,
            metadata: if beside {
                metadata(&self.world, run)
            } else {
                BTreeMap::new()
            },
            expect: match planned.fate {
                Fate::Conflict => Expect::Conflict,
                Fate::Again(number) => Expect::Duplicate {
                    of: self.log_id(number, log),
                },
                Fate::First => expect(consent, log, &lines),
            },
        }
    }

    fn log_id(&self, number: u32, log: &Log) -> String {
        if log.route != Route::Inbox {
            return self.plain_id(number);
        }
        let first = self.plan.slices[log.slices.start as usize].run;
        let run = &self.world.runs[first as usize];
        let account = self.world.person_of(first).account.unwrap_or_default();
        let day = Day(run.start_ms.div_euclid(DAY_MS) as i32);
        let place = place_name(account).to_ascii_lowercase();
        format!("{place}-{day}-{number:08x}")
    }

    fn plain_id(&self, number: u32) -> String {
        uuid(Rng::of(self.world.seed, 0x10c, u64::from(number)).next())
    }
}

/// The uploads of a [`Demo`], in the order of their receipt.
#[derive(Debug, Clone)]
pub struct Uploads<'a> {
    demo: &'a Demo,
    next: std::slice::Iter<'a, Planned>,
}

impl Iterator for Uploads<'_> {
    type Item = Upload;

    fn next(&mut self) -> Option<Upload> {
        self.next.next().map(|planned| self.demo.upload(planned))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.next.size_hint()
    }
}

impl ExactSizeIterator for Uploads<'_> {}

/// The body as it is sent.
fn packed(plain: Vec<u8>, log: &Log) -> Vec<u8> {
    if !log.zip {
        return plain;
    }
    let mut body = gzip(&plain);
    match log.flaw {
        Flaw::Truncated => body.truncate(body.len() * 3 / 5),
        Flaw::Corrupt => {
            let checksum = body.len() - 8;
            body[checksum] ^= 0x55;
        }
        _ => {}
    }
    body
}

/// What must become of a log that comes for the first time.
pub(crate) fn expect(consent: Consent, log: &Log, lines: &[Line]) -> Expect {
    if consent == Consent::Off {
        return Expect::Refused;
    }
    match log.flaw {
        Flaw::Truncated => return Expect::Rejected(LogReject::Truncated),
        Flaw::Corrupt => return Expect::Rejected(LogReject::Corrupt),
        _ => {}
    }
    let count = |state| lines.iter().filter(|line| line.state == state).count() as u64;
    let rejected_events = count(LineState::Broken);
    Expect::Parsed {
        sessions: log.slices.len() as u32,
        events: lines.len() as u64 - rejected_events,
        rejected_events,
        repaired_lines: count(LineState::Repaired),
    }
}
