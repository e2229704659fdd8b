//! Where a trigger came from: a build is confirmed in the tag that it was seen entering, which around branching need not be the
//! one that the batch's plan names. Does *not* ask Koji.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use ebs_domain::{
    batch::Candidate,
    id::{TagName, TriggerId},
    nvr::Nvr,
};
use ebs_shared::koji::api::TaggedBuild;

use crate::store::TriggerRow;

/// For each tag other than the plan's that triggers of these candidates came from: the upstream names of their packages.
pub(super) fn elsewhere(
    candidates: &[Candidate],
    pending: &BTreeMap<TriggerId, TriggerRow>,
    named: &TagName,
) -> BTreeMap<TagName, Vec<String>> {
    let mut packages: BTreeMap<TagName, BTreeSet<String>> = BTreeMap::new();
    for candidate in candidates {
        for row in candidate.triggers.iter().filter_map(|(trigger, _)| pending.get(trigger)) {
            match row.trigger.tag.parse::<TagName>() {
                Ok(tag) if tag != *named => {
                    packages.entry(tag).or_default().insert(candidate.package.to_string());
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
    packages.into_iter().map(|(tag, packages)| (tag, packages.into_iter().collect())).collect()
}

/// Which of two latest builds of a package, each of its own tag, is to be rebuilt: the newer by RPM's rules, and the one of the
/// tag that the plan names unless the other is certainly newer. So a branch never takes a package back behind Rawhide.
pub(super) fn newer(named: Option<TaggedBuild>, other: TaggedBuild) -> TaggedBuild {
    let Some(named) = named else { return other };
    let order = match (other.nvr.parse::<Nvr>(), named.nvr.parse::<Nvr>()) {
        (Ok(left), Ok(right)) => left.compare(other.epoch, &right, named.epoch),
        (Ok(_) | Err(_), Ok(_) | Err(_)) => Ordering::Equal,
    };
    if order == Ordering::Greater { other } else { named }
}

#[cfg(test)]
mod tests;
