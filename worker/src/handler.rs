//! What the claim loop asks of the work: one call for a held job, one verdict.

use std::time::Duration;

use async_trait::async_trait;
use ebs_shared::queue::Held;

use crate::lease::LeaseView;

/// What does the work of a job.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Works on a held job. It may be dropped at any wait: when the lease is lost, the deadline passes or the grace ends.
    async fn handle(&self, held: &Held, lease: &LeaseView) -> Verdict;
}

/// What is to become of a job after work on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It ends with this report.
    Done(String),
    /// The try went wrong in here.
    Failed {
        /// Why, for people.
        error: String,
        /// How long to wait before the next try.
        delay: Duration,
        /// Whether there shall be one.
        again: bool,
    },
    /// This program cannot read it: others may.
    NotMine,
}
