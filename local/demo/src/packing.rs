//! Which runs come in which uploads, when, and in what state.

use std::collections::BTreeMap;

use logbook_model::Consent;

use crate::junk::Junk;
use crate::people::Delivery;
use crate::plan::{Content, Fate, Flaw, Log, Planned, Slice};
use crate::rng::Rng;
use crate::runs::DAY_MS;
use crate::upload::Route;
use crate::world::World;

const HOUR_MS: i64 = 3_600_000;
/// From so many records on, a log is large: it asks for a ticket.
const LARGE: u32 = 400;

/// Slices and uploads; what repeats an upload stands behind it.
pub(crate) fn pack(world: &World) -> (Vec<Slice>, Vec<Planned>) {
    let mut packer = Packer {
        world,
        slices: Vec::new(),
        planned: Vec::new(),
        numbers: 0,
        next_conflict: 41,
    };
    packer.pack();
    packer.add_junk();
    (packer.slices, packer.planned)
}

struct Packer<'a> {
    world: &'a World,
    slices: Vec<Slice>,
    planned: Vec<Planned>,
    numbers: u32,
    /// The first upload from this number on that can have one is given an upload in conflict with it.
    next_conflict: u32,
}

impl Packer<'_> {
    fn pack(&mut self) {
        let mut waiting: BTreeMap<(bool, u32), Vec<u32>> = BTreeMap::new();
        for run in 0..self.world.runs.len() as u32 {
            if self.world.extents[run as usize].records == 0 {
                continue;
            }
            let person = self.world.person_of(run);
            let (key, size) = match person.delivery {
                Delivery::Batch(size) => ((false, self.world.runs[run as usize].person), size),
                Delivery::Site(size) => ((true, person.account.unwrap_or_default()), size),
                Delivery::Prompt => {
                    self.single(run);
                    continue;
                }
            };
            // Logs of different consent cannot share an upload.
            if person.consent != Consent::Usage {
                self.single(run);
                continue;
            }
            let batch = waiting.entry(key).or_default();
            batch.push(run);
            if batch.len() >= usize::from(size) {
                let batch = std::mem::take(batch);
                self.several(&batch, key.0);
            }
        }
        for ((site, _), batch) in waiting {
            if !batch.is_empty() {
                self.several(&batch, site);
            }
        }
    }

    /// A run in a log of its own, or in two or three.
    fn single(&mut self, run: u32) {
        let extent = self.world.extents[run as usize];
        let mut rng = self.rng(run);
        let usage = self.world.person_of(run).consent == Consent::Usage;
        if usage && extent.records >= 30 && rng.chance(60_000) {
            return self.split(run, &mut rng);
        }
        let delay = if extent.stopped && usage {
            // It is sent when the software is next started.
            rng.between(HOUR_MS / 2, 40 * HOUR_MS)
        } else {
            delay_ms(&mut rng)
        };
        self.log(&[self.whole(run)], extent.end_ms, delay, false);
    }

    fn split(&mut self, run: u32, rng: &mut Rng) {
        let records = self.world.script(run);
        let count = records.len() as u32;
        let pieces = if count >= 90 { rng.between(2, 3) } else { 2 } as u32;
        for piece in 0..pieces {
            let (from, to) = (count * piece / pieces, count * (piece + 1) / pieces);
            let slice = Slice {
                run,
                from,
                to,
                whole: false,
            };
            // Now and then the beginning comes after the end.
            let late = piece == 0 && rng.chance(150_000);
            let delay = if late {
                rng.between(DAY_MS, 3 * DAY_MS)
            } else {
                delay_ms(rng)
            };
            self.log(&[slice], records[to as usize - 1].at_ms, delay, false);
        }
    }

    fn several(&mut self, runs: &[u32], site: bool) {
        let slices: Vec<Slice> = runs.iter().map(|&run| self.whole(run)).collect();
        let ends = runs
            .iter()
            .map(|&run| self.world.extents[run as usize].end_ms);
        let ready = ends.max().unwrap_or_default();
        let mut rng = self.rng(runs[0]);
        let delay = if site {
            rng.between(HOUR_MS, 3 * DAY_MS)
        } else {
            delay_ms(&mut rng)
        };
        self.log(&slices, ready, delay, site);
    }

    fn whole(&self, run: u32) -> Slice {
        Slice {
            run,
            from: 0,
            to: self.world.extents[run as usize].records,
            whole: true,
        }
    }

    fn rng(&self, run: u32) -> Rng {
        Rng::of(self.world.runs[run as usize].seed, 0xde1, 0)
    }

    fn log(&mut self, slices: &[Slice], ready_ms: i64, delay_ms: i64, site: bool) {
        let first = self.slices.len() as u32;
        self.slices.extend_from_slice(slices);
        let records: u32 = slices.iter().map(|slice| slice.to - slice.from).sum();
        let person = self.world.person_of(slices[0].run);
        let (number, flaw) = (self.numbers, flaw_of(self.numbers));
        let zipped = matches!(flaw, Flaw::Truncated | Flaw::Corrupt);
        let log = Log {
            slices: first..self.slices.len() as u32,
            route: match () {
                () if site => Route::Inbox,
                () if records >= LARGE => Route::Ticket,
                () => Route::Api,
            },
            zip: zipped || person.zips || records >= 200,
            flaw,
        };
        // What would come too late comes at once.
        let received_ms = if ready_ms + delay_ms > self.world.horizon_ms {
            (ready_ms + 800).min(self.world.horizon_ms)
        } else {
            ready_ms + delay_ms
        };
        let off = person.consent == Consent::Off;
        self.push(received_ms, Content::Log(log.clone()), Fate::First, number);
        self.numbers += 1;
        if !zipped && !off {
            self.repeat(number, received_ms, &log, records);
        }
    }

    /// Clients that try again though all went well, files that are dropped twice, ids that are
    /// used twice: not by way of the inbox, where what becomes of the second hangs on whether the
    /// first waits there still.
    fn repeat(&mut self, number: u32, received_ms: i64, log: &Log, records: u32) {
        let mut rng = Rng::of(self.world.seed, 0x2e9, u64::from(number));
        let (after, fate) = match number {
            n if n % 67 == 13 => (rng.between(2_000, 300_000), Fate::Again(number)),
            n if n % 149 == 29 => (rng.between(60_000, 2 * DAY_MS), Fate::Again(number)),
            n if n >= self.next_conflict && records >= 4 && log.route == Route::Api => {
                self.next_conflict += 331;
                (rng.between(60_000, DAY_MS), Fate::Conflict)
            }
            _ => return,
        };
        let received_ms = (received_ms + after).min(self.world.horizon_ms);
        let mut id = number;
        if number % 67 != 13 && fate != Fate::Conflict {
            id = self.numbers;
            self.numbers += 1;
        }
        self.push(received_ms, Content::Log(log.clone()), fate, id);
    }

    /// Uploads that are no logs.
    fn add_junk(&mut self) {
        let runs = self.world.runs.len() as u64;
        if runs == 0 {
            return;
        }
        let common = Junk::COMMON.iter().cycle().take(3 + runs as usize / 500);
        for &kind in common.chain(&[Junk::Empty]) {
            let mut rng = Rng::of(self.world.seed, 0x7a5, u64::from(self.numbers));
            let run = self.world.runs[rng.below(runs) as usize];
            let at = (run.start_ms + rng.between(0, DAY_MS)).min(self.world.horizon_ms);
            self.push(at, Content::Junk(kind), Fate::First, self.numbers);
            self.numbers += 1;
        }
    }

    fn push(&mut self, received_ms: i64, content: Content, fate: Fate, number: u32) {
        self.planned.push(Planned {
            received_ms,
            number,
            content,
            fate,
        });
    }
}

/// How long after its last record a log is received: mostly at once, sometimes days later.
fn delay_ms(rng: &mut Rng) -> i64 {
    match rng.below(1000) {
        0..30 => rng.between(DAY_MS, 6 * DAY_MS),
        30..70 => rng.between(HOUR_MS, 30 * HOUR_MS),
        _ => rng.between(800, 90_000),
    }
}

/// By number, so that the smallest demo has one of each.
const fn flaw_of(number: u32) -> Flaw {
    match number {
        n if n % 83 == 5 => Flaw::BrokenLine,
        n if n % 127 == 9 => Flaw::InvalidUtf8,
        n if n % 113 == 21 => Flaw::Crlf,
        n if n % 241 == 33 => Flaw::ByteOrderMark,
        n if n % 251 == 77 => Flaw::Truncated,
        n if n % 499 == 97 => Flaw::Corrupt,
        _ => Flaw::None,
    }
}
