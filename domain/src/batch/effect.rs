//! What a batch wants done, and what came of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    member::{Built, End},
    seen::UpdateSeen,
};
use crate::{
    failure::{Failure, FailureClass},
    id::{BuildId, Component, EventId, RepoRequestId, TagName, TaskId, Token, TriggerId},
    nvr::Nvr,
    scm::ScmUrl,
    trigger::Answer,
};

/// What comes out of a step, beside the changed state.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Puts an effect into the ledger, under the batch's own number for it.
    Run {
        /// Rises from 1 within the batch.
        no: u32,
        /// What is to be done.
        effect: Effect,
    },
    /// The batch is being aborted: an open effect is issued no more; what was issued is settled by looking.
    Settle {
        /// Which effect.
        no: u32,
    },
    /// Answers a trigger.
    Answer {
        /// Which.
        trigger: TriggerId,
        /// The answer.
        answer: Answer,
    },
    /// Makes a trigger pending again.
    Reopen {
        /// Which.
        trigger: TriggerId,
    },
    /// Puts a source on the deny list.
    Deny(Denial),
    /// Tells people.
    Notify(Notice),
}

/// An entry for the deny list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Which component.
    pub component: Component,
    /// The exact source.
    pub source: ScmUrl,
    /// How it failed.
    pub failure: Failure,
    /// Its last task.
    pub task: Option<TaskId>,
    /// For how long it is denied.
    pub span: Duration,
}

/// Something a person should know; the shell logs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The batch entered a phase.
    Phase {
        /// Its name.
        name: &'static str,
    },
    /// An attempt began.
    Attempt {
        /// The slice's order number.
        order: i64,
        /// The attempt.
        number: u32,
        /// How many builds.
        builds: usize,
    },
    /// A build came to its end.
    BuildEnded {
        /// Which component.
        component: Component,
        /// How.
        end: End,
    },
    /// A Rawhide build could not be put into the side tag; its rebuild goes on without.
    SeedFailed {
        /// Which component.
        component: Component,
        /// Why.
        failure: Failure,
    },
    /// The build side tag vanished; a new one is made.
    TagVanished {
        /// The one that was.
        tag: TagName,
    },
    /// A group came to a state that people look at.
    Group {
        /// Its number.
        number: u32,
        /// The word for its state.
        state: &'static str,
        /// More, if there is more to say.
        text: String,
    },
    /// Updates are slow to become stable.
    SlowUpdates,
}

/// A wish to change the outside world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Make a side tag on the base tag.
    CreateSideTag {
        /// The base.
        base: TagName,
    },
    /// Put builds into a tag.
    TagBuilds {
        /// The tag.
        tag: TagName,
        /// The builds.
        builds: Vec<BuildId>,
    },
    /// Turn drafts into regular builds.
    PromoteBuilds {
        /// The builds.
        builds: Vec<BuildId>,
    },
    /// Ask for a repo that has at least this change of the tag.
    RequestRepo {
        /// The tag.
        tag: TagName,
        /// The change.
        event: EventId,
    },
    /// Remove a side tag of ours.
    RemoveSideTag {
        /// The tag.
        tag: TagName,
    },
    /// Ask for builds of one attempt.
    SubmitBuilds {
        /// The side tag; its target has the same name.
        tag: TagName,
        /// The slice's order number.
        order: i64,
        /// The attempt.
        attempt: u32,
        /// The builds.
        builds: Vec<Submission>,
    },
    /// Cancel tasks and see them final.
    CancelTasks {
        /// The tasks.
        tasks: Vec<TaskId>,
    },
    /// Make one Bodhi update from an errata side tag.
    SubmitUpdate {
        /// The tag.
        tag: TagName,
        /// The group's number.
        group: u32,
        /// The builds it must hold, with their regular NVRs.
        builds: Vec<(BuildId, Nvr)>,
    },
}

impl Effect {
    /// Its kind, as the ledger and metrics call it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CreateSideTag { .. } => "create_side_tag",
            Self::TagBuilds { .. } => "tag_builds",
            Self::PromoteBuilds { .. } => "promote_builds",
            Self::RequestRepo { .. } => "request_repo",
            Self::RemoveSideTag { .. } => "remove_side_tag",
            Self::SubmitBuilds { .. } => "submit_builds",
            Self::CancelTasks { .. } => "cancel_tasks",
            Self::SubmitUpdate { .. } => "submit_update",
        }
    }
}

/// One build to ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Which component.
    pub component: Component,
    /// What is built.
    pub source: ScmUrl,
    /// What marks it as ours.
    pub token: Token,
}

/// The known outcome of an effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The side tag.
    TagCreated {
        /// Its name.
        tag: TagName,
    },
    /// What became of asking for each build to be tagged.
    BuildsTagged {
        /// For each build.
        builds: Vec<(BuildId, Result<TaskId, Refusal>)>,
    },
    /// What became of each promotion: the build as it is now.
    BuildsPromoted {
        /// For each build.
        builds: Vec<(BuildId, Result<Built, Failure>)>,
    },
    /// Where the repo request stands.
    RepoRequested {
        /// The request to watch; `None` if there is a fitting repo already.
        request: Option<RepoRequestId>,
    },
    /// The side tag is gone.
    TagRemoved,
    /// What became of asking for each build.
    BuildsSubmitted {
        /// For each component.
        builds: Vec<(Component, SubmitEnd)>,
    },
    /// The tasks are cancelled, or were final already; their states come by looking.
    TasksCancelled,
    /// What became of the update.
    UpdatePosted {
        /// The answer.
        end: PostEnd,
    },
    /// Every worker that tried it died of it. Only what it was about suffers.
    Poisoned {
        /// The last error.
        text: String,
    },
    /// It was not done, and never will be: the batch is being aborted, or what belonged to nobody has come to belong to somebody.
    Withdrawn,
    /// The tag it was about does not exist any more.
    TagGone,
}

/// Why the hub did not do one thing of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// It is so already, which is as good.
    AlreadySo,
    /// It cannot be done.
    Failed(Failure),
}

/// What became of asking for one build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "submitted", rename_all = "snake_case")]
pub enum SubmitEnd {
    /// There is a task.
    Task {
        /// The one that counts.
        task: TaskId,
        /// Others with the same token, to be cancelled.
        surplus: Vec<TaskId>,
    },
    /// The hub refused it.
    Refused(Failure),
}

/// What became of posting an update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "posted", rename_all = "snake_case")]
pub enum PostEnd {
    /// There is an update.
    Update(UpdateSeen),
    /// The tag does not hold exactly the group: nothing was posted.
    TagDiffers,
    /// Bodhi refused.
    Refused {
        /// What it said.
        text: String,
        /// The NVRs it named, if the refusal is about single builds.
        builds: Vec<String>,
    },
}

impl Outcome {
    /// The failure that a poisoned effect means for what it was about.
    pub(super) fn poison(text: &str) -> Failure {
        Failure::new(FailureClass::Infrastructure, format!("given up: {text}"))
    }
}
