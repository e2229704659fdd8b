//! Putting builds into one tag and seeing them there: seeds, adopted builds, errata tags. Does *not* choose the builds.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::effect::Refusal;
use crate::{
    failure::{Failure, FailureClass},
    id::{BuildId, TaskId},
    time::Timestamp,
};

/// The builds that are to be in one tag.
///
/// Stored as a list of pairs: within a tagged enum, serde cannot read a map whose keys are numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(BuildId, Item)>", into = "Vec<(BuildId, Item)>")]
pub struct Fill {
    items: BTreeMap<BuildId, Item>,
}

/// Where one build is on its way into the tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "item", rename_all = "snake_case")]
pub enum Item {
    /// To be asked for.
    Wanted,
    /// Being asked for.
    Asking,
    /// Koji has taken it, since then.
    Asked {
        /// The tagging task; `None` if it was there already.
        task: Option<TaskId>,
        /// Since when we wait to see it.
        since: Timestamp,
    },
    /// Seen in the tag.
    In,
    /// It cannot be tagged.
    Failed(Failure),
}

impl From<Vec<(BuildId, Item)>> for Fill {
    fn from(items: Vec<(BuildId, Item)>) -> Self {
        Self { items: items.into_iter().collect() }
    }
}

impl From<Fill> for Vec<(BuildId, Item)> {
    fn from(fill: Fill) -> Self {
        fill.items.into_iter().collect()
    }
}

impl Fill {
    /// A fill that wants these builds.
    #[must_use]
    pub fn of(builds: impl IntoIterator<Item = BuildId>) -> Self {
        Self { items: builds.into_iter().map(|build| (build, Item::Wanted)).collect() }
    }

    /// Wants one more build, unless it is on its way. One that failed before is wanted anew.
    pub fn want(&mut self, build: BuildId) {
        let item = self.items.entry(build).or_insert(Item::Wanted);
        if matches!(item, Item::Failed(_) | Item::In) {
            *item = Item::Wanted;
        }
    }

    /// Wants one more build unless it is on its way, or was seen and is gone again since.
    pub fn want_once(&mut self, build: BuildId) {
        match self.items.get(&build) {
            None => {
                self.items.insert(build, Item::Wanted);
            }
            Some(Item::In) => {
                let failure = Failure::new(FailureClass::Tagging, "untagged again");
                self.items.insert(build, Item::Failed(failure));
            }
            Some(Item::Wanted | Item::Asking | Item::Asked { .. } | Item::Failed(_)) => {}
        }
    }

    /// The builds to ask for now; they count as being asked for from here on.
    pub fn ask(&mut self) -> Vec<BuildId> {
        let mut asked = Vec::new();
        for (build, item) in &mut self.items {
            if matches!(item, Item::Wanted) {
                *item = Item::Asking;
                asked.push(*build);
            }
        }
        asked
    }

    /// Takes the hub's answers to the asking; what it does not answer cannot be tagged.
    pub fn answered(&mut self, answers: Vec<(BuildId, Result<TaskId, Refusal>)>, at: Timestamp) {
        for (build, answer) in answers {
            let Some(item) = self.items.get_mut(&build) else { continue };
            if !matches!(item, Item::Asking) {
                continue;
            }
            *item = match answer {
                Ok(task) => Item::Asked { task: Some(task), since: at },
                Err(Refusal::AlreadySo) => Item::Asked { task: None, since: at },
                Err(Refusal::Failed(failure)) => Item::Failed(failure),
            };
        }
        for item in self.items.values_mut().filter(|item| matches!(item, Item::Asking)) {
            let failure = Failure::new(FailureClass::Infrastructure, "it was not answered");
            *item = Item::Failed(failure);
        }
    }

    /// Takes what is in the tag now, and which tagging tasks have failed. What is not there in time has failed.
    pub fn seen(
        &mut self,
        present: &BTreeSet<BuildId>,
        failed: &[(TaskId, Failure)],
        at: Timestamp,
        time_limit: Duration,
    ) {
        for (build, item) in &mut self.items {
            if present.contains(build) {
                *item = Item::In;
                continue;
            }
            if let Item::Asked { task, since } = item {
                let fault = failed.iter().find(|(failed, _)| Some(*failed) == *task);
                if let Some((_, failure)) = fault {
                    *item = Item::Failed(failure.clone());
                } else if at.since(*since) >= time_limit {
                    *item = Item::Failed(Failure::new(
                        FailureClass::Tagging,
                        "not seen in the tag in time",
                    ));
                }
            }
        }
    }

    /// Whether nothing is to be waited for.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.items.values().all(|item| matches!(item, Item::In | Item::Failed(_)))
    }

    /// Whether something was asked for that is to be seen.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        self.items.values().any(|item| matches!(item, Item::Asked { .. }))
    }

    /// Tagging tasks whose failure is of interest.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskId> {
        let of = |item: &Item| if let Item::Asked { task, .. } = item { *task } else { None };
        self.items.values().filter_map(of).collect()
    }

    /// Where one build is.
    #[must_use]
    pub fn get(&self, build: BuildId) -> Option<&Item> {
        self.items.get(&build)
    }

    /// Forgets one build.
    pub fn forget(&mut self, build: BuildId) {
        self.items.remove(&build);
    }

    /// The builds that could not be tagged.
    pub fn failed(&self) -> impl Iterator<Item = (BuildId, &Failure)> {
        self.items.iter().filter_map(|(build, item)| match item {
            Item::Failed(failure) => Some((*build, failure)),
            Item::Wanted | Item::Asking | Item::Asked { .. } | Item::In => None,
        })
    }

    /// All the builds.
    pub fn builds(&self) -> impl Iterator<Item = BuildId> {
        self.items.keys().copied()
    }
}
