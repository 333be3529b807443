//! Intervals of 95 % for proportions, quantiles and differences.

/// The standard normal distribution's quantile of 0.975.
const Z: f64 = 1.959_963_984_540_054;

/// An estimate with the interval around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// A proportion with Wilson's score interval; nothing of nothing.
pub(super) fn proportion(part: u64, whole: u64) -> Option<Estimate> {
    let (low, high) = score(part as f64, whole as f64)?;
    Some(Estimate {
        value: part as f64 / whole as f64,
        low,
        high,
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
/// of the score interval of `q n` in `n`.
pub(super) fn quantile(n: u64, q: f64, at: impl Fn(f64) -> Option<u64>) -> Option<Estimate> {
    let (low, high) = score(q * n as f64, n as f64)?;
    Some(Estimate {
        value: at(q)? as f64,
        low: at(low)? as f64,
        high: at(high)? as f64,
    })
}

/// `new - old` with the interval by Newcombe's hybrid of the two intervals (square-and-add).
pub(super) fn difference(new: Estimate, old: Estimate) -> Estimate {
    let value = new.value - old.value;
    let below = length(new.value - new.low, old.high - old.value);
    let above = length(new.high - new.value, old.value - old.low);
    Estimate {
        value,
        low: value - below,
        high: value + above,
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
        [estimate.value, estimate.low, estimate.high].map(|number| format!("{number:.4}"))
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
        assert_eq!((found.value, found.low, found.high), (950.0, 935.0, 962.0));
        assert_eq!(quantile(0, 0.95, |_| None), None);
    }
}
