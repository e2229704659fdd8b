//! Replies: how the hub shows tags, builds, tasks and repos. Member for member as recorded.

use chrono::{DateTime, Utc};
use ebs_shared::koji::xmlrpc::Value;
use serde_json::Value as Json;

use crate::world::{Build, Repo, RepoRequest, RepoState, State, Tag, Tagged, Target, Task, User};

/// Microseconds as seconds with a fraction.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds of our time fit into the 53 bits of a double"
)]
pub fn seconds(at: i64) -> f64 {
    at as f64 / 1e6
}

fn time(at: Option<i64>) -> Value {
    let Some(at) = at.and_then(DateTime::<Utc>::from_timestamp_micros) else { return Value::Nil };
    // Python leaves the fraction out where it is nought.
    let form = if at.timestamp_subsec_micros() == 0 {
        "%Y-%m-%d %H:%M:%S+00:00"
    } else {
        "%Y-%m-%d %H:%M:%S%.6f+00:00"
    };
    at.format(form).to_string().into()
}

fn stamp(at: Option<i64>) -> Value {
    at.map(seconds).into()
}

/// A user. Source: `getUser`.
#[must_use]
pub fn user(user: &User) -> Vec<(String, Value)> {
    let principals: Vec<Value> = user.principals.iter().map(|name| name.as_str().into()).collect();
    members([
        ("id", user.id.into()),
        ("name", user.name.as_str().into()),
        ("status", 0.into()),
        ("usertype", 0.into()),
        ("krb_principals", principals.into()),
    ])
}

/// A list of named members.
pub fn members<const N: usize>(list: [(&str, Value); N]) -> Vec<(String, Value)> {
    list.map(|(name, value)| (name.to_owned(), value)).into()
}

/// A tag as `listTags` shows it, with permissions.
#[must_use]
pub fn tag_row(tag: &Tag) -> Vec<(String, Value)> {
    members([
        ("arches", tag.arches.as_str().into()),
        ("id", tag.id.into()),
        ("locked", tag.locked.into()),
        ("maven_include_all", false.into()),
        ("maven_support", false.into()),
        ("name", tag.name.as_str().into()),
        ("perm", Value::Nil),
        ("perm_id", Value::Nil),
    ])
}

/// A tag. Source: `getTag`.
#[must_use]
pub fn tag(state: &State, tag: &Tag) -> Vec<(String, Value)> {
    let mut shown = tag_row(tag);
    shown.push(("extra".to_owned(), Value::Struct(tag_extra(state, tag))));
    shown
}

fn tag_extra(state: &State, tag: &Tag) -> Vec<(String, Value)> {
    let Some(user) = tag.side_tag_of else { return Vec::new() };
    let mut extra = members([
        ("sidetag", true.into()),
        ("sidetag_user", state.user_name(user).into()),
        ("sidetag_user_id", user.into()),
    ]);
    if tag.debuginfo {
        extra.push(("with_debuginfo".to_owned(), true.into()));
    }
    extra
}

/// A target. Source: `getBuildTarget`.
#[must_use]
pub fn target(state: &State, target: &Target) -> Value {
    let name = |id: i64| Value::from(state.tag_ever_by_id(id).map(|tag| tag.name.clone()));
    Value::object([
        ("build_tag", target.build_tag.into()),
        ("build_tag_name", name(target.build_tag)),
        ("dest_tag", target.dest_tag.into()),
        ("dest_tag_name", name(target.dest_tag)),
        ("id", target.id.into()),
        ("name", target.name.as_str().into()),
    ])
}

/// What `listTagged`, `listBuilds` and `getBuild` have in common.
fn build_core(state: &State, build: &Build) -> Vec<(String, Value)> {
    let promoter = build.promoted.map(|(user, _)| user);
    members([
        ("build_id", build.id.into()),
        ("completion_time", time(build.completed)),
        ("creation_event_id", build.creation_event.into()),
        ("creation_time", time(Some(build.created))),
        ("draft", build.draft.into()),
        ("epoch", build.epoch.into()),
        ("name", build.name.as_str().into()),
        ("nvr", build.nvr().into()),
        ("owner_id", build.owner.into()),
        ("owner_name", state.user_name(build.owner).into()),
        ("package_id", build.package.into()),
        ("package_name", build.name.as_str().into()),
        ("promoter_id", promoter.into()),
        ("promoter_name", promoter.map(|user| state.user_name(user)).into()),
        ("promotion_time", time(build.promoted.map(|(_, at)| at))),
        ("release", build.release().into()),
        ("start_time", time(build.started)),
        ("state", build.state.number().into()),
        ("task_id", build.task.into()),
        ("version", build.version.as_str().into()),
        ("volume_id", 0.into()),
        ("volume_name", "DEFAULT".into()),
    ])
}

/// A row of `listTagged`.
#[must_use]
pub fn tagged(state: &State, row: &Tagged<'_>, extra: bool) -> Value {
    let mut shown = build_core(state, row.build);
    shown.extend(members([
        ("id", row.build.id.into()),
        ("create_event", row.event.into()),
        ("tag_id", row.tag.id.into()),
        ("tag_name", row.tag.name.as_str().into()),
    ]));
    if extra {
        shown.push(("extra".to_owned(), from_json(&row.build.extra)));
    }
    Value::Struct(shown)
}

/// A row of `listBuilds`.
#[must_use]
pub fn build_row(state: &State, build: &Build) -> Vec<(String, Value)> {
    let mut shown = build_core(state, build);
    shown.extend(members([
        ("completion_ts", stamp(build.completed)),
        ("creation_ts", stamp(Some(build.created))),
        ("extra", from_json(&build.extra)),
        ("promotion_ts", stamp(build.promoted.map(|(_, at)| at))),
        ("source", build.source.clone().into()),
        ("start_ts", stamp(build.started)),
    ]));
    shown
}

/// A build. Source: `getBuild`.
#[must_use]
pub fn build(state: &State, build: &Build) -> Value {
    let mut shown = build_row(state, build);
    shown.extend(members([
        ("cg_id", Value::Nil),
        ("cg_name", Value::Nil),
        ("id", build.id.into()),
    ]));
    Value::Struct(shown)
}

/// A task. Source: `getTaskInfo`.
#[must_use]
pub fn task(task: &Task, request: bool) -> Vec<(String, Value)> {
    let mut shown = members([
        ("arch", task.arch.as_str().into()),
        ("awaited", task.awaited.into()),
        ("channel_id", task.channel.into()),
        ("completion_time", time(task.completed)),
        ("completion_ts", stamp(task.completed)),
        ("create_time", time(Some(task.created))),
        ("create_ts", stamp(Some(task.created))),
        ("host_id", task.host.into()),
        ("id", task.id.into()),
        ("label", task.label.clone().into()),
        ("method", task.method.into()),
        ("owner", task.owner.into()),
        ("parent", task.parent.into()),
        ("priority", task.priority.into()),
        ("start_time", time(task.started)),
        ("start_ts", stamp(task.started)),
        ("state", task.state.number().into()),
        ("waiting", task.waiting.into()),
        ("weight", 1.0.into()),
    ]);
    if request {
        shown.push(("request".to_owned(), task.request.clone().into()));
    }
    shown
}

/// A repo. Source: `repoInfo`.
#[must_use]
pub fn repo(state: &State, repo: &Repo) -> Value {
    let opts = ["src", "maven", "debuginfo", "separate_src"].map(|name| (name, false.into()));
    let number = match repo.state {
        RepoState::Init => 0,
        RepoState::Ready => 1,
    };
    Value::object([
        ("begin_event", repo.begin_event.into()),
        ("begin_ts", stamp(state.event_time(repo.begin_event))),
        ("create_event", repo.create_event.into()),
        ("create_ts", stamp(state.event_time(repo.create_event))),
        ("creation_time", time(Some(repo.created))),
        ("creation_ts", stamp(Some(repo.created))),
        ("custom_opts", Value::Struct(Vec::new())),
        ("dist", false.into()),
        ("end_event", Value::Nil),
        ("end_ts", Value::Nil),
        ("id", repo.id.into()),
        ("opts", Value::object(opts)),
        ("state", number.into()),
        ("state_time", time(Some(repo.state_time))),
        ("state_ts", stamp(Some(repo.state_time))),
        ("tag_id", repo.tag.into()),
        ("tag_name", state.tag_ever_by_id(repo.tag).map(|tag| tag.name.clone()).into()),
        ("task_id", repo.task.into()),
        ("task_state", state.task(repo.task).map(|task| task.state.number()).into()),
    ])
}

/// A request for a repo. Source: `repo.request`.
#[must_use]
pub fn repo_request(state: &State, request: &RepoRequest) -> Value {
    let task = request.task.and_then(|task| state.task(task));
    Value::object([
        ("active", request.active.into()),
        ("at_event", Value::Nil),
        ("create_time", time(Some(request.created))),
        ("create_ts", stamp(Some(request.created))),
        ("id", request.id.into()),
        ("min_event", request.min_event.into()),
        ("opts", Value::Struct(Vec::new())),
        ("owner", request.owner.into()),
        ("owner_name", state.user_name(request.owner).into()),
        ("priority", 20.into()),
        ("repo_id", request.repo.into()),
        ("tag_id", request.tag.into()),
        ("tag_name", state.tag_ever_by_id(request.tag).map(|tag| tag.name.clone()).into()),
        ("task_id", request.task.into()),
        ("task_state", task.map(|task| task.state.number()).into()),
        ("tries", request.tries.into()),
        ("update_time", time(Some(request.updated))),
        ("update_ts", stamp(Some(request.updated))),
    ])
}

/// An XML-RPC value as JSON.
#[must_use]
pub fn json(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Int(number) => (*number).into(),
        Value::Bool(truth) => (*truth).into(),
        Value::Double(number) => (*number).into(),
        Value::Str(text) | Value::DateTime(text) | Value::Base64(text) => text.clone().into(),
        Value::Array(values) => json_list(values),
        Value::Struct(members) => {
            Json::Object(members.iter().map(|(name, value)| (name.clone(), json(value))).collect())
        }
    }
}

/// XML-RPC values as a JSON array.
#[must_use]
pub fn json_list(values: &[Value]) -> Json {
    Json::Array(values.iter().map(json).collect())
}

/// JSON as an XML-RPC value.
#[must_use]
pub fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(truth) => (*truth).into(),
        Json::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().into(),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(values) => values.iter().map(from_json).collect::<Vec<_>>().into(),
        Json::Object(members) => Value::Struct(
            members.iter().map(|(name, value)| (name.clone(), from_json(value))).collect(),
        ),
    }
}
