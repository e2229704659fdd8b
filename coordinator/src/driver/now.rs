//! The time of a turn.

use ebs_domain::time::Timestamp;
use tokio::time::Instant;

/// Both clocks, read once a turn: the time of day for what is stored, the monotonic one for waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) wall: Timestamp,
    pub(super) mono: Instant,
}
