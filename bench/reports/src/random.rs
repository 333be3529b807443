//! Numbers that look random and are the same on every run.

/// A sequence (`SplitMix64`: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators",
/// OOPSLA 2014).
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The sequence of something that has a number.
    pub(crate) const fn new(seed: u64, of: u64) -> Self {
        Self(mix(seed ^ mix(of)))
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// From 0 to 1, without 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// Of this mean, exponentially distributed.
    pub(crate) fn waiting(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// A position, by weights added up from the first on.
    pub(crate) fn weighted(&mut self, sums: &[f64]) -> usize {
        let all = sums.last().copied().unwrap_or_default();
        let at = self.unit() * all;
        sums.partition_point(|sum| *sum <= at)
            .min(sums.len().saturating_sub(1))
    }
}

/// Another number for each number.
pub(crate) const fn mix(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Weights added up from the first on.
pub(crate) fn sums(weights: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut sum = 0.0;
    let added = weights.into_iter().map(|weight| {
        sum += weight;
        sum
    });
    added.collect()
}
