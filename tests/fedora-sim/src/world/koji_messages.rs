//! Bodies of the hub's messages, in the shape that the recorded ones have.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json, json};

use super::{
    state::State,
    things::{BuildState, Draft, Severity, Task, TaskResult, TaskState},
};
use crate::koji::render;

/// Package of the hub's schemas.
const SCHEMAS: &str = "koji_fedoramessaging_messages";

impl State {
    /// `buildsys.tag` or `buildsys.untag`; the message's place in the log.
    pub fn say_tagged(&mut self, action: &str, tag: i64, build: i64, user: i64) -> Option<usize> {
        let tag = self.tag_ever_by_id(tag)?;
        let build = self.build(build)?;
        // ELN tagging comes after ordinary tagging on a priority queue.
        let priority = if tag.name == "eln" || tag.name.starts_with("eln-") { 1 } else { 2 };
        let body = json!({
            "base_url": self.script.site.base_url,
            "tag": tag.name,
            "name": build.name,
            "version": build.version,
            "release": build.release(),
            "user": self.user_name(user),
            "owner": self.user_name(build.owner),
            "tag_id": tag.id,
            "build_id": build.id,
            "instance": "primary",
        });
        let schema = if action == "tag" {
            "koji_fedoramessaging.tag.TagV1"
        } else {
            "koji_fedoramessaging.tag.UntagV1"
        };
        let mut users =
            vec![self.user_name(user).to_owned(), self.user_name(build.owner).to_owned()];
        users.dedup();
        let draft = Draft {
            topic: format!("buildsys.{action}"),
            schema: (schema, SCHEMAS),
            severity: Severity::Debug,
            users,
            packages: vec![build.name.clone()],
            priority: Some(priority),
            body,
        };
        Some(self.emit(draft))
    }

    pub(super) fn say_build_state(&mut self, build: i64, old: Option<BuildState>, new: BuildState) {
        if !self.script.build_messages {
            return;
        }
        let Some(build) = self.build(build) else { return };
        let base = &self.script.site.base_url;
        let task = build.task.and_then(|task| self.task(task));
        let owner = self.user_name(build.owner).to_owned();
        let body = json!({
            "base_url": base,
            "name": build.name,
            "version": build.version,
            "release": build.release(),
            "epoch": build.epoch,
            "attribute": "state",
            "old": old.map(BuildState::number),
            "new": new.number(),
            "build_id": build.id,
            "task_id": build.task,
            "owner": owner,
            "files_base_url": format!("{base}/kojifiles/work"),
            "url": format!("{base}/koji/buildinfo?buildID={}", build.id),
            "task": task.map(|task| self.task_tree(task, true)),
            "request": task.map(|task| render::json_list(&task.request)),
            "creation_time": iso(build.created),
            "completion_time": build.completed.map(iso),
            "instance": "primary",
        });
        let draft = Draft {
            topic: "buildsys.build.state.change".into(),
            schema: ("koji_fedoramessaging.build.BuildStateChangeV1", SCHEMAS),
            severity: Severity::Info,
            packages: vec![build.name.clone()],
            users: vec![owner],
            priority: None,
            body,
        };
        self.emit(draft);
    }

    pub(super) fn say_task_state(&mut self, task: i64, old: TaskState, new: TaskState) {
        let Some(task) = self.task(task) else { return };
        let base = &self.script.site.base_url;
        let owner = self.user_name(task.owner).to_owned();
        let srpm = task.request.first().and_then(|source| source.as_str()).unwrap_or_default();
        let body = json!({
            "base_url": base,
            "info": self.task_tree(task, true),
            "id": task.id,
            "method": task.method,
            "attribute": "state",
            "old": old.name(),
            "new": new.name(),
            "owner": owner,
            "files_base_url": format!("{base}/kojifiles/work"),
            "srpm": srpm.rsplit('/').next(),
            "instance": "primary",
        });
        let draft = Draft {
            topic: "buildsys.task.state.change".into(),
            schema: ("koji_fedoramessaging.task.TaskStateChangeV1", SCHEMAS),
            severity: Severity::Info,
            users: vec![owner],
            packages: Vec::new(),
            priority: None,
            body,
        };
        self.emit(draft);
    }

    pub(super) fn say_repo(&mut self, what: &str, tag: i64, repo: i64) {
        let name = self.tag_ever_by_id(tag).map(|tag| tag.name.clone());
        let body = json!({
            "base_url": self.script.site.base_url,
            "tag": name,
            "tag_id": tag,
            "repo_id": repo,
            "instance": "primary",
        });
        let schema = if what == "init" {
            "koji_fedoramessaging.repo.InitV1"
        } else {
            "koji_fedoramessaging.repo.DoneV1"
        };
        let draft = Draft {
            topic: format!("buildsys.repo.{what}"),
            schema: (schema, SCHEMAS),
            severity: Severity::Debug,
            users: Vec::new(),
            packages: Vec::new(),
            priority: None,
            body,
        };
        self.emit(draft);
    }

    /// `buildsys.build.promote` says nothing but that there was one.
    pub(super) fn say_promoted(&mut self) {
        let draft = Draft {
            topic: "buildsys.build.promote".into(),
            schema: ("base.message", "fedora_messaging"),
            severity: Severity::Info,
            users: Vec::new(),
            packages: Vec::new(),
            priority: None,
            body: json!({"base_url": self.script.site.base_url, "instance": "primary"}),
        };
        self.emit(draft);
    }

    /// A task as messages show it: owner by name, whole seconds, the tree below, requests at the top alone.
    fn task_tree(&self, task: &Task, top: bool) -> Json {
        let mut shown = Map::new();
        let mut put = |name: &str, value: Json| shown.insert(name.to_owned(), value);
        put("arch", task.arch.clone().into());
        put("awaited", task.awaited.into());
        put("channel_id", task.channel.into());
        put("completion_time", whole_seconds(task.completed));
        put("create_time", whole_seconds(Some(task.created)));
        put("host_id", task.host.into());
        put("id", task.id.into());
        put("label", task.label.clone().into());
        put("method", task.method.into());
        put("owner", self.user_name(task.owner).into());
        put("parent", task.parent.into());
        put("priority", task.priority.into());
        put("start_time", whole_seconds(task.started));
        put("state", task.state.number().into());
        put("waiting", task.waiting.into());
        if top {
            put("request", render::json_list(&task.request));
        }
        put("host_name", task.host.map(|_| "builder1").into());
        put(
            "url",
            format!("{}/koji/taskinfo?taskID={}", self.script.site.base_url, task.id).into(),
        );
        let result = match &task.result {
            TaskResult::Value(value) => render::json(value),
            TaskResult::None | TaskResult::Fault(_) => Json::Null,
        };
        put("result", result);
        let children = self.children(task.id).map(|child| self.task_tree(child, false)).collect();
        put("children", Json::Array(children));
        Json::Object(shown)
    }
}

/// Whole seconds since the epoch, as a number with a fraction, as the plugin sends them.
fn whole_seconds(at: Option<i64>) -> Json {
    at.map_or(Json::Null, |at| {
        render::seconds(at.div_euclid(1_000_000).saturating_mul(1_000_000)).into()
    })
}

fn iso(at: i64) -> String {
    DateTime::<Utc>::from_timestamp_micros(at)
        .unwrap_or_default()
        .format("%Y-%m-%dT%H:%M:%S%.6f+00:00")
        .to_string()
}
