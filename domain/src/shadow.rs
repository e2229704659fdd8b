//! Shadow mode: what we would have asked Koji for against what another service has. Pure. Does *not* know where either comes from.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    id::{BatchId, Component, TaskId},
    scm::ScmUrl,
    time::Timestamp,
};

/// A build that a shadow batch would have asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// By this batch.
    pub batch: BatchId,
    /// Which component.
    pub component: Component,
    /// From this source.
    pub source: ScmUrl,
    /// In the slice of this order number.
    pub order: i64,
    /// When.
    pub at: Timestamp,
}

/// A build that the other service has asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The task.
    pub task: TaskId,
    /// Which component.
    pub component: Component,
    /// From this source.
    pub source: String,
    /// Into this target or side tag.
    pub target: String,
    /// When.
    pub at: Timestamp,
    /// When the task ended, if it has.
    pub ended: Option<Timestamp>,
}

/// In what the two differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// We would have built it, the other has not.
    NotByThem,
    /// The other has built it, we would not have.
    NotByUs,
    /// Both, from different sources.
    OtherSource,
    /// The other did not wait for it before it asked for what comes after it.
    OtherOrder,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::NotByThem, Self::NotByUs, Self::OtherSource, Self::OtherOrder];

    /// The word for it, as stored, shown and counted.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotByThem => "not_by_them",
            Self::NotByUs => "not_by_us",
            Self::OtherSource => "other_source",
            Self::OtherOrder => "other_order",
        }
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// In what.
    pub kind: Kind,
    /// Which component.
    pub component: Component,
    /// What we would have asked for.
    pub ours: Option<Planned>,
    /// What the other has asked for; of a difference in order what was asked for too early.
    pub theirs: Option<Asked>,
}

/// What a comparison comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// Builds that both asked for, from the same commit.
    pub agreed: usize,
    /// Builds that only one has asked for so far: the other may still.
    pub waiting: usize,
    /// Builds of ours that a newer one replaced before the other had come to it.
    pub overtaken: usize,
    /// What differs, the latest first.
    pub differences: Vec<Difference>,
}

/// How long either may take to ask for what the other has asked for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// That long.
    pub span: Duration,
    /// The time now.
    pub now: Timestamp,
}

impl Patience {
    fn is_over(self, at: Timestamp) -> bool {
        self.now.since(at) >= self.span
    }
}

/// Compares. Both in any order; a build that was tried again is one.
#[must_use]
pub fn compare(ours: &[Planned], theirs: &[Asked], patience: Patience) -> Comparison {
    let theirs = first_tries(theirs);
    let mut of_component: BTreeMap<&Component, Vec<&Asked>> = BTreeMap::new();
    for asked in &theirs {
        of_component.entry(&asked.component).or_default().push(asked);
    }
    let mut comparison = Comparison::default();
    let (mut matched, mut folded) = (BTreeSet::new(), BTreeSet::new());
    let mut orders: BTreeMap<&str, Vec<(i64, &Asked, &Planned)>> = BTreeMap::new();
    for planned in ours {
        let candidates = of_component.get(&planned.component).map_or(&[][..], Vec::as_slice);
        let same = candidates.iter().find(|asked| planned.source.same_commit(&asked.source));
        if let Some(asked) = same {
            if matched.insert(asked.task) {
                comparison.agreed += 1;
                orders.entry(&asked.target).or_default().push((planned.order, asked, planned));
            }
        } else if is_overtaken(planned, ours) {
            comparison.overtaken += 1;
        } else if !patience.is_over(planned.at) {
            comparison.waiting += 1;
        } else {
            let near = |asked: &&&Asked| near(asked.at, planned.at, patience.span);
            let other = candidates.iter().rev().find(near);
            folded.extend(other.map(|asked| asked.task));
            comparison.differences.push(Difference {
                kind: if other.is_some() { Kind::OtherSource } else { Kind::NotByThem },
                component: planned.component.clone(),
                ours: Some(planned.clone()),
                theirs: other.map(|asked| (**asked).clone()),
            });
        }
    }
    for asked in &theirs {
        if matched.contains(&asked.task) || folded.contains(&asked.task) {
            continue;
        }
        if patience.is_over(asked.at) {
            comparison.differences.push(Difference {
                kind: Kind::NotByUs,
                component: asked.component.clone(),
                ours: None,
                theirs: Some((*asked).clone()),
            });
        } else {
            comparison.waiting += 1;
        }
    }
    for builds in orders.into_values() {
        comparison.differences.extend(out_of_order(builds));
    }
    comparison.differences.sort_by_key(|difference| std::cmp::Reverse(difference.at()));
    comparison
}

impl Difference {
    /// When it came to be.
    fn at(&self) -> Timestamp {
        let ours = self.ours.as_ref().map(|planned| planned.at);
        let theirs = self.theirs.as_ref().map(|asked| asked.at);
        theirs.max(ours).unwrap_or_default()
    }
}

/// The first task of each component and source, oldest first.
fn first_tries(theirs: &[Asked]) -> Vec<&Asked> {
    let mut all: Vec<&Asked> = theirs.iter().collect();
    all.sort_by_key(|asked| (asked.at, asked.task));
    let mut seen = BTreeSet::new();
    all.retain(|asked| seen.insert((&asked.component, asked.source.as_str())));
    all
}

/// Whether we would have built something newer of this component since.
fn is_overtaken(planned: &Planned, ours: &[Planned]) -> bool {
    ours.iter().any(|other| {
        other.component == planned.component
            && other.at > planned.at
            && other.source != planned.source
    })
}

fn near(one: Timestamp, other: Timestamp, span: Duration) -> bool {
    one.since(other).max(other.since(one)) <= span
}

/// Builds of one side tag that were not waited for: something of a later slice was asked for before they had ended.
fn out_of_order(mut builds: Vec<(i64, &Asked, &Planned)>) -> Vec<Difference> {
    builds.sort_by_key(|(order, asked, _)| (std::cmp::Reverse(*order), asked.at));
    let mut found = Vec::new();
    // The earliest of all later slices, and the earliest of the slice that is looked at.
    let (mut later, mut own): (Option<&Asked>, Option<&Asked>) = (None, None);
    let mut slice = None;
    for (order, asked, planned) in builds {
        if slice != Some(order) {
            later = earliest(later, own.take());
            slice = Some(order);
        }
        own = earliest(own, Some(asked));
        let Some(early) = later else { continue };
        if asked.ended.is_none_or(|ended| early.at < ended) {
            found.push(Difference {
                kind: Kind::OtherOrder,
                component: planned.component.clone(),
                ours: Some(planned.clone()),
                theirs: Some(early.clone()),
            });
        }
    }
    found
}

fn earliest<'a>(one: Option<&'a Asked>, other: Option<&'a Asked>) -> Option<&'a Asked> {
    one.into_iter().chain(other).min_by_key(|asked| asked.at)
}

#[cfg(test)]
mod tests;
