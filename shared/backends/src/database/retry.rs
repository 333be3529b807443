//! Trying a transaction again that another was in the way of.

use std::time::Duration;

use crate::Error;

const TIMES: u32 = 8;
const FIRST_WAIT: Duration = Duration::from_millis(5);
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// How often a transaction was tried.
#[derive(Debug, Default)]
pub(crate) struct Retry {
    tried: u32,
}

impl Retry {
    /// Whether to try again after an error; if so, waits a little first, by chance, so that
    /// those who met do not meet again.
    pub(crate) async fn after(&mut self, error: &Error) -> bool {
        if self.tried >= TIMES || !error.is_contention() {
            return false;
        }
        let wait = LONGEST_WAIT.min(FIRST_WAIT * (1 << self.tried));
        self.tried += 1;
        let mut chance = [0; 2];
        // Without chance the wait is the whole one.
        let share = getrandom::fill(&mut chance).map_or(1.0, |()| {
            f64::from(u16::from_le_bytes(chance)) / f64::from(u16::MAX)
        });
        tokio::time::sleep(wait.mul_f64(share)).await;
        true
    }
}
