//! The sign of life of one loop: it beats at each round, and whoever asks learns whether it stands still. Time is tokio's, which
//! is monotonic, and which tests can pause. Does *not* know what the loop does.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// A pulse. Clones are of the same loop.
#[derive(Clone, Debug)]
pub struct Pulse {
    limit: Duration,
    last: Arc<Mutex<Instant>>,
}

impl Pulse {
    /// A pulse that beats now. `limit` is the longest that a round takes: a longer silence means that the loop stands still.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self { limit, last: Arc::new(Mutex::new(Instant::now())) }
    }

    /// The loop went round.
    pub fn beat(&self) {
        *self.last() = Instant::now();
    }

    /// For how long it has stood still; `None` while its last round is within the limit.
    #[must_use]
    pub fn silence(&self) -> Option<Duration> {
        let silent = self.last().elapsed();
        (silent > self.limit).then_some(silent)
    }

    fn last(&self) -> MutexGuard<'_, Instant> {
        // Nothing is left half done under this lock, so a panic elsewhere does no harm.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
