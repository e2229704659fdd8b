//! One package list over time: which of its names act. Guards against names that flicker and against lists that jump.
//!
//! **Source:** copies of Content Resolver's lists over three years: a fifth of the steps changed more than a hundred names,
//! mostly to be taken back within days. Does *not* fetch or store a list; one that is missing or empty never comes here.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{id::PackageName, time::Timestamp};

/// The version of [`PackageList`] as it is stored. A change of what is written raises it, and brings a fixture.
pub const VERSION: u32 = 1;

/// So many fetches in a row, besides the time, must lack a name: a clock that jumps alone lets none leave.
const FETCHES_WITHOUT: u32 = 3;

/// When a name acts, and what is a jump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guards {
    /// How many fetches must show a name before it acts. Default: 2.
    pub sightings: u32,
    /// How far apart two fetches are that count as two. Default: 5 min.
    pub apart: Duration,
    /// How long a name must be missing before it leaves. Default: 24 h.
    pub missing: Duration,
    /// A list that would gain more than so many of a hundred names jumps. Default: 10.
    pub grows: u32,
    /// A list that would lose more than so many of a hundred names jumps. Default: 20.
    pub shrinks: u32,
    /// So many names more or less are never a jump, however short the list is. Default: 25.
    pub few: u32,
}

impl Default for Guards {
    fn default() -> Self {
        let (apart, missing) = (Duration::from_secs(5 * 60), Duration::from_secs(24 * 3600));
        Self { sightings: 2, apart, missing, grows: 10, shrinks: 20, few: 25 }
    }
}

/// A list, with all names that act or may act soon.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageList {
    /// When the newest fetch that was not held was made; `None` before the first.
    accepted: Option<Timestamp>,
    names: BTreeMap<PackageName, Known>,
    held: Option<Held>,
}

/// A name on a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// When a fetch first showed it.
    pub first: Timestamp,
    /// When a fetch last showed it.
    pub last: Timestamp,
    /// Since when it acts; not yet without one.
    pub acts: Option<Timestamp>,
    /// How many fetches have shown it that count, until it acts.
    sightings: u32,
    /// The last of those.
    counted: Timestamp,
    /// Fetches in a row that lacked it: the first of them, and how many that count.
    lacked: Option<(Timestamp, u32)>,
}

/// A jump that waits for a person's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Since when. It names this jump: another one has another time.
    pub since: Timestamp,
    /// How many names would enter.
    pub entering: usize,
    /// How many names that act would leave.
    pub leaving: usize,
    /// What the fetch showed that was held first.
    names: BTreeSet<PackageName>,
}

/// How many names of a list stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// They act.
    pub acting: usize,
    /// They act once another fetch has shown them.
    pub waiting: usize,
    /// They act, and the newest fetch lacks them.
    pub missing: usize,
}

/// What came of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It counts.
    Accepted {
        /// Names that act from here on.
        entered: Vec<PackageName>,
        /// Names that do not act any more.
        left: Vec<PackageName>,
    },
    /// It jumps: everything stays as it was until a person says yes, or the jump is taken back.
    Held(Held),
}

impl PackageList {
    /// Takes in what a fetch shows, at least one name. `confirmed` is the jump that a person has said yes to, by
    /// [`Held::since`].
    ///
    /// The first fetch that is accepted is the list as it stands: all its names act at once, and so do those of a confirmed
    /// jump.
    pub fn hear(
        &mut self,
        shown: &BTreeSet<PackageName>,
        guards: &Guards,
        confirmed: Option<Timestamp>,
        at: Timestamp,
    ) -> Heard {
        let held = self.held.take();
        let meant = held
            .as_ref()
            .filter(|held| confirmed == Some(held.since) && !jumps(&held.names, shown, guards));
        if self.accepted.is_none() || meant.is_some() {
            return self.establish(shown, at);
        }
        let acting = self.acting();
        if jumps(&acting, shown, guards) {
            // The same jump keeps its name as long as it stays about the same.
            let same = held.filter(|held| !jumps(&held.names, shown, guards));
            let (since, names) = match same {
                Some(held) => (held.since, held.names),
                None => (at, shown.clone()),
            };
            let (entering, leaving) = (apart(shown, &acting), apart(&acting, shown));
            let held = Held { since, entering, leaving, names };
            self.held = Some(held.clone());
            return Heard::Held(held);
        }
        self.sight(shown, guards, at)
    }

    /// Names that act.
    #[must_use]
    pub fn acting(&self) -> BTreeSet<PackageName> {
        let acting = self.names.iter().filter(|(_, known)| known.acts.is_some());
        acting.map(|(name, _)| name.clone()).collect()
    }

    /// How many names stand how.
    #[must_use]
    pub fn count(&self) -> Count {
        let mut count = Count::default();
        for known in self.names.values() {
            count.acting += usize::from(known.acts.is_some());
            count.waiting += usize::from(known.acts.is_none());
            count.missing += usize::from(known.lacked.is_some());
        }
        count
    }

    /// What is known of a name; `None` if it is not on the list.
    #[must_use]
    pub fn known(&self, name: &PackageName) -> Option<&Known> {
        self.names.get(name)
    }

    /// The jump that waits for a person, if there is one.
    #[must_use]
    pub fn held(&self) -> Option<&Held> {
        self.held.as_ref()
    }

    /// When the newest fetch that counts was made.
    #[must_use]
    pub fn accepted(&self) -> Option<Timestamp> {
        self.accepted
    }

    fn acts(&self, name: &PackageName) -> bool {
        self.names.get(name).is_some_and(|known| known.acts.is_some())
    }

    /// Takes the fetch as it is: all of it acts, nothing else does.
    fn establish(&mut self, shown: &BTreeSet<PackageName>, at: Timestamp) -> Heard {
        let (before, mut entered) = (self.acting(), Vec::new());
        let mut names = BTreeMap::new();
        for name in shown {
            let mut known = self.names.remove(name).unwrap_or_else(|| Known::new(at));
            if known.acts.is_none() {
                known.acts = Some(at);
                entered.push(name.clone());
            }
            (known.last, known.lacked) = (at, None);
            names.insert(name.clone(), known);
        }
        (self.names, self.accepted) = (names, Some(at));
        let left = before.difference(shown).cloned().collect();
        Heard::Accepted { entered, left }
    }

    /// Counts sightings and absences.
    fn sight(&mut self, shown: &BTreeSet<PackageName>, guards: &Guards, at: Timestamp) -> Heard {
        self.accepted = Some(at);
        let mut entered = Vec::new();
        for name in shown {
            let known = self.names.entry(name.clone()).or_insert_with(|| Known::new(at));
            if known.seen(guards, at) {
                entered.push(name.clone());
            }
        }
        let mut left = Vec::new();
        self.names.retain(|name, known| {
            if shown.contains(name) {
                return true;
            }
            let stays = known.acts.is_some() && !known.missing(guards, at);
            if !stays && known.acts.is_some() {
                left.push(name.clone());
            }
            stays
        });
        Heard::Accepted { entered, left }
    }
}

impl Held {
    /// Whether the fetch that is held shows this name.
    #[must_use]
    pub fn shows(&self, name: &PackageName) -> bool {
        self.names.contains(name)
    }

    /// Names that would act.
    pub fn enters<'a>(&'a self, list: &'a PackageList) -> impl Iterator<Item = &'a PackageName> {
        self.names.iter().filter(|name| !list.acts(name))
    }

    /// Names that would act no more.
    pub fn leaves<'a>(&'a self, list: &'a PackageList) -> impl Iterator<Item = &'a PackageName> {
        list.names.keys().filter(|name| list.acts(name) && !self.names.contains(*name))
    }
}

impl Known {
    fn new(at: Timestamp) -> Self {
        Self { first: at, last: at, acts: None, sightings: 1, counted: at, lacked: None }
    }

    /// A fetch shows it; whether it acts for the first time.
    fn seen(&mut self, guards: &Guards, at: Timestamp) -> bool {
        (self.last, self.lacked) = (at, None);
        if self.acts.is_some() {
            return false;
        }
        if far(self.counted, at, guards) {
            (self.sightings, self.counted) = (self.sightings.saturating_add(1), at);
        }
        if self.sightings >= guards.sightings {
            self.acts = Some(at);
        }
        self.acts.is_some()
    }

    /// A fetch lacks it; whether it has for long enough.
    fn missing(&mut self, guards: &Guards, at: Timestamp) -> bool {
        let Some((since, fetches)) = &mut self.lacked else {
            (self.lacked, self.counted) = (Some((at, 1)), at);
            return false;
        };
        if far(self.counted, at, guards) {
            (*fetches, self.counted) = (fetches.saturating_add(1), at);
        }
        at.since(*since) >= guards.missing && *fetches > FETCHES_WITHOUT
    }
}

/// Whether two fetches count as two. A clock that went back makes no fetch of before later.
fn far(one: Timestamp, other: Timestamp, guards: &Guards) -> bool {
    other.since(one).max(one.since(other)) >= guards.apart
}

/// Whether going from one set of names to another is a jump.
fn jumps(from: &BTreeSet<PackageName>, to: &BTreeSet<PackageName>, guards: &Guards) -> bool {
    let beyond = |names: usize, percent: u32| {
        let names = u64::try_from(names).unwrap_or(u64::MAX);
        let size = u64::try_from(from.len()).unwrap_or(u64::MAX);
        let part = size.saturating_mul(u64::from(percent));
        names > u64::from(guards.few) && names.saturating_mul(100) > part
    };
    beyond(apart(to, from), guards.grows) || beyond(apart(from, to), guards.shrinks)
}

/// How many names are in the first and not in the second.
fn apart(one: &BTreeSet<PackageName>, other: &BTreeSet<PackageName>) -> usize {
    one.difference(other).count()
}

#[cfg(test)]
mod tests;
