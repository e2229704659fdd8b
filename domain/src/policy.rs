//! Policy: every question about a component has one answer, from one immutable, numbered snapshot.
//!
//! Pure: patterns are searched once per component when the snapshot is made. Does *not* know triggers, batches or the deny
//! list, and fetches nothing.

mod pattern;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{Component, PackageName};

pub use pattern::{BadPattern, GaveUp, Pattern};

/// The order of a component that no pattern names. **Source:** `control.ordering`.
pub const DEFAULT_ORDER: i64 = 1000;

/// The patterns of `configuration.control`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Never rebuilt.
    pub exclude: Vec<Pattern>,
    /// Rebuilt, but the Rawhide build is not put into the side tag.
    pub skip_tag: Vec<Pattern>,
    /// Order numbers in the order of the file: the first pattern that hits wins.
    pub ordering: Vec<(Pattern, i64)>,
}

/// One entry of the package list, or an override.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What we call it.
    pub component: Component,
    /// What Rawhide calls it.
    pub upstream: PackageName,
    /// Which list it came from, such as `eln/source`, or `override`.
    pub origin: String,
}

/// Whether a component is rebuilt at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "eligible", rename_all = "snake_case")]
pub enum Eligibility {
    /// It is.
    Yes,
    /// No list and no override names it.
    NotListed,
    /// A pattern of `exclude` hits one of its names.
    Excluded {
        /// The first such pattern, as it was written.
        pattern: String,
    },
}

/// The answers for one component.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Verdict {
    excluded: Option<String>,
    order: i64,
    may_seed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    upstream: PackageName,
    origin: String,
    verdict: Verdict,
}

/// One snapshot of control and components. A batch keeps the one it began with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    number: u64,
    rules: Rules,
    entries: BTreeMap<Component, Entry>,
    /// Upstream name to component, only where the two differ.
    renamed: BTreeMap<PackageName, Component>,
    faults: Vec<GaveUp>,
}

impl Policy {
    /// Makes snapshot `number`.
    ///
    /// Of two entries with one component the first wins. A listed name that is also the upstream name of another component is
    /// that other component: it gets no identity of its own. A pattern that gives up is decided to the careful side, once
    /// and for all: it excludes, it keeps from seeding, it gives no order; see [`Policy::faults`].
    #[must_use]
    pub fn new(number: u64, rules: Rules, listed: impl IntoIterator<Item = Listed>) -> Self {
        let mut first: BTreeMap<Component, Listed> = BTreeMap::new();
        for entry in listed {
            first.entry(entry.component.clone()).or_insert(entry);
        }
        let renamed: BTreeMap<PackageName, Component> = first
            .values()
            .filter(|entry| entry.component.as_str() != entry.upstream.as_str())
            .map(|entry| (entry.upstream.clone(), entry.component.clone()))
            .collect();
        let mut faults = Vec::new();
        let mut entries = BTreeMap::new();
        for (component, entry) in first {
            let plain = component.as_str() == entry.upstream.as_str();
            if plain && renamed.contains_key(&entry.upstream) {
                continue;
            }
            let verdict = rules.judge(component.as_str(), entry.upstream.as_str(), &mut faults);
            entries.insert(
                component,
                Entry { upstream: entry.upstream, origin: entry.origin, verdict },
            );
        }
        Self { number, rules, entries, renamed, faults }
    }

    /// The snapshot's number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The component that a package belongs to, whichever of its two names is given; `None` if it is not listed.
    #[must_use]
    pub fn component_of(&self, package: &PackageName) -> Option<Component> {
        if let Some(component) = self.renamed.get(package) {
            return Some(component.clone());
        }
        let component: Component = package.as_str().parse().ok()?;
        self.entries.contains_key(&component).then_some(component)
    }

    /// What Rawhide calls a component; its own name if nothing else is known.
    #[must_use]
    pub fn upstream_name<'a>(&'a self, component: &'a Component) -> &'a str {
        self.entries.get(component).map_or(component.as_str(), |entry| entry.upstream.as_str())
    }

    /// Which list a component came from, such as `eln/source`, or `override`.
    #[must_use]
    pub fn origin(&self, component: &Component) -> Option<&str> {
        self.entries.get(component).map(|entry| entry.origin.as_str())
    }

    /// The patterns it was made with.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether it is rebuilt, and if not, why.
    #[must_use]
    pub fn eligible(&self, component: &Component) -> Eligibility {
        match self.entries.get(component).map(|entry| &entry.verdict.excluded) {
            None => Eligibility::NotListed,
            Some(None) => Eligibility::Yes,
            Some(Some(pattern)) => Eligibility::Excluded { pattern: pattern.clone() },
        }
    }

    /// Its order number: lower ones are built first. One that is not listed is judged by its name alone.
    #[must_use]
    pub fn order(&self, component: &Component) -> i64 {
        match self.entries.get(component) {
            Some(entry) => entry.verdict.order,
            None => self.rules.judge(component.as_str(), component.as_str(), &mut Vec::new()).order,
        }
    }

    /// Whether its Rawhide build may be put into the side tag.
    #[must_use]
    pub fn may_seed(&self, component: &Component) -> bool {
        match self.entries.get(component) {
            Some(entry) => entry.verdict.may_seed,
            None => {
                self.rules.judge(component.as_str(), component.as_str(), &mut Vec::new()).may_seed
            }
        }
    }

    /// All listed components, excluded ones too, by name.
    pub fn components(&self) -> impl Iterator<Item = &Component> {
        self.entries.keys()
    }

    /// Searches that were given up while this snapshot was made, each naming pattern and package.
    #[must_use]
    pub fn faults(&self) -> &[GaveUp] {
        &self.faults
    }
}

impl Rules {
    /// Searches all patterns once for one component. `ordering` looks at the downstream name only, as upstream does.
    fn judge(&self, downstream: &str, upstream: &str, faults: &mut Vec<GaveUp>) -> Verdict {
        let names: &[&str] =
            if downstream == upstream { &[downstream] } else { &[downstream, upstream] };
        let mut hits = |pattern: &Pattern, names: &[&str], given_up: bool| {
            names.iter().any(|name| match pattern.hits(name) {
                Ok(hit) => hit,
                Err(fault) => {
                    faults.push(fault);
                    given_up
                }
            })
        };
        let excluded = self.exclude.iter().find(|pattern| hits(pattern, names, true));
        let kept_out = self.skip_tag.iter().any(|pattern| hits(pattern, names, true));
        let order = self.ordering.iter().find(|(pattern, _)| hits(pattern, &[downstream], false));
        Verdict {
            excluded: excluded.map(|pattern| pattern.as_str().to_owned()),
            order: order.map_or(DEFAULT_ORDER, |(_, number)| *number),
            may_seed: !kept_out,
        }
    }
}

#[cfg(test)]
mod tests;
