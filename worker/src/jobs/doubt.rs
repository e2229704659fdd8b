//! Whether to look before creating, and how far back.

use std::time::Duration;

use ebs_domain::time::Timestamp;
use ebs_shared::job::Doubt;

/// How far back a redelivered job looks, which says no time itself: longer than all its attempts can take.
const REDELIVERED_BACK: Duration = Duration::from_secs(24 * 3600);
/// How far back to look for what was created a moment ago: the difference of two clocks, generously.
const CLOCK_MARGIN: Duration = Duration::from_secs(600);

/// What to do about earlier sendings of a creating call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// Whether there may have been one, so that looking comes first.
    pub(super) first: bool,
    /// The oldest moment at which it can have had its effect.
    pub(super) since: Timestamp,
    /// Whether what is not found may be created.
    pub(super) may_create: bool,
}

impl Look {
    /// By the job's own doubt, and by how often it has begun: a redelivered job is in doubt all the same. It came back
    /// only after the wait that the coordinator gave it, so it may create.
    pub(super) fn from(doubt: Doubt, attempt: u32, now: Timestamp) -> Self {
        match doubt {
            Doubt::Look { since, may_create } => Self { first: true, since, may_create },
            Doubt::None if attempt > 1 => {
                Self { first: true, since: now - REDELIVERED_BACK, may_create: true }
            }
            Doubt::None => Self { first: false, since: now - CLOCK_MARGIN, may_create: true },
        }
    }
}
