//! A component in a batch: its seed, and where its build is.

use serde::{Deserialize, Serialize};

use super::candidate::{Candidate, LatestBuild};
use crate::{
    failure::{Failure, FailureClass},
    id::{BatchId, BuildId, TaskId, TriggerId},
    scm::ScmUrl,
    time::Timestamp,
    trigger::Answer,
};

/// One component of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The Rawhide build that is rebuilt.
    pub rawhide: BuildId,
    /// Its NVR.
    pub rawhide_nvr: String,
    /// What is built.
    pub source: ScmUrl,
    /// Its order number: the slice it is in.
    pub order: i64,
    /// Whether the Rawhide build goes into the side tag.
    pub seed: bool,
    /// The trigger that is answered with its end.
    pub trigger: Option<TriggerId>,
    /// In how many attempts it has failed by a class that the plan's deny rule counts.
    pub failures: u32,
    /// Set when an operator dropped it while a submission was under way.
    pub dropped: bool,
    /// Set when an operator declared its build failed: what is told as its failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<String>,
    /// Since when its batch does not wait for its task any more: an operator detached it. It is not tried again then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detached: Option<Timestamp>,
    /// Where its build is.
    pub build: Build,
    /// Since when it is there.
    pub since: Timestamp,
    /// Since when Koji has said that there is no task of its task's number.
    #[serde(default)]
    pub unknown_since: Option<Timestamp>,
}

/// Where a build is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "build", rename_all = "snake_case")]
pub enum Build {
    /// Its slice has not come.
    Waiting,
    /// In this attempt, held back by the window or not sent yet.
    Queued {
        /// The attempt.
        attempt: u32,
    },
    /// Being asked for.
    Submitting {
        /// The attempt.
        attempt: u32,
    },
    /// Koji has a task.
    Running {
        /// The attempt.
        attempt: u32,
        /// The task.
        task: TaskId,
        /// Since when a builder has it; `None` while it waits for one, perhaps again.
        started: Option<Timestamp>,
    },
    /// We have asked for the task to be cancelled and want to see it final.
    Stopping {
        /// The attempt.
        attempt: u32,
        /// The task.
        task: TaskId,
        /// Why.
        reason: StopReason,
    },
    /// Built, but not in the side tag: we tag it.
    Tagging {
        /// The attempt.
        attempt: u32,
        /// The task.
        task: TaskId,
        /// What was built.
        built: Built,
        /// Whether a draft was promoted for this already; it is tried once.
        promoted: bool,
    },
    /// It has come to its end (of this attempt, or for good).
    Ended {
        /// The last attempt it was in; 0: none.
        attempt: u32,
        /// Its last task.
        task: Option<TaskId>,
        /// How.
        end: End,
    },
}

/// Why we stop a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// It ran longer than it may.
    TimedOut,
    /// An operator dropped the component.
    Dropped,
}

/// A finished build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// The build; it keeps this number when it is promoted.
    pub build: BuildId,
    /// Its NVR now.
    pub nvr: String,
    /// Its epoch, if it has one.
    pub epoch: Option<i64>,
    /// Whether it is a draft still.
    pub draft: bool,
    /// Whether it was there before from the same commit, and not built by this batch.
    pub adopted: bool,
}

/// How a build came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    /// Built and in the side tag.
    Succeeded(Built),
    /// A scratch build succeeded: there is no record of it.
    ScratchSucceeded,
    /// It failed.
    Failed(Failure),
    /// It ran longer than it may, and was cancelled by us.
    TimedOut,
    /// It was cancelled by somebody else.
    Cancelled,
    /// An operator took it out.
    Dropped,
}

impl Member {
    /// A member as admitted.
    #[must_use]
    pub fn new(
        candidate: &Candidate,
        latest: &LatestBuild,
        source: &ScmUrl,
        trigger: Option<TriggerId>,
    ) -> Self {
        Self {
            rawhide: latest.build,
            rawhide_nvr: latest.nvr.clone(),
            source: source.clone(),
            order: candidate.order,
            seed: candidate.may_seed,
            trigger,
            failures: 0,
            dropped: false,
            declared: None,
            detached: None,
            build: Build::Waiting,
            since: Timestamp::default(),
            unknown_since: None,
        }
    }

    /// Where a build is, seen through an operator's word: what ends as taken out has failed, if that was declared.
    pub(super) fn as_declared(&self, build: Build) -> Build {
        match (build, &self.declared) {
            (Build::Ended { attempt, task, end: End::Dropped }, Some(text)) => {
                let failure = Failure { class: FailureClass::Operator, text: text.clone(), task };
                Build::Ended { attempt, task, end: End::Failed(failure) }
            }
            (build, _) => build,
        }
    }

    /// The finished build, if it succeeded.
    #[must_use]
    pub fn built(&self) -> Option<&Built> {
        match &self.build {
            Build::Ended { end: End::Succeeded(built), .. } => Some(built),
            Build::Ended { .. }
            | Build::Waiting
            | Build::Queued { .. }
            | Build::Submitting { .. }
            | Build::Running { .. }
            | Build::Stopping { .. }
            | Build::Tagging { .. } => None,
        }
    }

    /// The build record it has made or adopted, in the side tag or on its way there.
    #[must_use]
    pub fn finished_build(&self) -> Option<BuildId> {
        match &self.build {
            Build::Tagging { built, .. } | Build::Ended { end: End::Succeeded(built), .. } => {
                Some(built.build)
            }
            Build::Ended { .. }
            | Build::Waiting
            | Build::Queued { .. }
            | Build::Submitting { .. }
            | Build::Running { .. }
            | Build::Stopping { .. } => None,
        }
    }

    /// Whether another attempt is to be made with it, if the attempt's failures allow one.
    #[must_use]
    pub fn failed_retryably(&self) -> bool {
        self.detached.is_none()
            && matches!(&self.build, Build::Ended { end: End::Failed(failure), .. } if failure.class.may_be_retried())
    }

    /// Whether its slice need not wait for it (any more).
    #[must_use]
    pub fn holds_up_nothing(&self) -> bool {
        self.has_ended() || self.detached.is_some()
    }

    /// Whether it was detached and builds yet.
    #[must_use]
    pub fn builds_detached(&self) -> bool {
        self.detached.is_some() && !self.has_ended()
    }

    /// Whether it counts against the window. What was detached does not: it holds up nothing, and the window of the next batch
    /// could not know of it.
    #[must_use]
    pub fn is_in_the_window(&self) -> bool {
        self.is_open_in_koji() && self.detached.is_none()
    }

    /// Whether a task of ours is open, or may be.
    #[must_use]
    pub fn is_open_in_koji(&self) -> bool {
        match &self.build {
            Build::Submitting { .. } | Build::Running { .. } | Build::Stopping { .. } => true,
            Build::Waiting | Build::Queued { .. } | Build::Tagging { .. } | Build::Ended { .. } => {
                false
            }
        }
    }

    /// Whether it has come to an end.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self.build, Build::Ended { .. })
    }

    /// The task in Koji that is watched.
    #[must_use]
    pub fn open_task(&self) -> Option<TaskId> {
        match &self.build {
            Build::Running { task, .. } | Build::Stopping { task, .. } => Some(*task),
            Build::Waiting
            | Build::Queued { .. }
            | Build::Submitting { .. }
            | Build::Tagging { .. }
            | Build::Ended { .. } => None,
        }
    }

    /// The attempt it is in, or was in last; 0 before the first.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        match &self.build {
            Build::Waiting => 0,
            Build::Queued { attempt }
            | Build::Submitting { attempt }
            | Build::Running { attempt, .. }
            | Build::Stopping { attempt, .. }
            | Build::Tagging { attempt, .. }
            | Build::Ended { attempt, .. } => *attempt,
        }
    }

    /// The word for where it is, for showing and counting.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match &self.build {
            Build::Waiting => "waiting",
            Build::Queued { .. } => "queued",
            Build::Submitting { .. } => "submitting",
            Build::Running { .. } if self.detached.is_some() => "detached",
            Build::Running { started: None, .. } => "free",
            Build::Running { started: Some(_), .. } => "building",
            Build::Stopping { .. } => "stopping",
            Build::Tagging { .. } => "tagging",
            Build::Ended { end, .. } => end.word(),
        }
    }

    /// The answer to its trigger once its batch has ended. A build that never came to its end was dropped with the batch.
    #[must_use]
    pub fn answer(&self, batch: BatchId) -> Answer {
        match &self.build {
            Build::Ended { end, .. } => match end {
                End::Succeeded(built) => Answer::Built { batch, nvr: built.nvr.clone() },
                End::ScratchSucceeded => Answer::ScratchBuilt { batch },
                End::Failed(failure) => Answer::Failed { batch, class: failure.class },
                End::TimedOut => Answer::TimedOut { batch },
                End::Cancelled => Answer::Cancelled { batch },
                End::Dropped => Answer::Dropped { batch },
            },
            Build::Waiting
            | Build::Queued { .. }
            | Build::Submitting { .. }
            | Build::Running { .. }
            | Build::Stopping { .. }
            | Build::Tagging { .. } => Answer::Dropped { batch },
        }
    }
}

impl End {
    /// The word for it, for showing and counting.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Succeeded(_) | Self::ScratchSucceeded => "succeeded",
            Self::Failed(_) => "failed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Dropped => "dropped",
        }
    }

    /// A failure of this class.
    #[must_use]
    pub fn failed(class: FailureClass, text: impl Into<String>) -> Self {
        Self::Failed(Failure::new(class, text))
    }
}
