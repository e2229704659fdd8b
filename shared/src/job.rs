//! What the coordinator asks of a worker, and what the worker answers: the payloads on the queue.
//!
//! Stored and sent types carry a version and `snake_case` tags. A worker that reads a version it does not know hands the job
//! back for others.

use ebs_domain::{
    id::{BatchId, BuildId, Epoch, RepoRequestId, TagName, TaskId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{
    bodhi::api::{Complaint, NewUpdate, Update},
    koji::{
        api::{BuildInfo, BuildOptions, BuildRequest, RepoAnswer, TaskEnd, TaskInfo},
        error::Fault,
    },
};

/// The version of [`Job`] and [`Report`] that this program writes.
pub const PROTOCOL: u32 = 1;

/// Most builds asked for in one `submit_builds` job.
pub const MAX_SUBMIT: usize = 100;

/// One job for a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Version of this shape, see [`PROTOCOL`].
    pub v: u32,
    /// The effect's id, or the watch's.
    pub of: String,
    /// Which try of the effect, or which poll of the watch, this is; rises from 1.
    pub run: u32,
    /// The batch it belongs to, for tracing.
    pub batch: Option<BatchId>,
    /// The attempt it belongs to, for tracing.
    pub attempt: Option<u32>,
    /// The leader's epoch when it was enqueued, for tracing.
    pub epoch: Epoch,
    /// W3C trace context.
    pub traceparent: String,
    /// What is to be done.
    pub work: Work,
}

/// What a worker is asked to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Ask Koji for builds of one attempt, at most [`MAX_SUBMIT`].
    SubmitBuilds {
        /// What all of them are asked for with.
        options: BuildOptions,
        /// The builds.
        builds: Vec<BuildRequest>,
        /// How certain it is that no earlier try ran.
        doubt: Doubt,
    },
    /// Ask Koji to cancel tasks, and say what became of them.
    CancelTasks {
        /// The tasks.
        tasks: Vec<TaskId>,
    },
    /// Make one Bodhi update from an errata side tag.
    SubmitUpdate {
        /// What is posted.
        update: NewUpdate,
        /// The builds it must hold, by build id: compared with the tag's latest builds before posting.
        builds: Vec<BuildId>,
        /// Their NVRs, in the same order.
        nvrs: Vec<String>,
        /// How certain it is that no earlier try ran.
        doubt: Doubt,
    },
    /// One poll of build tasks: their states, and how the finished ones ended.
    PollTasks {
        /// The tasks, at most 500.
        tasks: Vec<TaskId>,
    },
    /// One poll of a tag: which of these builds are in it, directly.
    PollTag {
        /// The tag.
        tag: TagName,
        /// Tasks that tag builds into it, whose failure is of interest.
        tasks: Vec<TaskId>,
    },
    /// One poll of a repo request.
    PollRepo {
        /// The request.
        request: RepoRequestId,
    },
    /// One poll of the updates that wait to become stable.
    PollUpdates {
        /// The updates, by alias.
        aliases: Vec<String>,
        /// Where the builds shall arrive.
        stable_tag: TagName,
        /// The packages whose builds in that tag are of interest.
        packages: Vec<String>,
    },
}

/// How certain it is that no earlier sending of a creating call can still take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "doubt", rename_all = "snake_case")]
pub enum Doubt {
    /// Run 1: no earlier sending exists. (A redelivered job is in doubt all the same; the worker knows that itself.)
    None,
    /// An earlier sending may have run, or may still be running: look, adopt what is found, and do what is missing only if
    /// `may_create` says so.
    Look {
        /// The oldest moment at which the effect can have been created, less a margin.
        since: Timestamp,
        /// Whether the last possible sending lies longer back than `doubt_wait`.
        may_create: bool,
    },
}

/// A worker's answer to one job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this shape, see [`PROTOCOL`].
    pub v: u32,
    /// As in the job.
    pub of: String,
    /// As in the job.
    pub run: u32,
    /// Name of the worker.
    pub worker: String,
    /// When the worker had the answer, by its clock.
    pub at: Timestamp,
    /// What it found.
    pub answer: Answer,
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Answer {
    /// Koji or Bodhi is not to be had. Nothing was created that is not told elsewhere; issue again after a pause.
    Unavailable {
        /// `koji` or `bodhi`.
        service: Service,
        /// What happened, for people.
        why: String,
    },
    /// The call was sent and its outcome is not known, or an earlier one's outcome is not known yet: look again later.
    Unknown {
        /// What happened, for people.
        why: String,
    },
    /// A look found nothing, and creating was not allowed yet (see [`Doubt::Look`]).
    NotYet {
        /// What was looked for, for people.
        why: String,
    },
    /// Answer to `submit_builds`: one entry for each build, in order.
    Submitted {
        /// What came of each.
        builds: Vec<SubmitEnd>,
    },
    /// Answer to `cancel_tasks`: the tasks as they are now.
    Canceled {
        /// The tasks as seen afterwards.
        tasks: Vec<SeenTask>,
    },
    /// Answer to `submit_update`.
    Posted {
        /// The update, found or made.
        update: Update,
    },
    /// Answer to `submit_update`: the tag does not hold exactly the group, so nothing was posted.
    TagDiffers {
        /// How it differs, for people.
        why: String,
    },
    /// Answer to `submit_update`: Bodhi refused.
    PostRefused {
        /// All it said.
        complaints: Vec<Complaint>,
        /// NVRs that the complaints name.
        builds: Vec<String>,
    },
    /// Answer to `poll_tasks`.
    Tasks {
        /// Every task asked about that Koji knows.
        tasks: Vec<SeenTask>,
        /// Those it does not know.
        unknown: Vec<TaskId>,
    },
    /// Answer to `poll_tag`: builds in the tag directly; `None` if the tag is gone.
    Tag {
        /// The builds, all of them.
        builds: Option<Vec<BuildId>>,
        /// Tagging tasks that have failed or were cancelled, with their faults.
        failed: Vec<(TaskId, Fault)>,
        /// Tagging tasks that are not final yet.
        open: Vec<TaskId>,
    },
    /// Answer to `poll_repo`.
    Repo {
        /// Where the request stands.
        repo: RepoAnswer,
    },
    /// Answer to `poll_updates`.
    Updates {
        /// The updates, each as Bodhi shows it now; those it does not know are absent.
        updates: Vec<Update>,
        /// The latest builds of the packages asked about, directly in the stable tag.
        stable: Vec<StableBuild>,
    },
    /// The job can never work: it cannot be understood, or asks for something impossible.
    Impossible {
        /// Why, for people.
        why: String,
    },
}

/// A neighbour that can be away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// The Koji hub.
    Koji,
    /// Bodhi or its identity provider.
    Bodhi,
}

/// What came of asking for one build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum SubmitEnd {
    /// There is a task. When several carry the token, the one to keep by the rule of `design.md` 5.
    Task {
        /// The task.
        task: TaskId,
        /// Other unfinished tasks with the same token, to be cancelled.
        surplus: Vec<TaskId>,
    },
    /// The hub refused this one.
    Refused {
        /// Its fault.
        fault: Fault,
    },
    /// Not found and not allowed to create yet (see [`Doubt::Look`]).
    NotYet,
}

/// A task as polled, with its end once it is final.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeenTask {
    /// The task.
    pub info: TaskInfo,
    /// How it ended; present exactly when its state is final.
    pub end: Option<TaskEnd>,
    /// For a fault "Build already exists": the record of that build.
    pub taken: Option<BuildInfo>,
}

/// A build in the stable tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StableBuild {
    /// The build.
    pub build: BuildId,
    /// Its package.
    pub package: String,
    /// Name-version-release.
    pub nvr: String,
    /// The epoch, if it has one.
    pub epoch: Option<i64>,
}

impl Work {
    /// The kind, as the queue shows it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SubmitBuilds { .. } => "submit_builds",
            Self::CancelTasks { .. } => "cancel_tasks",
            Self::SubmitUpdate { .. } => "submit_update",
            Self::PollTasks { .. } => "poll_tasks",
            Self::PollTag { .. } => "poll_tag",
            Self::PollRepo { .. } => "poll_repo",
            Self::PollUpdates { .. } => "poll_updates",
        }
    }

    /// Whether it creates something outside, so that a lost answer means doubt.
    #[must_use]
    pub fn creates(&self) -> bool {
        match self {
            Self::SubmitBuilds { .. } | Self::SubmitUpdate { .. } => true,
            Self::CancelTasks { .. }
            | Self::PollTasks { .. }
            | Self::PollTag { .. }
            | Self::PollRepo { .. }
            | Self::PollUpdates { .. } => false,
        }
    }

    /// The lane it goes to.
    #[must_use]
    pub fn lane(&self) -> crate::queue::Lane {
        match self {
            Self::SubmitBuilds { .. } | Self::CancelTasks { .. } | Self::SubmitUpdate { .. } => {
                crate::queue::Lane::Submit
            }
            Self::PollTasks { .. }
            | Self::PollTag { .. }
            | Self::PollRepo { .. }
            | Self::PollUpdates { .. } => crate::queue::Lane::Watch,
        }
    }
}
