//! `ebs.shadow`: whom shadow mode compares with. It is switched on on the command line.

use std::time::Duration;

use super::{block::Block, upstream::positive};

/// `ebs.shadow`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadow {
    /// The Koji account of the service to compare with. Default: `configuration.koji.username`.
    pub account: Option<String>,
    /// How long either may take to ask for what the other has asked for, before that is a difference. Default: 24 h.
    pub patience: Duration,
    /// How often it is compared. Default: 10 min.
    pub interval: Duration,
}

impl Default for Shadow {
    fn default() -> Self {
        let hour = Duration::from_secs(3600);
        Self { account: None, patience: 24 * hour, interval: hour / 6 }
    }
}

impl Shadow {
    pub(super) fn read(block: Option<&mut Block<'_, '_>>) -> Self {
        let defaults = Self::default();
        let Some(block) = block else { return defaults };
        Self {
            account: block.get("account"),
            patience: positive(block, "patience").unwrap_or(defaults.patience),
            interval: positive(block, "interval").unwrap_or(defaults.interval),
        }
    }
}
