//! Koji's rows as they come over the wire, and how they become ours. Members that we do not name are stepped over.

use ebs_domain::{
    id::{BuildId, EventId, RepoRequestId, TagName, TaskId, Token, UserId},
    time::Timestamp,
};
use serde::Deserialize;

use super::{
    api::{
        BuildInfo, BuildState, BuildTarget, OwnTask, RepoAnswer, SideTag, TaggedBuild, TaskInfo,
        TaskState, User,
    },
    error::Fault,
    xmlrpc::{RawFault, Value},
};

/// Source: `getLoggedInUser`.
#[derive(Deserialize)]
pub(super) struct UserRow {
    id: UserId,
    name: String,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self { id: row.id, name: row.name }
    }
}

/// Source: `getBuildTarget`.
#[derive(Deserialize)]
pub(super) struct TargetRow {
    build_tag_name: TagName,
    dest_tag_name: TagName,
}

impl From<TargetRow> for BuildTarget {
    fn from(row: TargetRow) -> Self {
        Self { build_tag: row.build_tag_name, dest_tag: row.dest_tag_name }
    }
}

/// A tag of which only the name is wanted. Source: `listTags`. Not every name that a hub has is one for us.
#[derive(Deserialize)]
pub(super) struct TagRow {
    pub(super) name: String,
}

/// Source: `createSideTag`, `listSideTags` (whose `user_id` is a string: not read).
#[derive(Deserialize)]
pub(super) struct SideTagRow {
    id: i64,
    name: TagName,
}

impl From<SideTagRow> for SideTag {
    fn from(row: SideTagRow) -> Self {
        Self { id: row.id, name: row.name }
    }
}

/// A row of `listTagged`, turned into ours one by one, so that a long list is never held twice.
#[derive(Deserialize)]
#[serde(from = "TaggedWire")]
pub(super) struct TaggedRow(pub(super) TaggedBuild);

/// Source: `listTagged`. `create_event` is the tagging's, `creation_event_id` the build's.
#[derive(Deserialize)]
struct TaggedWire {
    tag_name: TagName,
    build_id: BuildId,
    package_name: String,
    nvr: String,
    epoch: Option<i64>,
    /// Absent on hubs before 1.34.
    #[serde(default)]
    draft: bool,
    create_event: EventId,
    creation_event_id: Option<EventId>,
}

impl From<TaggedWire> for TaggedRow {
    fn from(row: TaggedWire) -> Self {
        Self(TaggedBuild {
            tag: row.tag_name,
            build: row.build_id,
            package: row.package_name,
            nvr: row.nvr,
            epoch: row.epoch,
            draft: row.draft,
            tagged_at: row.create_event,
            made_at: row.creation_event_id,
        })
    }
}

/// Source: `getBuild`, `listBuilds` (which has no `id`), `promoteBuild`.
#[derive(Deserialize)]
pub(super) struct BuildRow {
    build_id: BuildId,
    package_name: String,
    nvr: String,
    epoch: Option<i64>,
    state: BuildNumber,
    #[serde(default)]
    draft: bool,
    task_id: Option<TaskId>,
    #[serde(default)]
    source: Option<String>,
}

impl From<BuildRow> for BuildInfo {
    fn from(row: BuildRow) -> Self {
        Self {
            build: row.build_id,
            package: row.package_name,
            nvr: row.nvr,
            epoch: row.epoch,
            state: row.state.0,
            draft: row.draft,
            task: row.task_id,
            source: row.source,
        }
    }
}

/// Source: `koji.BUILD_STATES`.
#[derive(Deserialize)]
#[serde(try_from = "i64")]
struct BuildNumber(BuildState);

impl TryFrom<i64> for BuildNumber {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        Ok(Self(match number {
            0 => BuildState::Building,
            1 => BuildState::Complete,
            2 => BuildState::Deleted,
            3 => BuildState::Failed,
            4 => BuildState::Canceled,
            other => return Err(format!("no build has the state {other}")),
        }))
    }
}

/// Source: `getTaskInfo`, `getTaskChildren`.
#[derive(Deserialize)]
pub(super) struct TaskRow {
    id: TaskId,
    state: TaskNumber,
    method: String,
    label: Option<String>,
    create_ts: Option<f64>,
    start_ts: Option<f64>,
    completion_ts: Option<f64>,
}

impl From<TaskRow> for TaskInfo {
    fn from(row: TaskRow) -> Self {
        Self {
            task: row.id,
            state: row.state.0,
            method: row.method,
            label: row.label,
            created: row.create_ts.map(Timestamp::from_epoch_seconds),
            started: row.start_ts.map(Timestamp::from_epoch_seconds),
            ended: row.completion_ts.map(Timestamp::from_epoch_seconds),
        }
    }
}

/// Source: `koji.TASK_STATES`: not the builds' numbers.
#[derive(Deserialize)]
#[serde(try_from = "i64")]
struct TaskNumber(TaskState);

impl TryFrom<i64> for TaskNumber {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        Ok(Self(match number {
            0 => TaskState::Free,
            1 => TaskState::Open,
            2 => TaskState::Closed,
            3 => TaskState::Canceled,
            4 => TaskState::Assigned,
            5 => TaskState::Failed,
            other => return Err(format!("no task has the state {other}")),
        }))
    }
}

/// Source: `listTasks` with `decode`. Other tools may have left arguments out, so `request` may have any shape.
#[derive(Deserialize)]
pub(super) struct OwnTaskRow {
    id: TaskId,
    state: TaskNumber,
    method: String,
    label: Option<String>,
    create_ts: Option<f64>,
    start_ts: Option<f64>,
    completion_ts: Option<f64>,
    #[serde(default)]
    request: Option<Value>,
}

impl From<OwnTaskRow> for OwnTask {
    fn from(row: OwnTaskRow) -> Self {
        let request = row.request.as_ref().and_then(Value::as_array).unwrap_or_default();
        let text = |place: usize| {
            request.get(place).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let metadata = request.get(2).and_then(|options| options.get("custom_user_metadata"));
        let token = metadata.and_then(|all| all.get("ebs")?.get("token")?.as_str());
        let (source, target) = (text(0), text(1));
        let token = token.and_then(|token| token.parse::<Token>().ok());
        let info = TaskRow {
            id: row.id,
            state: row.state,
            method: row.method,
            label: row.label,
            create_ts: row.create_ts,
            start_ts: row.start_ts,
            completion_ts: row.completion_ts,
        };
        Self { info: info.into(), source, target, token }
    }
}

/// Source: `repo.request`, `repo.checkRequest`: a repo, else the request.
#[derive(Deserialize)]
pub(super) struct RepoRow {
    repo: Option<RepoId>,
    request: Option<RequestRow>,
}

#[derive(Deserialize)]
struct RepoId {
    id: i64,
}

#[derive(Deserialize)]
struct RequestRow {
    id: RepoRequestId,
    active: bool,
}

impl From<RepoRow> for RepoAnswer {
    fn from(row: RepoRow) -> Self {
        match (row.repo, row.request) {
            (Some(repo), _) => Self::Ready { repo: repo.id },
            (None, Some(RequestRow { id, active: true })) => Self::Pending { request: id },
            (None, Some(RequestRow { active: false, .. }) | None) => Self::GivenUp,
        }
    }
}

/// Source: `getLastEvent`.
#[derive(Deserialize)]
pub(super) struct EventRow {
    pub(super) id: EventId,
}

/// What `getTaskResult` with `raise_fault=False` gives: the fault of a failed task, or any result at all.
#[derive(Deserialize)]
#[serde(from = "Value")]
pub(super) struct ResultRow(pub(super) Option<Fault>);

impl From<Value> for ResultRow {
    fn from(value: Value) -> Self {
        let code = value.get("faultCode").and_then(Value::as_int);
        let text = value.get("faultString").and_then(Value::as_str);
        Self(code.zip(text).map(|(code, text)| RawFault { code, text: text.to_owned() }.into()))
    }
}
