//! How an account fares.

/// The state of an account with some sessions in the 28 days, some users in them and in the 28 days
/// before, and seats under contract, where they are known.
pub(super) fn state(sessions: u64, active: u64, previous: u64, seats: Option<u32>) -> &'static str {
    let notable = |more: u64, less: u64| {
        let by = more.saturating_sub(less);
        by >= 2 && by.saturating_mul(10) >= previous
    };
    if sessions == 0 {
        "silent"
    } else if seats.is_some_and(|seats| active >= u64::from(seats)) {
        "at-limit"
    } else if notable(active, previous) {
        "growing"
    } else if notable(previous, active) {
        "declining"
    } else {
        "steady"
    }
}

/// By which share there are more users than before; nothing where there were none.
pub(super) fn trend(active: u64, previous: u64) -> Option<f64> {
    (previous > 0).then(|| (active as f64 - previous as f64) / previous as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_follow_the_rule() {
        for (previous, active, is) in [
            (0, 0, "steady"),
            (0, 1, "steady"),
            (0, 2, "growing"),
            (20, 21, "steady"),
            (20, 22, "growing"),
            (21, 23, "steady"),
            (20, 18, "declining"),
            (2, 1, "steady"),
            (2, 0, "declining"),
            (200, 185, "steady"),
        ] {
            let more = u32::try_from(active).unwrap() + 1;
            for seats in [None, Some(more)] {
                let is_now = state(1, active, previous, seats);
                assert_eq!(is_now, is, "{previous} -> {active}");
            }
            assert_eq!(state(1, active, previous, Some(more - 1)), "at-limit");
            assert_eq!(state(0, active, previous, Some(0)), "silent");
        }
        assert_eq!(trend(3, 2), Some(0.5));
        assert_eq!(trend(2, 0), None);
    }
}
