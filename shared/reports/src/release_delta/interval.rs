//! Intervals of 95 % for proportions, quantiles and differences.

/// The standard normal distribution's quantile of 0.975.
const Z: f64 = 1.959_963_984_540_054;

/// The chance that a value beyond an end is taken for one within.
const BEYOND: f64 = 0.025;

/// An estimate with the interval around it; `None` for an end that nothing is known of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
}

impl Estimate {
    /// Whether the interval leaves out 0.
    pub(super) fn leaves_out_zero(&self) -> bool {
        self.low.is_some_and(|low| low > 0.0) || self.high.is_some_and(|high| high < 0.0)
    }
}

/// A proportion with Wilson's score interval; nothing of nothing.
pub(super) fn proportion(part: u64, whole: u64) -> Option<Estimate> {
    let (low, high) = score(part as f64, whole as f64)?;
    Some(Estimate {
        value: part as f64 / whole as f64,
        low: Some(low),
        high: Some(high),
    })
}

/// Wilson's score interval of `part` in `whole`.
fn score(part: f64, whole: f64) -> Option<(f64, f64)> {
    if whole <= 0.0 {
        return None;
    }
    let (p, z2) = (part / whole, Z * Z);
    let scale = 1.0 + z2 / whole;
    let centre = (p + z2 / (2.0 * whole)) / scale;
    let half = Z / scale * (p * (1.0 - p) / whole + z2 / (4.0 * whole * whole)).sqrt();
    Some(((centre - half).max(0.0), (centre + half).min(1.0)))
}

/// A quantile of `n` values with the order statistics between which it lies: those at the ends
/// of the score interval of `q n` in `n`. Of few values it may well lie beyond all of them, and
/// then there is no such end: above the greatest with a chance of `q^n`, below the least with one of
/// `(1 - q)^n`.
pub(super) fn quantile(n: u64, q: f64, at: impl Fn(f64) -> Option<u64>) -> Option<Estimate> {
    let (low, high) = score(q * n as f64, n as f64)?;
    let many = n.min(MANY) as i32;
    let end = |beyond: f64, end: f64| {
        let is_known = beyond.powi(many) <= BEYOND;
        is_known.then(|| at(end)).flatten().map(|end| end as f64)
    };
    Some(Estimate {
        value: at(q)? as f64,
        low: end(1.0 - q, low),
        high: end(q, high),
    })
}

/// So many values that no chance of all of them is worth speaking of.
const MANY: u64 = 100_000;

/// `new - old` with the interval by Newcombe's hybrid of the two intervals (square-and-add). An end
/// needs an end of each.
pub(super) fn difference(new: Estimate, old: Estimate) -> Estimate {
    let value = new.value - old.value;
    let below = new.low.zip(old.high);
    let below = below.map(|(low, high)| length(new.value - low, high - old.value));
    let above = new.high.zip(old.low);
    let above = above.map(|(high, low)| length(high - new.value, old.value - low));
    Estimate {
        value,
        low: below.map(|below| value - below),
        high: above.map(|above| value + above),
    }
}

/// The length of a vector. `f64::hypot` would ask for a newer C library than Lambda has.
fn length(x: f64, y: f64) -> f64 {
    (x * x + y * y).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(estimate: Estimate) -> [String; 3] {
        [Some(estimate.value), estimate.low, estimate.high]
            .map(|number| number.map_or("none".to_owned(), |number| format!("{number:.4}")))
    }

    #[test]
    fn proportions_are_those_of_newcombes_papers() {
        // Newcombe 1998 (two-sided intervals for the single proportion), table I, method 3.
        for (part, whole, low, high) in [
            (81, 263, "0.2553", "0.3662"),
            (15, 148, "0.0624", "0.1605"),
            (0, 20, "0.0000", "0.1611"),
            (1, 29, "0.0061", "0.1718"),
        ] {
            let [_, l, h] = rounded(proportion(part, whole).unwrap());
            assert_eq!((l.as_str(), h.as_str()), (low, high), "{part}/{whole}");
        }
        assert_eq!(proportion(0, 0), None);
    }

    #[test]
    fn differences_are_those_of_newcombes_papers() {
        // Newcombe 1998 (interval estimation for the difference), table II, method 10.
        for ((a, m), (b, n), low, high) in [
            ((56, 70), (48, 80), "0.0524", "0.3339"),
            ((9, 10), (3, 10), "0.1705", "0.8090"),
            ((5, 56), (0, 29), "-0.0381", "0.1926"),
            ((0, 10), (0, 20), "-0.1611", "0.2775"),
            ((10, 10), (0, 10), "0.6075", "1.0000"),
        ] {
            let new = proportion(a, m).unwrap();
            let [_, l, h] = rounded(difference(new, proportion(b, n).unwrap()));
            assert_eq!((l.as_str(), h.as_str()), (low, high), "{a}/{m} - {b}/{n}");
        }
    }

    #[test]
    fn quantiles_lie_between_order_statistics() {
        let values: Vec<u64> = (1..=1000).collect();
        let at = |q: f64| {
            values
                .get(((q * 1000.0).ceil() as usize).saturating_sub(1))
                .copied()
        };
        let found = quantile(1000, 0.95, at).unwrap();
        assert_eq!(rounded(found), ["950.0000", "935.0000", "962.0000"]);
        assert_eq!(quantile(0, 0.95, |_| None), None);
    }

    #[test]
    fn of_few_values_a_quantile_may_lie_beyond_all_of_them() {
        // The least n with 0.95^n <= 0.025 is 72 (Hahn, Meeker: tables of order statistics).
        let ends = |n: u64| {
            let found = quantile(n, 0.95, |q| Some((q * n as f64).ceil() as u64)).unwrap();
            (found.low.is_some(), found.high.is_some())
        };
        assert_eq!(ends(1), (false, false));
        assert_eq!(ends(2), (true, false));
        assert_eq!(ends(71), (true, false));
        assert_eq!(ends(72), (true, true));
        assert_eq!(ends(u64::MAX >> 12), (true, true));
    }

    #[test]
    fn releases_that_are_alike_seldom_differ_however_few_their_uses() {
        // Numbers as good as random, the same each time.
        let mut state = 1_u64;
        let mut random = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state >> 33
        };
        let mut sample = |n: u64| {
            let mut values: Vec<u64> = (0..n).map(|_| random()).collect();
            values.sort_unstable();
            let at = |q: f64| {
                let rank = ((q * n as f64).ceil() as usize).clamp(1, values.len());
                values.get(rank - 1).copied()
            };
            quantile(n, 0.95, at).unwrap()
        };
        for (new, old) in [
            (1, 1),
            (3, 3),
            (10, 10),
            (10, 200),
            (71, 71),
            (72, 80),
            (500, 500),
        ] {
            let tries = 2000;
            let differ =
                (0..tries).filter(|_| difference(sample(new), sample(old)).leaves_out_zero());
            let differ = differ.count();
            assert!(
                differ * 100 <= tries * 7,
                "{differ} of {tries}: {new} and {old}"
            );
        }
    }
}
