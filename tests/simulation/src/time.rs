//! Time of day and chance of one process: the first follows virtual time and can be made to jump, the second counts.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use ebs_domain::time::Timestamp;
use ebs_shared::clock::{Chance, Clock};
use fedora_sim::chance;
use tokio::time::Instant;
use uuid::Uuid;

/// A day on which nothing happened yet, in ms since the Unix epoch.
const DAWN: i64 = 1_800_000_000_000;

/// A wall clock; clones show the same.
#[derive(Clone, Debug)]
pub struct Wall {
    begun: Instant,
    ahead: Arc<AtomicI64>,
}

impl Wall {
    /// A clock that is right.
    #[must_use]
    pub fn new() -> Self {
        Self { begun: Instant::now(), ahead: Arc::default() }
    }

    /// Sets it forward by so many ms, or back.
    pub fn jump(&self, by_ms: i64) {
        self.ahead.fetch_add(by_ms, Ordering::Relaxed);
    }

    /// Sets it right.
    pub fn mend(&self) {
        self.ahead.store(0, Ordering::Relaxed);
    }
}

impl Default for Wall {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(DAWN + self.ahead.load(Ordering::Relaxed)) + self.begun.elapsed()
    }
}

/// Chance of one life of a process.
#[derive(Debug)]
pub struct Counted {
    seed: u64,
    name: String,
    drawn: AtomicU64,
}

impl Counted {
    /// Chance of the process of this name in one of its lives.
    #[must_use]
    pub fn new(seed: u64, name: &str, life: u32) -> Self {
        Self { seed, name: format!("{name} {life}"), drawn: AtomicU64::new(0) }
    }

    fn draw(&self, what: &str) -> u64 {
        let number = self.drawn.fetch_add(1, Ordering::Relaxed).to_string();
        chance::draw(self.seed, &[&self.name, &number, what])
    }
}

impl Chance for Counted {
    fn uuid(&self) -> Uuid {
        let bytes =
            (u128::from(self.draw("high")) << 64 | u128::from(self.draw("low"))).to_be_bytes();
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    fn fraction(&self) -> f64 {
        let bits = u32::try_from(self.draw("fraction") >> 32).unwrap_or(u32::MAX);
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }
}
