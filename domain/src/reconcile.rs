//! Reconcile: how each component stands, from what is latest in Rawhide and in ELN. Pure. Does *not* decide what is built for
//! it: deny list, batches and what was tried before are not known here.

use std::{cmp::Ordering, collections::BTreeMap};

use crate::{
    id::{BuildId, Component, EventId, PackageName},
    nvr::Nvr,
    policy::{Eligibility, Policy},
};

/// The latest build of a package in a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// The build.
    pub build: BuildId,
    /// Its NVR.
    pub nvr: Nvr,
    /// The epoch, if it has one.
    pub epoch: Option<i64>,
    /// The event of the build's making: of two events the one with the higher number is the later.
    pub made: Option<EventId>,
}

/// Packages of a tag with the latest build of each.
pub type Tag = BTreeMap<PackageName, Latest>;

/// How a component stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Rawhide has it, ELN does not.
    Missing,
    /// Rawhide's is newer.
    Stale(Newer),
    /// ELN has what Rawhide has.
    Current,
    /// ELN's is newer.
    ElnNewer,
    /// ELN has it, Rawhide does not: there is nothing to build from.
    ElnOnly,
    /// Neither has it.
    Nowhere,
}

/// What makes Rawhide's build the newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newer {
    /// Epoch, version or release.
    Version,
    /// All of these are the same, and it was built later.
    BuildTime,
}

/// A component and what is compared for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared<'a> {
    /// Which.
    pub component: &'a Component,
    /// Rawhide's latest build, under its name there.
    pub rawhide: Option<&'a Latest>,
    /// ELN's latest build.
    pub eln: Option<&'a Latest>,
    /// What comes of it.
    pub standing: Standing,
}

/// All of two tags, judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged<'a> {
    /// All components that are to be rebuilt, by name.
    pub wanted: Vec<Compared<'a>>,
    /// How many components a pattern excludes.
    pub excluded: usize,
    /// What is in ELN, and neither list nor override names it.
    pub not_wanted: Vec<&'a Latest>,
}

impl Latest {
    /// Compares epoch, version and release by RPM's rules, without the distribution's part of the release.
    fn compare(&self, other: &Self) -> Ordering {
        self.nvr.without_dist().compare(self.epoch, &other.nvr.without_dist(), other.epoch)
    }
}

/// How a component stands with these latest builds.
///
/// Of two builds with the same epoch, version and release the one that was made later is the newer; at the same time, or if
/// that is not known of both, none is.
#[must_use]
pub fn standing(rawhide: Option<&Latest>, eln: Option<&Latest>) -> Standing {
    let (rawhide, eln) = match (rawhide, eln) {
        (None, None) => return Standing::Nowhere,
        (Some(_), None) => return Standing::Missing,
        (None, Some(_)) => return Standing::ElnOnly,
        (Some(rawhide), Some(eln)) => (rawhide, eln),
    };
    match rawhide.compare(eln) {
        Ordering::Greater => Standing::Stale(Newer::Version),
        Ordering::Less => Standing::ElnNewer,
        Ordering::Equal => match (rawhide.made, eln.made) {
            (Some(rawhide), Some(eln)) if rawhide > eln => Standing::Stale(Newer::BuildTime),
            (Some(_) | None, Some(_) | None) => Standing::Current,
        },
    }
}

/// Judges all components. A renamed one is looked for in Rawhide under its name there; in ELN under both, and the newer build
/// counts: a source need not know that it is renamed.
#[must_use]
pub fn judge<'a>(policy: &'a Policy, rawhide: &'a Tag, eln: &'a Tag) -> Judged<'a> {
    let mut judged = Judged::default();
    for component in policy.components() {
        match policy.eligible(component) {
            Eligibility::Yes => {}
            Eligibility::NotListed => continue,
            Eligibility::Excluded { .. } => {
                judged.excluded += 1;
                continue;
            }
        }
        let upstream = policy.upstream_name(component);
        let find = |tag: &'a Tag, name: &str| {
            name.parse::<PackageName>().ok().and_then(|name| tag.get(&name))
        };
        let rawhide = find(rawhide, upstream);
        let named = [component.as_str(), upstream].map(|name| find(eln, name));
        let eln = named.into_iter().flatten().max_by(|one, other| one.compare(other));
        let standing = standing(rawhide, eln);
        judged.wanted.push(Compared { component, rawhide, eln, standing });
    }
    let unlisted = eln.iter().filter(|(package, _)| policy.component_of(package).is_none());
    judged.not_wanted = unlisted.map(|(_, latest)| latest).collect();
    judged
}

#[cfg(test)]
mod tests;
