//! How an account fares.

/// The state of an account with some sessions and with some users in each of four weeks.
pub(super) fn state(sessions: u64, weeks: [u64; 4]) -> &'static str {
    let [o, v] = halves(weeks);
    let notable = |more: u64, less: u64| {
        let by = more.saturating_sub(less);
        by >= 2 && by.saturating_mul(10) >= o
    };
    match () {
        () if sessions == 0 => "silent",
        () if notable(v, o) => "growing",
        () if notable(o, v) => "declining",
        () => "steady",
    }
}

/// By which share the later weeks have more users than the earlier; nothing where these have
/// none.
pub(super) fn trend(weeks: [u64; 4]) -> Option<f64> {
    let [o, v] = halves(weeks);
    (o > 0).then(|| (v as f64 - o as f64) / o as f64)
}

/// The users of the first two weeks, and of the last two.
fn halves(weeks: [u64; 4]) -> [u64; 2] {
    [
        weeks[0].saturating_add(weeks[1]),
        weeks[2].saturating_add(weeks[3]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_follow_the_rule() {
        for (weeks, is) in [
            ([0, 0, 0, 0], "steady"),
            ([0, 0, 0, 1], "steady"),
            ([0, 0, 1, 1], "growing"),
            ([10, 10, 10, 11], "steady"),
            ([10, 10, 11, 11], "growing"),
            ([10, 11, 11, 12], "steady"),
            ([10, 10, 9, 9], "declining"),
            ([1, 1, 1, 0], "steady"),
            ([1, 1, 0, 0], "declining"),
            ([100, 100, 95, 90], "steady"),
        ] {
            assert_eq!(state(1, weeks), is, "{weeks:?}");
            assert_eq!(state(0, weeks), "silent");
        }
        assert_eq!(trend([1, 1, 2, 1]), Some(0.5));
        assert_eq!(trend([0, 0, 2, 1]), None);
    }
}
