//! Who plays what: roles are given to packages in a fixed way, so that a run can be repeated and read.

use anyhow::ensure;

use super::role::{End, Role, Scenario};
use crate::names::names;

/// Ends an upstream name that is to make an NVR of more than 100 characters.
const LONG: &str =
    "-with-a-name-that-makes-the-whole-of-name-version-and-release-longer-than-bodhi-can-hold";

/// One package and its role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What we call it.
    pub component: String,
    /// What Rawhide calls it.
    pub upstream: String,
    /// What it plays.
    pub role: Role,
}

/// All packages of one run, by component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cast {
    /// Sorted by component.
    pub parts: Vec<Part>,
    /// Most builds in one update; 0: no limit.
    pub batch_size: usize,
}

impl Cast {
    /// Gives the scenario's roles to `packages` packages. Roles that concern a build go to the last names; each that concerns
    /// an update goes to the first package of a group, so that no two meet in one update.
    ///
    /// # Errors
    ///
    /// There are too few packages.
    pub fn new(scenario: &Scenario, packages: usize) -> anyhow::Result<Self> {
        let least = scenario.least_packages;
        ensure!(packages >= least, "scenario {} needs at least {least} packages", scenario.name);
        let (of_updates, of_builds): (Vec<&Role>, Vec<&Role>) =
            scenario.roles.iter().partition(|role| role.update.is_some());
        let mut parts: Vec<Part> =
            names(packages).into_iter().map(|name| part(&name, &Role::clean())).collect();
        let played = of_builds.iter().flat_map(|role| std::iter::repeat_n(*role, role.packages));
        for (place, role) in parts.iter_mut().rev().zip(played) {
            *place = part(&place.component, role);
        }
        let published: Vec<usize> = parts
            .iter()
            .enumerate()
            .filter(|(_, part)| part.is_published())
            .map(|(n, _)| n)
            .collect();
        let size = published.len().div_ceil(scenario.groups).max(1);
        for (place, role) in published.iter().step_by(size).zip(of_updates) {
            parts[*place] = part(&parts[*place].component, role);
        }
        Ok(Self { parts, batch_size: if scenario.groups > 1 { size } else { 0 } })
    }

    /// The parts of a role.
    pub fn playing<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a Part> {
        self.parts.iter().filter(move |part| part.role.name == role)
    }
}

impl Part {
    /// How its last attempt ends.
    #[must_use]
    pub fn end(&self) -> End {
        self.role.outcome(self.role.outcomes.len().max(1)).end()
    }

    /// Whether it comes to be in an update.
    #[must_use]
    pub fn is_published(&self) -> bool {
        let refused = self.role.outcomes.contains(&super::Outcome::PromotionRefused);
        self.end() == End::Succeeded && !self.role.long_nvr && !refused
    }
}

fn part(name: &str, role: &Role) -> Part {
    let component = if role.long_nvr { format!("{name}{LONG}") } else { name.to_owned() };
    let upstream = if role.renamed { format!("upstream-{component}") } else { component.clone() };
    Part { component, upstream, role: role.clone() }
}
