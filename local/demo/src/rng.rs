//! Random numbers that are the same everywhere, in integers only.

/// `SplitMix64`. Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators",
/// OOPSLA 2014; the constants are those of S. Vigna's public-domain `splitmix64.c`.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

/// One in fixed point: 16 bits after the point.
pub(crate) const ONE: i64 = 1 << 16;

/// `2^(i/16)` in fixed point, for `i` from 0 to 16.
const POWERS: [u64; 17] = [
    65_536, 68_438, 71_468, 74_632, 77_936, 81_386, 84_990, 88_752, 92_682, 96_785, 101_070,
    105_545, 110_218, 115_098, 120_194, 125_515, 131_072,
];

/// The finaliser of `SplitMix64`: a bijection on 64 bits.
pub(crate) const fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Rng {
    /// The stream of a seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for the `index`-th thing of a kind.
    pub(crate) const fn of(seed: u64, kind: u64, index: u64) -> Self {
        Self(mix(mix(seed.wrapping_add(kind)).wrapping_add(index)))
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `n`; 0 where `n` is 0. Source: D. Lemire, "Fast Random Integer Generation
    /// in an Interval", 2019 (without the correction of a bias below 2^-32).
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    /// True in so many of a million cases.
    pub(crate) fn chance(&mut self, ppm: u32) -> bool {
        self.below(1_000_000) < u64::from(ppm)
    }

    /// A position, by weight.
    pub(crate) fn weighted(&mut self, weights: &[u32]) -> usize {
        let total = weights.iter().map(|&w| u64::from(w)).sum();
        let mut left = self.below(total);
        for (position, &weight) in weights.iter().enumerate() {
            if left < u64::from(weight) {
                return position;
            }
            left -= u64::from(weight);
        }
        0
    }

    /// A position, by the running sums of the weights.
    pub(crate) fn by_sums(&mut self, sums: &[u64]) -> usize {
        let at = self.below(sums.last().copied().unwrap_or(0));
        sums.partition_point(|&sum| sum <= at)
    }

    /// A normal deviate in fixed point: the sum of twelve uniform ones (Irwin-Hall).
    fn normal(&mut self) -> i64 {
        let sum: u64 = (0..3)
            .map(|_| {
                let bits = self.next();
                (0..4).map(|i| (bits >> (16 * i)) & 0xffff).sum::<u64>()
            })
            .sum();
        sum as i64 - 6 * 0xffff
    }

    /// A log-normal deviate: half of all lie below `median`, and one standard deviation is
    /// `octaves` (fixed point) doublings.
    pub(crate) fn log_normal(&mut self, median: u64, octaves: i64) -> u64 {
        let exponent = (self.normal() * octaves) >> 16;
        scale(median, exponent.clamp(-20 * ONE, 20 * ONE))
    }
}

/// `value * 2^exponent`, the exponent in fixed point, by linear interpolation in [`POWERS`].
fn scale(value: u64, exponent: i64) -> u64 {
    let (whole, part) = (exponent >> 16, (exponent & 0xffff) as u64);
    let (step, rest) = ((part >> 12) as usize, part & 0xfff);
    let power = POWERS[step] + (((POWERS[step + 1] - POWERS[step]) * rest) >> 12);
    let product = u128::from(value) * u128::from(power);
    (if whole < 0 {
        product >> (16 - whole)
    } else {
        (product << whole) >> 16
    }) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_that_of_the_reference() {
        // First outputs of Vigna's splitmix64.c with x = 1234567.
        let mut rng = Rng::new(1_234_567);
        let got: Vec<u64> = (0..3).map(|_| rng.next()).collect();
        let want = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn log_normal_deviates_have_their_median_and_their_spread() {
        let mut rng = Rng::new(7);
        let mut values: Vec<u64> = (0..20_001).map(|_| rng.log_normal(1000, ONE)).collect();
        values.sort_unstable();
        assert!((960..1040).contains(&values[10_000]), "{}", values[10_000]);
        // One standard deviation above is twice the median.
        let upper = values[20_001 * 8413 / 10_000];
        assert!((1900..2100).contains(&upper), "{upper}");
    }

    #[test]
    fn powers_of_two_are_exact() {
        assert_eq!(scale(5, 3 * ONE), 40);
        assert_eq!(scale(40, -3 * ONE), 5);
        assert_eq!(scale(1000, ONE / 2), 1414);
    }
}
