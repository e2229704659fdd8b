//! What the configuration and the package lists say at one moment, as one numbered whole. Does *not* load it.

use std::sync::Arc;

use ebs_domain::{batch::Plan, policy::Policy};

/// One snapshot. A batch keeps the plan it began with.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Eligibility, order, names, seeding.
    pub policy: Arc<Policy>,
    /// The settings the next batch begins with.
    pub plan: Plan,
    /// Whether the configuration pauses batches.
    pub paused: bool,
}
