//! The one place that reads the wall clock and draws chance. Everything else takes them as arguments.

use std::time::SystemTime;

use ebs_domain::time::Timestamp;
use rand::Rng;
use uuid::Uuid;

/// The time of day. Spans are measured with tokio's `Instant`, which tests can pause.
pub trait Clock: Send + Sync {
    /// The time of day now. It can jump, in both directions.
    fn now(&self) -> Timestamp;
}

/// Chance: ids that must be unique, and jitter.
pub trait Chance: Send + Sync {
    /// A new random UUID.
    fn uuid(&self) -> Uuid;
    /// A random number, at least 0 and below 1.
    fn fraction(&self) -> f64;
}

/// The machine's clock and its source of random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "this is the clock module")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(0) + since
    }
}

impl Chance for System {
    fn uuid(&self) -> Uuid {
        Uuid::new_v4()
    }

    fn fraction(&self) -> f64 {
        f64::from(rand::rng().next_u32()) / (f64::from(u32::MAX) + 1.0)
    }
}
