//! What a batch is told: outcomes of its effects, what was seen by looking, and what operators want.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{admission::Admission, effect::Outcome};
use crate::{
    failure::Failure,
    id::{BuildId, Component, EventId, RepoRequestId, TagName, TaskId},
    time::Timestamp,
};

/// What goes into a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Answer to [`super::Read::Admission`].
    Admitted(Admission),
    /// An effect's outcome is known.
    Outcome {
        /// The batch's number of the effect.
        no: u32,
        /// The outcome.
        outcome: Outcome,
    },
    /// Answer to [`super::Read::LastChange`].
    LastChange {
        /// The tag's newest change.
        event: EventId,
    },
    /// A look at a tag.
    TagSeen {
        /// The tag.
        tag: TagName,
        /// What it holds.
        content: TagContent,
    },
    /// A look at a repo request.
    RepoSeen {
        /// The request.
        request: RepoRequestId,
        /// Where it stands.
        repo: RepoSeen,
    },
    /// A look at tasks.
    TasksSeen {
        /// The tasks.
        tasks: Vec<TaskSeen>,
    },
    /// Answer to [`super::Read::PublishFacts`].
    Checked(PublishFacts),
    /// A look at updates and the stable tag.
    UpdatesSeen {
        /// The updates.
        updates: Vec<UpdateSeen>,
        /// Builds of their packages directly in the stable tag: all, or at least the latest.
        stable: Vec<StableBuild>,
    },
    /// An operator takes one component out. Its seed stays.
    Drop {
        /// Which.
        component: Component,
    },
    /// An operator ends the batch.
    Abort {
        /// Whether its triggers become pending again.
        requeue: bool,
    },
}

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

/// An event that cannot happen in this state: a fault of the program or of an operator's request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{event}` cannot happen in a batch that is {state}")]
pub struct Illegal {
    /// The phase.
    pub state: &'static str,
    /// The event.
    pub event: &'static str,
}

impl Event {
    /// The word for it, for errors and traces.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Admitted(_) => "admitted",
            Self::Outcome { .. } => "outcome",
            Self::LastChange { .. } => "last_change",
            Self::TagSeen { .. } => "tag_seen",
            Self::RepoSeen { .. } => "repo_seen",
            Self::TasksSeen { .. } => "tasks_seen",
            Self::Checked(_) => "checked",
            Self::UpdatesSeen { .. } => "updates_seen",
            Self::Drop { .. } => "drop",
            Self::Abort { .. } => "abort",
        }
    }
}
