//! A session, as the logs that it comes in.

use std::collections::{BTreeMap, BTreeSet};

use logbook_backends::sql::{LogMeta, ParsedLog, RejectSample, RejectedLog, Rejects, Via};
use logbook_model::{
    Consent, Event, EventReject, EventTime, Kind, Level, LogId, LogReject, Part, PartBuilder,
    ProductId, SessionId, Timestamp,
};

use crate::random::Random;
use crate::world::{PRODUCT, Person, World};

/// The profile that reads the logs.
pub const PROFILE: &str = "logbook@1";
/// The product's session timeout.
pub const TIMEOUT_SECS: u32 = 1800;

/// Names of a session that are kept apart.
const MAX_NAMES: usize = 10_000;
const HOUR_US: i64 = 3_600_000_000;
/// How many sessions begin in each hour of a day, by weight.
const HOURS: [f64; 24] = [
    1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 4.0, 8.0, 12.0, 14.0, 14.0, 12.0, 10.0, 12.0, 14.0, 14.0, 12.0,
    9.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0,
];
/// Where the numbers of new sessions begin.
const NEW: u64 = 1 << 40;
/// Hours of a day in which new sessions come, and the first of them.
const OFFICE: (u64, u64) = (10, 8);

/// What comes in.
#[derive(Debug)]
pub enum Delivery {
    /// A log that can be read.
    Parsed(ParsedLog),
    /// One with the content of another.
    Duplicate(ParsedLog, LogId),
    /// One that is refused.
    Rejected(RejectedLog),
}

impl World {
    /// What a session of the history comes in, in this order.
    pub fn deliveries(&self, number: u64) -> Vec<Delivery> {
        let mut random = Random::new(self.size.seed, number);
        let day = self.day_of(number);
        let hour = random.weighted(&crate::random::sums(HOURS)) as i64;
        self.run(number, &mut random, (day, hour))
    }

    /// The logs of a new hour, the same whatever there was before.
    pub fn hour(&self, nth: u64, sessions: u64) -> Vec<ParsedLog> {
        let (day, hour) = self.when(nth);
        let numbers = (0..sessions).map(|at| NEW + nth * 1_000_000 + at);
        let logs = numbers.flat_map(|number| {
            let mut random = Random::new(self.size.seed, number);
            self.run(number, &mut random, (day, hour))
        });
        let parsed = logs.filter_map(|delivery| match delivery {
            Delivery::Parsed(log) => Some(log),
            _ => None,
        });
        parsed.collect()
    }

    /// The end of a new hour.
    pub fn end_of_hour(&self, nth: u64) -> Timestamp {
        let (day, hour) = self.when(nth);
        Timestamp(Timestamp::start_of(self.first_day().plus(day)).0 + (hour + 1) * HOUR_US)
    }

    const fn when(&self, nth: u64) -> (i32, i64) {
        let day = self.size.days as u64 + nth / OFFICE.0;
        (day as i32, (OFFICE.1 + nth % OFFICE.0) as i64)
    }

    fn run(&self, number: u64, random: &mut Random, (day, hour): (i32, i64)) -> Vec<Delivery> {
        let person = self.someone(random, day);
        let start = Timestamp::start_of(self.first_day().plus(day)).0 + hour * HOUR_US;
        let start = start + random.below(HOUR_US as u64) as i64;
        let events = self.events(random, person, start);
        let facts = |part: &mut Part| {
            let facts = &mut part.facts;
            facts.version = Some(Self::version(person, day));
            facts.os = Some(person.os.to_owned());
            facts.runtime = Some(person.runtime.to_owned());
            facts.user.clone_from(&person.user);
            facts.installation = Some(person.installation.clone());
            facts.account.clone_from(&person.account);
            facts.environment = person.environment.map(str::to_owned);
        };
        let run = Run {
            id: format!("{:016x}", self.id(number)),
            ends: random.chance(0.97),
        };
        let middle = if number % 37 == 5 {
            events.len() / 2
        } else {
            events.len()
        };
        let (first, second) = events.split_at(middle);
        let mut found = vec![run.log(0, first, second.is_empty(), facts)];
        if !second.is_empty() {
            found.push(run.log(1, second, true, facts));
        }
        if number % 100 == 3 {
            found[0].rejects = rejects(1 + number % 4);
            found[0].records += 1 + number % 4;
        }
        let owner = found[0].clone();
        let mut found: Vec<Delivery> = found.into_iter().map(Delivery::Parsed).collect();
        if number % 200 == 7 {
            let mut twin = owner.clone();
            twin.meta.log = log_id("d", &run.id);
            for part in &mut twin.parts {
                part.log = twin.meta.log.clone();
            }
            found.push(Delivery::Duplicate(twin, owner.meta.log.clone()));
        }
        if number % 300 == 11 {
            found.push(Delivery::Rejected(rejected(owner.meta, &run.id)));
        }
        found
    }

    /// What happens in a session: twenty features or so, most of them the person's own.
    fn events(&self, random: &mut Random, person: &Person, start: i64) -> Vec<Event<'_>> {
        let wanted = 10 + random.below(21) as usize;
        let mut names = BTreeSet::new();
        let mut events: Vec<Event<'_>> = Vec::new();
        let mut at = start;
        while names.len() < wanted && events.len() < 5 * wanted {
            let rank = if random.chance(0.65) {
                person.favourites[random.below(person.favourites.len() as u64) as usize]
            } else {
                random.weighted(&self.popularity)
            };
            names.insert(rank);
            at += 1000 + random.waiting(30e6) as i64;
            events.push(self.event(random, rank, at));
        }
        if random.chance(0.004) {
            events.push(Event {
                kind: Kind::Crash,
                level: Level::Fatal,
                name: "app.crash".into(),
                duration_us: None,
                ..self.event(random, 0, at + 1000)
            });
        }
        events
    }

    fn event(&self, random: &mut Random, rank: usize, at: i64) -> Event<'_> {
        let fails = random.chance(match rank % 20 {
            0 => 0.03,
            7 => 0.01,
            _ => 0.001,
        });
        let unhandled = fails && random.chance(0.05);
        let took = 1e3 * f64::from(1u32 << (rank % 12)) * (0.3 + random.waiting(1.0));
        Event {
            seq: 0,
            line: 0,
            offset: 0,
            time: Some(EventTime::utc(at)),
            name: self.features[rank].as_str().into(),
            level: if fails { Level::Error } else { Level::Info },
            error: fails,
            kind: match (fails, unhandled) {
                (true, true) => Kind::Unhandled,
                (true, false) => Kind::Error,
                _ => Kind::Normal,
            },
            count: 1 + random.below(3),
            duration_us: Some(took as u64).filter(|_| rank % 5 < 3),
        }
    }
}

/// A session, as far as its logs have it in common.
struct Run {
    id: String,
    ends: bool,
}

impl Run {
    /// The nth of its logs.
    fn log(
        &self,
        nth: u64,
        events: &[Event<'_>],
        is_last: bool,
        facts: impl Fn(&mut Part),
    ) -> ParsedLog {
        let id = if nth == 0 { "l" } else { "m" };
        let (product, log) = (product(), log_id(id, &self.id));
        let last = events.iter().filter_map(|event| event.time).next_back();
        let ended = last.map_or(0, |last| last.at.0);
        let received = Timestamp(ended + 40_000_000);
        let mut builder = PartBuilder::new(
            product.clone(),
            SessionId::from_text(&self.id),
            log.clone(),
            received,
            0,
            MAX_NAMES,
        );
        for (seq, event) in (0..).zip(events) {
            builder.push(&Event {
                seq,
                line: u64::from(seq) + 1,
                ..event.clone()
            });
        }
        let part = builder.part_mut();
        PROFILE.clone_into(&mut part.profile);
        part.marks_ends = true;
        part.started = nth == 0;
        part.continued = nth > 0;
        part.end = (is_last && self.ends).then_some(last);
        facts(part);
        ParsedLog {
            meta: meta(product, log, received, events.len() as u64),
            content_hash: content_hash(&self.id, nth),
            parts: vec![builder.finish()],
            records: events.len() as u64,
            repaired_utf8: 0,
            flagged: BTreeMap::new(),
            rejects: Rejects::default(),
            session_timeout_secs: TIMEOUT_SECS,
        }
    }
}

fn meta(product: ProductId, log: LogId, received: Timestamp, events: u64) -> LogMeta {
    let later = |ms: i64| Timestamp(received.0 + ms * 1000);
    LogMeta {
        product,
        log,
        via: Via::Api,
        consent: Consent::Usage,
        received_at: received,
        archived_at: later(80),
        queued_at: Some(later(300)),
        parsed_at: later(1200),
        sealed_bytes: 200 + events * 30,
        inflated_bytes: events * 250,
        profile: PROFILE.to_owned(),
        parser_version: "1".to_owned(),
    }
}

fn rejects(n: u64) -> Rejects {
    let sample = |line| RejectSample {
        reason: EventReject::Broken,
        line: Some(line),
        byte_offset: Some(250 * line),
        detail: "expected value at line 1 column 1".to_owned(),
    };
    Rejects {
        samples: (1..=n).map(sample).collect(),
        counts: BTreeMap::from([(EventReject::Broken, n)]),
    }
}

fn rejected(meta: LogMeta, id: &str) -> RejectedLog {
    RejectedLog {
        meta: LogMeta {
            log: log_id("r", id),
            ..meta
        },
        reason: LogReject::Truncated,
        detail: "the stream ends too early".to_owned(),
        rejects: Rejects::default(),
        session_timeout_secs: TIMEOUT_SECS,
    }
}

fn content_hash(id: &str, nth: u64) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..id.len().min(24)].copy_from_slice(&id.as_bytes()[..id.len().min(24)]);
    hash[24..].copy_from_slice(&nth.to_be_bytes());
    hash
}

#[expect(clippy::expect_used, reason = "the names of this file are good ones")]
fn product() -> ProductId {
    ProductId::new(PRODUCT).expect("a name of a product")
}

#[expect(clippy::expect_used, reason = "the names of this file are good ones")]
fn log_id(kind: &str, id: &str) -> LogId {
    LogId::new(format!("{kind}-{id}")).expect("a name of a log")
}
