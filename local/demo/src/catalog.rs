//! The features of the product: how often each is used, how long it takes, how it fails.

use crate::modules::{BUNDLED, MODULES, ModuleSpec, PACES};
use crate::rng::{ONE, Rng, mix};

/// How long a feature takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Too short to be measured by the user; one in ten is measured by the log.
    Instant,
    Quick,
    Medium,
    Slow,
    Batch,
}

impl Pace {
    /// Median in milliseconds, and the spread of the log-normal distribution in doublings.
    const fn distribution(self) -> (u64, i64) {
        match self {
            Self::Instant => (9, ONE * 8 / 10),
            Self::Quick => (70, ONE),
            Self::Medium => (520, ONE * 11 / 10),
            Self::Slow => (3_600, ONE * 12 / 10),
            Self::Batch => (17_000, ONE * 13 / 10),
        }
    }
}

/// One feature.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feature {
    pub(crate) name: &'static str,
    pub(crate) pace: Pace,
    /// Typical occurrences that a row stands for; 1: a row an occurrence.
    pub(crate) bundle: u64,
    /// Median duration in percent of the pace's: features of one pace differ.
    percent: u64,
    /// Share of failing uses, in parts per million.
    pub(crate) error_ppm: u32,
}

/// Index of a feature in [`Catalog::features`].
pub(crate) type FeatureIndex = u16;

/// A module with the range of its features.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) spec: &'static ModuleSpec,
    pub(crate) first: FeatureIndex,
    /// Running sums of the features' weights.
    sums: Vec<u64>,
}

/// All modules and features.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) features: Vec<Feature>,
    pub(crate) modules: Vec<Module>,
    pub(crate) named: Named,
}

/// Features that the course of a session names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named {
    pub(crate) open: FeatureIndex,
    pub(crate) new: FeatureIndex,
    pub(crate) save: FeatureIndex,
    pub(crate) close: FeatureIndex,
    pub(crate) undo: FeatureIndex,
    pub(crate) export_pdf: FeatureIndex,
    pub(crate) autosave: FeatureIndex,
}

impl Catalog {
    pub(crate) fn new() -> Self {
        let mut features = Vec::new();
        let mut modules = Vec::new();
        for spec in MODULES {
            let first = features.len() as FeatureIndex;
            features.extend(spec.features.iter().map(|name| feature(spec, name)));
            // Zipf's law: the n-th feature is used a n-th as often as the first.
            let weights = (1..=spec.features.len() as u64).map(|rank| 2520 / rank);
            let sums = weights.scan(0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            });
            modules.push(Module {
                spec,
                first,
                sums: sums.collect(),
            });
        }
        let index = |name: &str| {
            let at = features.iter().position(|f: &Feature| f.name == name);
            at.unwrap_or_default() as FeatureIndex
        };
        let named = Named {
            open: index("document.open"),
            new: index("document.new"),
            save: index("document.save"),
            close: index("document.close"),
            undo: index("edit.undo"),
            export_pdf: index("export.pdf"),
            autosave: index("document.autosave"),
        };
        Self {
            features,
            modules,
            named,
        }
    }

    pub(crate) fn feature(&self, index: FeatureIndex) -> &Feature {
        &self.features[usize::from(index)]
    }
}

impl Module {
    /// One of its features, the often used more often.
    pub(crate) fn pick(&self, rng: &mut Rng) -> FeatureIndex {
        self.first + rng.by_sums(&self.sums) as FeatureIndex
    }
}

impl Feature {
    /// How long one use takes, in milliseconds; `None` where the log does not say.
    pub(crate) fn duration_ms(&self, rng: &mut Rng, percent: u64) -> Option<u32> {
        let (median, spread) = self.pace.distribution();
        let measured = self.pace != Pace::Instant || rng.chance(100_000);
        let duration = rng.log_normal(median * self.percent * percent / 10_000, spread);
        measured.then_some(duration.clamp(1, 3_600_000) as u32)
    }
}

fn feature(spec: &ModuleSpec, name: &'static str) -> Feature {
    let pace = PACES.iter().find(|(held, _)| *held == name);
    let bundle = BUNDLED.iter().find(|(held, _)| *held == name);
    let number = name
        .bytes()
        .fold(0, |n, b| mix(u64::wrapping_add(n, u64::from(b))));
    Feature {
        name,
        pace: pace.map_or(spec.pace, |&(_, pace)| pace),
        bundle: bundle.map_or(1, |&(_, bundle)| bundle),
        percent: 60 + number % 100,
        error_ppm: (u64::from(spec.error_ppm) * (40 + number / 128 % 120) / 100) as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_about_two_hundred_features_and_every_name_is_known_once() {
        let catalog = Catalog::new();
        let mut names: Vec<&str> = catalog.features.iter().map(|f| f.name).collect();
        assert!((190..=220).contains(&names.len()), "{}", names.len());
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), catalog.features.len());
        let exceptions = PACES.iter().map(|&(name, _)| name);
        for name in exceptions.chain(BUNDLED.iter().map(|&(name, _)| name)) {
            assert!(names.binary_search(&name).is_ok(), "{name}");
        }
        assert_eq!(catalog.feature(catalog.named.close).name, "document.close");
    }
}
