//! What looking at Koji and Bodhi has shown.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    failure::Failure,
    id::{BuildId, TaskId},
    time::Timestamp,
};

/// What a tag holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagContent {
    /// The tag does not exist.
    Gone,
    /// It exists.
    Builds {
        /// All builds directly in it.
        builds: BTreeSet<BuildId>,
        /// Tagging tasks that failed or were cancelled.
        failed: Vec<(TaskId, Failure)>,
    },
}

/// Where a repo request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepoSeen {
    /// A fitting repo is there.
    Ready,
    /// Not yet.
    Pending,
    /// Koji has given up, or forgotten it.
    GivenUp,
}

/// A task as looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskSeen {
    /// The task.
    pub task: TaskId,
    /// How it stands.
    pub fate: TaskFate,
}

/// How a task stands.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskFate {
    /// No builder has it, perhaps not any more.
    Waiting,
    /// A builder has it, since then.
    Started(Timestamp),
    /// It is final.
    Ended(TaskEnd),
    /// Koji says that there is no task of that number.
    Unknown,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskEnd {
    /// Well; with its finished build, unless it was a scratch build.
    Closed {
        /// The COMPLETE build.
        build: Option<BuildFact>,
    },
    /// Not well.
    Failed {
        /// Why.
        failure: Failure,
        /// Its build, if it is COMPLETE all the same (only the tagging failed).
        build: Option<BuildFact>,
        /// The COMPLETE build that has the NVR already, if that was the reason.
        taken_by: Option<BuildFact>,
    },
    /// It was cancelled.
    Canceled {
        /// Its build, if it is COMPLETE all the same.
        build: Option<BuildFact>,
    },
}

/// A COMPLETE build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildFact {
    /// The build.
    pub build: BuildId,
    /// Its NVR now.
    pub nvr: String,
    /// Its epoch, if it has one.
    pub epoch: Option<i64>,
    /// Whether it is a draft.
    pub draft: bool,
    /// Its source, as text.
    pub source: Option<String>,
}

/// What stands against publishing builds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishFacts {
    /// Builds that are in the stable tag already.
    pub in_stable: BTreeSet<BuildId>,
    /// Builds that are in an update which is not unpushed, by the update's alias.
    pub in_update: BTreeMap<BuildId, String>,
}

/// An update as looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateSeen {
    /// Its name.
    pub alias: String,
    /// Its status, as Bodhi writes it.
    pub status: String,
    /// The state of its gating, as Bodhi writes it.
    pub gating: Option<String>,
    /// Whether it was pushed to testing once.
    pub pushed: bool,
    /// NVRs of its builds.
    pub builds: Vec<String>,
}

/// One look at updates and the stable tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdatesLook {
    /// The updates that Bodhi knows.
    pub updates: Vec<UpdateSeen>,
    /// Names of those that it says do not exist.
    pub unknown: Vec<String>,
    /// Builds of their packages directly in the stable tag: all, or at least the latest.
    pub stable: Vec<StableBuild>,
}

/// A build in the stable tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StableBuild {
    /// The build.
    pub build: BuildId,
    /// Its NVR.
    pub nvr: String,
    /// Its epoch.
    pub epoch: Option<i64>,
}
