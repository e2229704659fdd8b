//! `ebs.lists`: when a name on a package list acts, and what is a jump.

use ebs_domain::package_list::Guards;

use super::{block::Block, upstream::positive};

/// The most that a percentage here may say: a list that doubles.
const MOST_PERCENT: u32 = 100;

/// Reads the block.
pub(super) fn read(block: Option<&mut Block<'_, '_>>) -> Guards {
    let defaults = Guards::default();
    let Some(block) = block else { return defaults };
    let guards = Guards {
        sightings: block.or("sightings", defaults.sightings),
        // Zero is for lists that are fetched rarely: each fetch counts.
        apart: block.or("apart", defaults.apart),
        missing: positive(block, "missing").unwrap_or(defaults.missing),
        grows: percent(block, "grows", defaults.grows),
        shrinks: percent(block, "shrinks", defaults.shrinks),
        few: block.or("few", defaults.few),
    };
    if guards.sightings == 0 {
        block.fault_at("sightings", "at least 1 is expected: a name acts when a fetch shows it");
    }
    guards
}

fn percent(block: &mut Block<'_, '_>, key: &'static str, default: u32) -> u32 {
    let percent = block.or(key, default);
    if percent > MOST_PERCENT {
        let text = format!("{percent} is no percentage of a list: from 0 to {MOST_PERCENT}");
        block.fault_at(key, text);
    }
    percent
}

#[cfg(test)]
mod tests;
