//! The settings a batch keeps from its beginning to its end, whatever the configuration becomes meanwhile.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    deny::DenyRule,
    id::{Component, TagName},
};

/// The settings of one batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Number of the configuration snapshot it began with.
    pub snapshot: u64,
    /// Koji's build target; its build tag is the base of our side tags.
    pub target: TagName,
    /// The tag whose builds trigger.
    pub trigger_tag: TagName,
    /// Where Bodhi puts finished builds.
    pub stable_tag: TagName,
    /// Whether builds are scratch builds: no record, no publishing.
    pub scratch: bool,
    /// Whether builds are drafts until they are published.
    pub draft: bool,
    /// Whether the first failed architecture cancels the others.
    pub fail_fast: bool,
    /// Whether Koji itself waits for a repo with the tag's newest change before each build.
    pub wait_repo: bool,
    /// Most builds in one update once a batch is split; 0: no limit.
    pub batch_size: usize,
    /// Up to this many builds, a batch is not split.
    pub max_single_batch_size: usize,
    /// Most tasks of ours open in Koji at once.
    pub max_open_builds: usize,
    /// How long a task may run, from its start.
    pub build_timeout: Duration,
    /// The same for single components.
    pub build_timeouts: BTreeMap<Component, Duration>,
    /// How long one build may take to appear in a side tag.
    pub side_tag_timeout: Duration,
    /// How long updates may take to become stable, outages not counted.
    pub stable_timeout: Duration,
    /// After how long a slow update is warned about, once; zero: never.
    pub stable_warn: Duration,
    /// The longest span between two looks at an update that counts as time without an outage.
    pub poll_gap: Duration,
    /// Which failures deny a source, and for how long.
    #[serde(default, skip_serializing_if = "DenyRule::is_usual")]
    pub deny: DenyRule,
    /// Whether it only says what it would build: it ends as soon as it is admitted, and changes nothing outside.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shadow: bool,
}

impl Plan {
    /// How long a task of this component may run.
    #[must_use]
    pub fn build_timeout_of(&self, component: &Component) -> Duration {
        self.build_timeouts.get(component).copied().unwrap_or(self.build_timeout)
    }

    /// How many builds go into each of the updates that `builds` are published with.
    #[must_use]
    pub fn group_size(&self, builds: usize) -> usize {
        if self.batch_size == 0 || builds <= self.max_single_batch_size.max(self.batch_size) {
            builds.max(1)
        } else {
            self.batch_size
        }
    }
}
