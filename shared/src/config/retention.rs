//! `ebs.retention`: how long what is over is kept.

use std::time::Duration;

use super::{block::Block, duration::show};

/// A day.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The longest that anything is kept.
const LONGEST: Duration = Duration::from_secs(3_650 * 24 * 3600);

/// How long what is over is kept. Written as `90d`. What open work refers to is kept for as long as it is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Batches that have ended, with their builds, groups, effects and triggers; denials that have run out; earlier terms.
    /// Default: 365 days; from 7 days to 10 years.
    pub history: Duration,
    /// Triggers that were answered without a batch, and messages that nobody understood. Default: 180 days; from 7 days to
    /// 10 years.
    pub triggers: Duration,
    /// Entries of the audit. Default: 730 days; from 30 days to 10 years.
    pub audit: Duration,
    /// Jobs that were set aside and that nobody decided on. Default: 90 days; from 7 days to 10 years.
    pub dead: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { history: 365 * DAY, triggers: 180 * DAY, audit: 730 * DAY, dead: 90 * DAY }
    }
}

impl Retention {
    pub(super) fn read(block: Option<&mut Block<'_, '_>>) -> Self {
        let defaults = Self::default();
        let Some(block) = block else { return defaults };
        Self {
            history: within(block, "history", defaults.history, 7 * DAY),
            triggers: within(block, "triggers", defaults.triggers, 7 * DAY),
            audit: within(block, "audit", defaults.audit, 30 * DAY),
            dead: within(block, "dead", defaults.dead, 7 * DAY),
        }
    }
}

/// A plain number is one of seconds, as everywhere: somebody who means days is told.
fn within(
    block: &mut Block<'_, '_>,
    key: &'static str,
    default: Duration,
    shortest: Duration,
) -> Duration {
    let span = block.or(key, default);
    if span < shortest || span > LONGEST {
        let (span, shortest, longest) = (show(span), show(shortest), show(LONGEST));
        let text = format!("{span} is not from {shortest} to {longest}: write days, such as `90d`");
        block.fault_at(key, text);
    }
    span
}
