//! What the configuration and the package lists say at one moment, as one numbered whole. Does *not* load it.

use std::sync::Arc;

use ebs_domain::{batch::Plan, policy::Policy, time::Timestamp};
use ebs_shared::config::DynamicConfig;

/// One snapshot. A batch keeps the plan it began with.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Eligibility, order, names, seeding.
    pub policy: Arc<Policy>,
    /// The settings the next batch begins with.
    pub plan: Plan,
    /// Whether the configuration pauses batches.
    pub paused: bool,
    /// Where it comes from.
    pub taken: Taken,
}

/// Where a snapshot comes from. Its number is that of its policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The commit or hash of the dynamic configuration, and where that is kept.
    pub origin: String,
    /// When it was accepted.
    pub at: Timestamp,
    /// What that says; `None` for a snapshot that was made without one.
    pub said: Option<Arc<DynamicConfig>>,
}
