//! Waits between tries: doubling, capped, jittered.

use std::time::Duration;

use ebs_shared::clock::Chance;

/// The first wait, before jitter.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait, before jitter.
const LONGEST: Duration = Duration::from_secs(10);

/// Waits of one series of failures.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next wait: between half and all of the doubled one, so that it never is nothing.
    pub(crate) fn next(&mut self, chance: &dyn Chance) -> Duration {
        let full = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        full.mul_f64(0.5 + chance.fraction() / 2.0)
    }

    /// It went well: begin small again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests;
