//! The calls we make to a Koji hub, and the parts of its answers that we read. Does *not* decide anything.
//!
//! **Source** of every shape here: the hub's source as read in July 2025 (1.35.3 and on) and exchanges recorded from a real
//! hub, see `tests/`.

use async_trait::async_trait;
use ebs_domain::{
    id::{BuildId, EventId, RepoRequestId, TagName, TaskId, Token, UserId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use super::error::{Fault, KojiError};

/// Most elements of one `multiCall`, and most tasks asked for in one `getTaskInfo`.
pub const MAX_BULK: usize = 500;

/// The account we are logged in as. Source: `getLoggedInUser`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its number; `listTasks` wants it.
    pub id: UserId,
    /// Its name; `listSideTags` takes it.
    pub name: String,
}

/// A build target. Source: `getBuildTarget`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildTarget {
    /// The tag that buildroots are made from, and the base of our side tags.
    pub build_tag: TagName,
    /// The tag that its builds go to.
    pub dest_tag: TagName,
}

/// A side tag. Source: `createSideTag`, `listSideTags`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideTag {
    /// Koji's number of the tag.
    pub id: i64,
    /// Its name: taken as it comes, never parsed.
    pub name: TagName,
}

/// One build in a tag. Source: a row of `listTagged`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaggedBuild {
    /// The tag it was found in (a parent's, when inherited).
    pub tag: TagName,
    /// The build.
    pub build: BuildId,
    /// Its package.
    pub package: String,
    /// Name-version-release, as text: what Koji holds need not parse.
    pub nvr: String,
    /// The epoch, if it has one.
    pub epoch: Option<i64>,
    /// Whether it is a draft.
    pub draft: bool,
    /// The event of the tagging (not of the build's creation).
    pub tagged_at: EventId,
    /// The event of the build's creation.
    pub made_at: Option<EventId>,
}

/// State of a build. Source: Koji's numbers 0 to 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildState {
    /// Not finished.
    Building,
    /// Built and imported; it may still be untagged.
    Complete,
    /// Removed; its NVR stays taken.
    Deleted,
    /// Failed after its record was made.
    Failed,
    /// Cancelled.
    Canceled,
}

/// A build's record. Source: `getBuild`, `listBuilds`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildInfo {
    /// The build.
    pub build: BuildId,
    /// Its package.
    pub package: String,
    /// Name-version-release; a draft's loses its suffix at promotion.
    pub nvr: String,
    /// The epoch, if it has one.
    pub epoch: Option<i64>,
    /// Its state.
    pub state: BuildState,
    /// Whether it is a draft.
    pub draft: bool,
    /// The task that made it (a retried NVR names the newest one).
    pub task: Option<TaskId>,
    /// Where its source came from, to the commit.
    pub source: Option<String>,
}

/// State of a task. Source: Koji's numbers 0 to 5 (not the builds' ones).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Waits for a builder, perhaps again.
    Free,
    /// Runs.
    Open,
    /// Finished well.
    Closed,
    /// Cancelled.
    Canceled,
    /// Given to a builder that has not begun.
    Assigned,
    /// Failed.
    Failed,
}

impl TaskState {
    /// Whether it is final: no other state ever follows.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Closed | Self::Canceled | Self::Failed => true,
            Self::Free | Self::Open | Self::Assigned => false,
        }
    }
}

/// A task. Source: `getTaskInfo`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskInfo {
    /// The task.
    pub task: TaskId,
    /// Its state.
    pub state: TaskState,
    /// Koji's method, such as `build` or `buildArch`.
    pub method: String,
    /// Its label in the tree: `srpm`, `tag`, or an architecture.
    pub label: Option<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When a builder began it; it can change until the task has ended.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// How a finished build task came to its end, read from the task tree and the build records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskEnd {
    /// The task.
    pub task: TaskId,
    /// The fault of a failed task; `None` for any other, or when it cannot be read.
    pub fault: Option<Fault>,
    /// Its children, in no order.
    pub children: Vec<TaskInfo>,
    /// The builds that name it; empty for a failure before the record was made, and for scratch builds.
    pub builds: Vec<BuildInfo>,
}

/// What a build is asked for with. Source: options of the hub's `build` call that the builder reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildOptions {
    /// The target, which is also the side tag's name.
    pub target: TagName,
    /// Whether the build record is a draft.
    pub draft: bool,
    /// Whether it is a scratch build: no record, no tagging.
    pub scratch: bool,
    /// Whether the first failed architecture cancels the others.
    pub fail_fast: bool,
    /// Whether Koji waits for a repo with the tag's newest change.
    pub wait_repo: bool,
    /// Relative priority; larger is later.
    pub priority: i64,
}

/// One build to ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildRequest {
    /// What is built.
    pub source: String,
    /// What marks the task as ours, as `custom_user_metadata.ebs.token`.
    pub token: Token,
}

/// A task of ours as found by looking. Source: `listTasks` with `decode`.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnTask {
    /// The task itself.
    pub info: TaskInfo,
    /// Its source, `request[0]`.
    pub source: String,
    /// Its target, `request[1]`.
    pub target: String,
    /// The token in `request[2]`, if it has one of ours.
    pub token: Option<Token>,
}

/// Where a repo request stands. Source: `repo.request`, `repo.checkRequest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepoAnswer {
    /// There is a repo that fits.
    Ready {
        /// Its number.
        repo: i64,
    },
    /// Not yet.
    Pending {
        /// The request to look at again.
        request: RepoRequestId,
    },
    /// Koji gave up (`active` false and no repo), or has forgotten the request: ask again.
    GivenUp,
}

/// Which builds of a tag are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// All that are tagged directly, newest tagging first.
    All,
    /// Only the most recently tagged of each package (by tagging time, not by version).
    Latest,
}

/// One result of a call that was made in bulk: the hub's fault concerns this element alone.
pub type Each<T> = Result<T, Fault>;

/// The calls we make to a hub. Every one has a time limit; reads need no session.
///
/// # Errors
///
/// All methods fail with a [`KojiError`] that says by [`KojiError::retry`] what to do. Bulk methods answer in the order asked.
#[async_trait]
pub trait Hub: Send + Sync {
    /// The account we are logged in as.
    async fn whoami(&self) -> Result<User, KojiError>;
    /// An account, `None` if there is none of that name.
    async fn user(&self, name: &str) -> Result<Option<User>, KojiError>;
    /// A build target, `None` if there is none of that name.
    async fn build_target(&self, name: &TagName) -> Result<Option<BuildTarget>, KojiError>;
    /// Whether a tag exists (a deleted one does not).
    async fn tag_exists(&self, tag: &TagName) -> Result<bool, KojiError>;
    /// Which of these tags exist.
    async fn tags_exist(&self, tags: &[TagName]) -> Result<Vec<bool>, KojiError>;
    /// The side tags of one account on one base tag.
    async fn list_side_tags(&self, base: &TagName, user: &str) -> Result<Vec<SideTag>, KojiError>;
    /// Makes a side tag. Never idempotent: each run makes another one.
    async fn create_side_tag(&self, base: &TagName) -> Result<SideTag, KojiError>;
    /// Removes a side tag, whatever is in it.
    async fn remove_side_tag(&self, tag: &TagName) -> Result<(), KojiError>;
    /// The builds directly in a tag. Refused (1000) if the tag does not exist.
    async fn list_tagged(
        &self,
        tag: &TagName,
        listing: Listing,
    ) -> Result<Vec<TaggedBuild>, KojiError>;
    /// The latest build of each of these packages directly in a tag; `None` where there is none.
    async fn latest_of(
        &self,
        tag: &TagName,
        packages: &[String],
    ) -> Result<Vec<Option<TaggedBuild>>, KojiError>;
    /// The tags that each build is in now, directly.
    async fn tags_of(&self, builds: &[BuildId]) -> Result<Vec<Vec<TagName>>, KojiError>;
    /// Build records; `None` for unknown ones.
    async fn builds(&self, builds: &[BuildId]) -> Result<Vec<Option<BuildInfo>>, KojiError>;
    /// Asks for each build to be tagged; the answer is a task that may still fail.
    async fn tag_builds(
        &self,
        tag: &TagName,
        builds: &[BuildId],
    ) -> Result<Vec<Each<TaskId>>, KojiError>;
    /// Untags each build, at once.
    async fn untag_builds(
        &self,
        tag: &TagName,
        builds: &[BuildId],
    ) -> Result<Vec<Each<()>>, KojiError>;
    /// Turns drafts into regular builds.
    async fn promote_builds(&self, builds: &[BuildId]) -> Result<Vec<Each<BuildInfo>>, KojiError>;
    /// The newest change of a tag itself, without what it inherits.
    async fn last_change(&self, tag: &TagName) -> Result<EventId, KojiError>;
    /// The hub's newest event.
    async fn last_event(&self) -> Result<EventId, KojiError>;
    /// Asks for a repo that has at least this change. Asking again gives the same request.
    async fn request_repo(
        &self,
        tag: &TagName,
        min_event: EventId,
    ) -> Result<RepoAnswer, KojiError>;
    /// Where a repo request stands.
    async fn check_repo(&self, request: RepoRequestId) -> Result<RepoAnswer, KojiError>;
    /// Asks for builds, all in one call: all of them were heard or none.
    async fn submit_builds(
        &self,
        options: &BuildOptions,
        builds: &[BuildRequest],
    ) -> Result<Vec<Each<TaskId>>, KojiError>;
    /// Asks for tasks to be cancelled; what became of them must be read afterwards.
    async fn cancel_tasks(&self, tasks: &[TaskId]) -> Result<Vec<Each<()>>, KojiError>;
    /// Tasks; `None` for unknown ones.
    async fn tasks(&self, tasks: &[TaskId]) -> Result<Vec<Option<TaskInfo>>, KojiError>;
    /// The builds that each task made. Of a task that is CLOSED this is all there is to know.
    async fn builds_of_tasks(&self, tasks: &[TaskId]) -> Result<Vec<Vec<BuildInfo>>, KojiError>;
    /// How finished build tasks ended: for those that did not end well, whose children tell where it went wrong.
    async fn task_ends(&self, tasks: &[TaskId]) -> Result<Vec<TaskEnd>, KojiError>;
    /// All our own `build` tasks that have not ended, newest first.
    async fn own_open_builds(&self, owner: UserId) -> Result<Vec<OwnTask>, KojiError>;
    /// All our own `build` tasks made since, in any state, newest first.
    async fn own_builds_since(
        &self,
        owner: UserId,
        since: Timestamp,
    ) -> Result<Vec<OwnTask>, KojiError>;
}
