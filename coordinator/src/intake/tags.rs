//! Which tags trigger: the one that the configuration names, and for a while those that it named before. Pure.
//!
//! Around branching Rawhide's tag changes its name while builds still enter the former one. Does *not* know who names it.

use std::time::Duration;

use ebs_domain::{id::TagName, time::Timestamp};
use serde::{Deserialize, Serialize};

/// The version of [`TriggerTags`] as it is stored. A change of what is written raises it, and brings a fixture.
pub const VERSION: u32 = 1;

/// The name of the mark that holds them.
pub const TRIGGER_TAGS: &str = "trigger_tags";

/// Most former tags that are remembered: more changes within one overlap are somebody's trial.
const MAX_FORMER: usize = 8;

/// The tags that trigger, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerTags {
    /// Version of this shape, see [`VERSION`].
    pub v: u32,
    /// The tag that the configuration names.
    pub current: TagName,
    /// Since when.
    pub since: Timestamp,
    /// Those that it named before, the latest first.
    pub former: Vec<FormerTag>,
}

/// A tag that the configuration named before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerTag {
    /// The tag.
    pub tag: TagName,
    /// When another took its place.
    pub replaced: Timestamp,
}

impl TriggerTags {
    /// The first tag that is ever named.
    #[must_use]
    pub fn first(tag: TagName, at: Timestamp) -> Self {
        Self { v: VERSION, current: tag, since: at, former: Vec::new() }
    }

    /// What becomes of them when the configuration names this tag; the same if it named it before.
    #[must_use]
    pub fn follow(&self, tag: &TagName, at: Timestamp) -> Self {
        if self.current == *tag {
            return self.clone();
        }
        let replaced = FormerTag { tag: self.current.clone(), replaced: at };
        let before = self.former.iter().filter(|former| former.tag != *tag).cloned();
        let former = std::iter::once(replaced).chain(before).take(MAX_FORMER).collect();
        Self { v: VERSION, current: tag.clone(), since: at, former }
    }

    /// All that trigger at this time, the newest first: a former tag for so long after it was replaced.
    #[must_use]
    pub fn watched(&self, at: Timestamp, overlap: Duration) -> Vec<TagName> {
        let still = self.former.iter().filter(|former| at < former.until(overlap));
        std::iter::once(&self.current).chain(still.map(|former| &former.tag)).cloned().collect()
    }
}

impl FormerTag {
    /// Until when it triggers.
    #[must_use]
    pub fn until(&self, overlap: Duration) -> Timestamp {
        self.replaced + overlap
    }
}

#[cfg(test)]
mod tests;
