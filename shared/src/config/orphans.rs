//! `ebs.orphans`: what is done about what is ours in Koji and Bodhi and belongs to no batch.

use std::time::Duration;

use super::{block::Block, upstream::positive};

/// `ebs.orphans`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orphans {
    /// How often they are looked for, beside once when leading begins. Default: 1 h.
    pub interval: Duration,
    /// How long one must have been seen before it is removed. Default: 24 h.
    pub grace: Duration,
    /// Side tags on the base of our target that no batch owns: `report` or `remove`. Default: `report`.
    pub side_tags: Policy,
    /// Build tasks with a token of ours that no batch watches: `report` or `cancel`. Default: `report`.
    pub tasks: Policy,
}

/// What is done about orphans of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// They are shown.
    Report,
    /// They are shown, and removed or cancelled after the grace period.
    Remove,
}

impl Default for Orphans {
    fn default() -> Self {
        let hour = Duration::from_secs(3600);
        let report = Policy::Report;
        Self { interval: hour, grace: 24 * hour, side_tags: report, tasks: report }
    }
}

impl Orphans {
    pub(super) fn read(block: Option<&mut Block<'_, '_>>) -> Self {
        let defaults = Self::default();
        let Some(block) = block else { return defaults };
        let orphans = Self {
            interval: positive(block, "interval").unwrap_or(defaults.interval),
            grace: positive(block, "grace").unwrap_or(defaults.grace),
            side_tags: policy(block, "side_tags", Some("remove")),
            tasks: policy(block, "tasks", Some("cancel")),
        };
        // Nothing else can be done about an update; the key says so to whoever looks for it.
        policy(block, "updates", None);
        if orphans.grace < orphans.interval {
            let text =
                "shorter than `interval`: what was seen only once may be on its way to somebody";
            block.fault_at("grace", text);
        }
        orphans
    }
}

fn policy(block: &mut Block<'_, '_>, key: &'static str, remove: Option<&str>) -> Policy {
    match block.get::<String>(key) {
        Some(word) if remove == Some(word.as_str()) => Policy::Remove,
        Some(word) if word != "report" => {
            let or = remove.map(|word| format!(" or `{word}`")).unwrap_or_default();
            block.fault_at(key, format!("`report`{or} is expected, found `{word}`"));
            Policy::Report
        }
        Some(_) | None => Policy::Report,
    }
}

#[cfg(test)]
mod tests;
