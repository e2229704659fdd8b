//! What a batch is told: outcomes of its effects, what was seen by looking, and what operators want.

use super::{
    candidate::Admission,
    effect::Outcome,
    seen::{PublishFacts, RepoSeen, TagContent, TaskSeen, UpdatesLook},
};
use crate::id::{Component, EventId, RepoRequestId, TagName, TaskId};

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
    /// A task was found that was asked for already, for a build that waits to be asked for.
    TaskFound {
        /// Which component's.
        component: Component,
        /// The task.
        task: TaskId,
    },
    /// Answer to [`super::Read::PublishFacts`].
    Checked(PublishFacts),
    /// A look at updates and the stable tag.
    UpdatesSeen(UpdatesLook),
    /// An operator takes one component out. Its seed stays.
    Drop {
        /// Which.
        component: Component,
    },
    /// An operator declares one build failed: it is stopped and taken out, and its end is a failure that nobody tries again.
    Fail {
        /// Which.
        component: Component,
        /// What is told as its failure.
        text: String,
    },
    /// An operator has the batch go on without the end of one build: that is published when it comes.
    Detach {
        /// Which.
        component: Component,
    },
    /// An operator has the update of a held group made again, in doubt: the earlier try may have had its effect.
    RetryGroup {
        /// Which group.
        group: u32,
    },
    /// An operator gives a held group up: its builds are not published.
    DiscardGroup {
        /// Which group.
        group: u32,
    },
    /// An operator ends the batch.
    Abort {
        /// Whether its triggers become pending again.
        requeue: bool,
    },
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
            Self::TaskFound { .. } => "task_found",
            Self::Checked(_) => "checked",
            Self::UpdatesSeen(_) => "updates_seen",
            Self::Drop { .. } => "drop",
            Self::Fail { .. } => "fail",
            Self::Detach { .. } => "detach",
            Self::RetryGroup { .. } => "retry_group",
            Self::DiscardGroup { .. } => "discard_group",
            Self::Abort { .. } => "abort",
        }
    }
}
