//! How a worker works.

use std::time::Duration;

use ebs_shared::{config::StaticConfig, pulse::Pulse};

/// The part of the grace period that is kept for handing back, at most.
const HAND_BACK: Duration = Duration::from_secs(5);

/// The longest round of the claim loop: a look for jobs with all its time limits, and the longest pause after a failed one.
const ROUND: Duration = Duration::from_secs(60);

/// How a worker works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerSettings {
    /// Its name, new with each start of a process.
    pub name: String,
    /// Most jobs at once; at least 2, since one slot is kept for polls.
    pub slots: usize,
    /// How long what is held may go on after the stop was asked for; then it is handed back.
    pub grace: Duration,
    /// Time limit of one job.
    pub job_limit: Duration,
    /// Time limit of the longest creating call: one is begun only while the lease lasts longer. Below the lease.
    pub create_limit: Duration,
}

impl WorkerSettings {
    /// The usual settings: 8 slots, 20 s of grace, jobs of at most 10 minutes, creating calls of at most 50 s.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            slots: 8,
            grace: Duration::from_secs(20),
            job_limit: Duration::from_secs(600),
            create_limit: Duration::from_secs(50),
        }
    }

    /// The settings that the configuration gives. A creating call may take as long as the slower neighbour is given.
    #[must_use]
    pub fn of(name: &str, config: &StaticConfig) -> Self {
        let ours = &config.ebs;
        Self {
            slots: ours.worker.concurrency,
            grace: ours.timers.grace - (ours.timers.grace / 4).min(HAND_BACK),
            create_limit: ours.koji.call_timeout.max(ours.bodhi.post_timeout),
            ..Self::named(name)
        }
    }

    /// The pulse of a claim loop that works so: it does not beat while what is held at the end has its grace.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        Pulse::new(ROUND + self.grace)
    }

    /// The number of slots, corrected to what works.
    pub(crate) fn slots(&self) -> usize {
        self.slots.max(2)
    }
}
