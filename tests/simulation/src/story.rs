//! What happened, for people: one line for each thing worth telling, with the virtual time and who it was.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When, since the beginning.
    pub at: Duration,
    /// Who.
    pub who: &'static str,
    /// What.
    pub what: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9.3} {:<6} {}", self.at.as_secs_f64(), self.who, self.what)
    }
}

/// The transcript of one run.
#[derive(Debug)]
pub struct Story {
    begun: Instant,
    lines: Mutex<Vec<Line>>,
}

impl Story {
    /// An empty one that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { begun: Instant::now(), lines: Mutex::default() }
    }

    /// Tells of something that happens now.
    pub fn tell(&self, who: &'static str, what: impl Into<String>) {
        let line = Line { at: self.begun.elapsed(), who, what: what.into() };
        self.lines().push(line);
    }

    /// Time since the beginning.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// All lines so far, taken out.
    #[must_use]
    pub fn take(&self) -> Vec<Line> {
        std::mem::take(&mut self.lines())
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Story {
    fn default() -> Self {
        Self::new()
    }
}
