//! When the next batch begins: the quiet time and its bound. Does *not* choose what goes in.

use std::time::Duration;

use crate::time::Timestamp;

/// All that the decision needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forming {
    /// Quiet time after the last eligible trigger.
    pub lull: Duration,
    /// Longest wait, counted from the latest of: first pending trigger, end of the last batch, end of a pause.
    pub max_lull: Duration,
    /// When the first pending trigger came; `None` without any.
    pub first_pending: Option<Timestamp>,
    /// When the last eligible trigger came.
    pub last_eligible: Option<Timestamp>,
    /// When the last batch ended, if there was one.
    pub last_batch_ended: Option<Timestamp>,
    /// Whether batches are paused.
    pub pause: Pause,
    /// Until when builds are waited for that belong with some that have come, if there are such.
    pub siblings_until: Option<Timestamp>,
    /// How long these may put a batch off, beyond the longest wait for quiet.
    pub sibling_wait: Duration,
}

/// Whether new batches may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// They may not.
    Paused,
    /// They may; since when, if a pause ended in this process' memory.
    Running {
        /// End of the last pause.
        since: Option<Timestamp>,
    },
}

/// What to do about the next batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing pends.
    Idle,
    /// Triggers wait until the pause ends.
    Paused,
    /// Not before this moment; a new trigger can move it.
    Wait(Timestamp),
    /// Now.
    Begin,
}

/// Decides, at this moment. To be asked only while no batch is open.
#[must_use]
pub fn decide(forming: &Forming, now: Timestamp) -> Decision {
    let Some(first) = forming.first_pending else { return Decision::Idle };
    let resumed = match forming.pause {
        Pause::Paused => return Decision::Paused,
        Pause::Running { since } => since,
    };
    let quiet_from = forming.last_eligible.unwrap_or(first).max(first);
    let bound_from = [Some(first), forming.last_batch_ended, resumed]
        .into_iter()
        .flatten()
        .max()
        .unwrap_or(first);
    let quiet = (quiet_from + forming.lull).min(bound_from + forming.max_lull);
    let last = bound_from + forming.max_lull + forming.sibling_wait;
    let complete = forming.siblings_until.map(|until| until.min(last));
    let begin = complete.map_or(quiet, |complete| quiet.max(complete));
    if begin <= now { Decision::Begin } else { Decision::Wait(begin) }
}

#[cfg(test)]
mod tests;
