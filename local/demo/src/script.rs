//! What happens in one run of the software.

use logbook_model::Consent;

use crate::catalog::{Catalog, FeatureIndex, Module};
use crate::faults::{Fault, Message, message};
use crate::people::{Clock, Environment, Person};
use crate::releases::{added_faults, pace_percent};
use crate::rng::{ONE, Rng};
use crate::runs::{DAY_MS, Run};

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Start,
    End,
    Use(FeatureIndex),
}

/// One record of a log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) what: What,
    /// When it was, in milliseconds of UTC.
    pub(crate) at_ms: i64,
    /// When the machine's clock says it was, in milliseconds of UTC.
    pub(crate) stated_ms: i64,
    pub(crate) fault: Option<(Fault, Message)>,
    pub(crate) count: u32,
    pub(crate) duration_ms: Option<u32>,
}

impl Record {
    pub(crate) const fn crashed(&self) -> bool {
        matches!(self.fault, Some((Fault::Crash, _)))
    }
}

/// All that a run needs to know of its surroundings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) person: &'a Person,
    /// Licensed modules of the person's account.
    pub(crate) licences: &'a [&'static str],
}

/// What each role does more than the others do: designers, editors, production, automation.
const ROLES: [&[&str]; 4] = [
    &[
        "image",
        "vector",
        "color",
        "layer",
        "style",
        "assistant",
        "fonts",
    ],
    &["text", "style", "table", "page", "collab"],
    &["export", "print", "prepress", "image", "color"],
    &["datamerge", "script", "table", "export"],
];

/// The records of a run, as far as the person agreed to have them sent.
pub(crate) fn script(scene: Scene<'_>, run: &Run) -> Vec<Record> {
    let mut course = Course::new(scene, run);
    course.play();
    course.finish()
}

struct Course<'a> {
    scene: Scene<'a>,
    run: &'a Run,
    rng: Rng,
    now_ms: i64,
    wanted: usize,
    records: Vec<Record>,
    weights: Vec<u32>,
    over: bool,
}

impl<'a> Course<'a> {
    fn new(scene: Scene<'a>, run: &'a Run) -> Self {
        let mut rng = Rng::new(run.seed);
        let median = if scene.person.environment == Environment::Production {
            36
        } else {
            70
        };
        // One standard deviation is a factor of e.
        let wanted = rng.log_normal(median, ONE * 144 / 100).clamp(2, 6_000) as usize;
        let weigh = |module: &Module| weight(scene, run.release, module);
        let weights = scene.catalog.modules.iter().map(weigh).collect();
        Self {
            scene,
            run,
            rng,
            now_ms: run.start_ms,
            wanted,
            records: Vec::with_capacity(wanted + 8),
            weights,
            over: false,
        }
    }

    fn play(&mut self) {
        let named = self.scene.catalog.named;
        self.push(What::Start, None, 1, None);
        let opens = self.rng.chance(820_000);
        self.use_feature(if opens { named.open } else { named.new });
        while !self.over && self.records.len() < self.wanted {
            self.task();
        }
        let exports = self.rng.chance(380_000) && self.wanted > 12;
        let last = [
            (named.save, self.rng.chance(600_000)),
            (named.export_pdf, exports),
            (named.close, self.rng.chance(700_000)),
        ];
        for (feature, _) in last.into_iter().filter(|(_, happens)| *happens) {
            if !self.over {
                self.use_feature(feature);
            }
        }
        // Some runs just stop: the lid is shut, the process is killed, the power fails.
        if !self.over && self.rng.chance(965_000) {
            self.wait();
            self.push(What::End, None, 1, None);
        }
    }

    /// A few uses of one module, and now and then an undo or a save between them.
    fn task(&mut self) {
        let catalog = self.scene.catalog;
        let module = &catalog.modules[self.rng.weighted(&self.weights)];
        for _ in 0..self.rng.between(1, 8) {
            if self.over || self.records.len() >= self.wanted {
                return;
            }
            let feature = match self.rng.below(100) {
                0..8 => catalog.named.undo,
                8..11 => catalog.named.save,
                11..14 => catalog.named.autosave,
                _ => module.pick(&mut self.rng),
            };
            self.use_feature(feature);
        }
    }

    fn use_feature(&mut self, index: FeatureIndex) {
        self.wait();
        let (run, feature) = (self.run, self.scene.catalog.feature(index));
        let rng = &mut self.rng;
        let percent = pace_percent(run.release, feature.name);
        let duration_ms = feature.duration_ms(rng, percent);
        let count = if feature.bundle == 1 {
            1
        } else {
            rng.log_normal(feature.bundle, ONE).clamp(1, 5_000) as u32
        };
        let added = added_faults(run.release, feature.name, self.scene.person.is_mac());
        // Tests provoke errors on purpose.
        let tested = self.scene.person.environment != Environment::Production;
        let error_ppm = feature.error_ppm * if tested { 6 } else { 1 } + added.error;
        let fault = match rng.below(1_000_000) as u32 {
            n if n < added.crash + 90 => Some(Fault::Crash),
            n if n < added.crash + added.unhandled + 190 => Some(Fault::Unhandled),
            n if n < added.crash + added.unhandled + 190 + error_ppm => Some(Fault::Error),
            n if n > 996_000 => Some(Fault::Warning),
            _ => None,
        };
        self.now_ms += i64::from(duration_ms.unwrap_or(1));
        let fault = fault.map(|fault| (fault, message(rng, fault, feature.name, run.release)));
        let crashed = matches!(fault, Some((Fault::Crash, _)));
        // What crashed took no time that anybody could have measured.
        let duration_ms = duration_ms.filter(|_| !crashed);
        self.push(
            What::Use(index),
            fault,
            if crashed { 1 } else { count },
            duration_ms,
        );
        self.over = crashed;
    }

    /// The user thinks, or has lunch.
    fn wait(&mut self) {
        let median = match self.wanted {
            0..400 => 13_000,
            400..1_500 => 5_000,
            _ => 1_500,
        };
        let wait = self.rng.log_normal(median, ONE * 16 / 10).min(9_000_000);
        let machine = self.scene.person.habit == crate::people::Habit::Always;
        self.now_ms += if machine { wait / 100 + 1 } else { wait + 20 } as i64;
    }

    fn push(
        &mut self,
        what: What,
        fault: Option<(Fault, Message)>,
        count: u32,
        duration_ms: Option<u32>,
    ) {
        self.records.push(Record {
            what,
            at_ms: self.now_ms,
            stated_ms: self.now_ms,
            fault,
            count,
            duration_ms,
        });
    }

    fn finish(mut self) -> Vec<Record> {
        self.set_clock();
        let consent = self.scene.person.consent;
        let fault = |record: &Record| record.fault.map(|(fault, _)| fault);
        match consent {
            // A client that must not send at all and does.
            Consent::Off | Consent::Usage => {}
            Consent::Error => self
                .records
                .retain(|r| !matches!(fault(r), None | Some(Fault::Warning))),
            Consent::Crash => self.records.retain(|r| fault(r) == Some(Fault::Crash)),
        }
        self.records
    }

    /// What the machine's clock made of the times.
    fn set_clock(&mut self) {
        let first = self.run.start_ms;
        let from = self.rng.below(self.records.len().max(2) as u64 * 60) as usize;
        let step = self.rng.between(2_000, 5_400_000);
        for (index, record) in self.records.iter_mut().enumerate() {
            record.stated_ms = match self.scene.person.clock {
                Clock::Right if index >= from && from > 0 => record.at_ms - step,
                Clock::Right => record.at_ms,
                Clock::Unset => record.at_ms - first + 41_000,
                Clock::YearAhead => record.at_ms + 365 * DAY_MS,
            };
        }
    }
}

fn weight(scene: Scene<'_>, release: u8, module: &Module) -> u32 {
    let spec = module.spec;
    if release < spec.since || (spec.licensed && !scene.licences.contains(&spec.id)) {
        return 0;
    }
    let liked = ROLES[usize::from(scene.person.role)].contains(&spec.id);
    spec.weight * if liked { 3 } else { 1 }
}
