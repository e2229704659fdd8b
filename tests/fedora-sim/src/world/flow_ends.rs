//! How the parts of a build task end, and what that makes of the whole.

use ebs_shared::koji::xmlrpc::Value;

use super::{
    flow::file_path,
    state::State,
    things::{BuildState, Flow, Refusal, Task, TaskResult, TaskState},
};
use crate::{
    chance,
    script::{Outcome, SeedTrouble},
};

impl State {
    /// A task's own work is done.
    pub(super) fn finish(&mut self, id: i64) {
        let Some(task) = self.tasks.get(&id).filter(|task| task.state == TaskState::Open) else {
            return;
        };
        let flow = task.parent.and_then(|parent| self.flows.get(&parent));
        match (task.method, flow) {
            ("newRepo", _) => self.finish_repo(id),
            ("buildSRPMFromSCM", Some(flow)) => {
                let result = self.srpm_result(id, flow);
                self.end_child(id, result);
            }
            ("buildArch", Some(flow)) => {
                let result = self.arch_result(task, flow);
                self.end_child(id, result);
            }
            ("tagBuild", flow) => {
                let trouble = flow.is_some_and(|flow| {
                    flow.outcome == Outcome::FailedButComplete && !flow.option("draft")
                });
                let result = if trouble {
                    Err(Refusal::new(1004, "tag is locked"))
                } else {
                    self.run_tagging(id)
                };
                let result = match result {
                    Ok(()) => TaskResult::Value(Value::Nil),
                    Err(fault) => TaskResult::Fault(fault),
                };
                self.end_child(id, result);
            }
            _ => {}
        }
    }

    fn srpm_result(&self, id: i64, flow: &Flow) -> TaskResult {
        let end = flow.outcome;
        let mock = "mock exited with status 1; see build.log or root.log for more information";
        let fault = if end == Outcome::FailSrpm {
            Refusal::new(1005, format!("error building srpm, {mock}"))
        } else if end == Outcome::FailSource {
            Refusal::new(1005, format!("error retrieving sources, {mock}"))
        } else if end == Outcome::Crash {
            let lines = "Traceback (most recent call last):\n  File \"builder.py\", line 87, in handler\n    raise \
                         ValueError('something unforeseen')\nValueError: something unforeseen\n";
            Refusal::new(1, lines)
        } else {
            return TaskResult::Value(self.srpm_value(id, flow));
        };
        TaskResult::Fault(fault)
    }

    fn srpm_value(&self, id: i64, flow: &Flow) -> Value {
        let (version, release, _) = self.version_of(&flow.source);
        let source = Value::object([
            ("source", flow.source.clone().into()),
            ("url", flow.source.clone().into()),
        ]);
        Value::object([
            ("srpm", file_path(id, &self.plain_nvr(flow), "src").into()),
            ("logs", Value::Array(Vec::new())),
            ("brootid", id.into()),
            ("nvr", vec![flow.package.clone().into(), version.into(), release.into()].into()),
            ("source", source),
        ])
    }

    fn arch_result(&self, task: &Task, flow: &Flow) -> TaskResult {
        if let Some(fault) = self.arch_fault(task, flow) {
            return TaskResult::Fault(fault);
        }
        let nvr = self.plain_nvr(flow);
        let log = |file: &str| Value::Str(format!("tasks/{}/{}/{file}", task.id % 10_000, task.id));
        let package = |kind: &str| Value::Array(vec![file_path(task.id, &nvr, kind).into()]);
        let first = flow.arches.first() == Some(&task.id);
        let mut members = vec![
            ("rpms".to_owned(), package(&task.arch)),
            ("srpms".to_owned(), package("src")),
            ("logs".to_owned(), vec![log("root.log"), log("build.log"), log("state.log")].into()),
            ("brootid".to_owned(), task.id.into()),
        ];
        members.retain(|(name, _)| first || name != "srpms");
        TaskResult::Value(Value::Struct(members))
    }

    /// One architecture, drawn by seed, is the one that fails.
    fn arch_fault(&self, task: &Task, flow: &Flow) -> Option<Refusal> {
        let count = u64::try_from(flow.arches.len().max(1)).unwrap_or(1);
        let drawn =
            chance::draw(self.script.seed, &[&flow.package, &flow.attempt.to_string(), "arch"])
                % count;
        let place = flow.arches.iter().position(|id| *id == task.id)?;
        if u64::try_from(place).ok()? != drawn {
            return None;
        }
        let arch = &task.arch;
        let exited = |status: u8, log: &str| {
            let text = format!(
                "error building package (arch {arch}), mock exited with status {status}; see {log} for more information"
            );
            Some(Refusal::new(1005, text))
        };
        if flow.outcome == Outcome::FailBuild {
            exited(1, "build.log or root.log")
        } else if flow.outcome == Outcome::FailDependency {
            exited(30, "root.log")
        } else if flow.outcome == Outcome::Infrastructure {
            let text = format!("error building package (arch {arch}), mock was killed by signal 9");
            Some(Refusal::new(1005, text))
        } else {
            None
        }
    }

    /// A `tagBuild` task does its work, as its owner.
    fn run_tagging(&mut self, id: i64) -> Result<(), Refusal> {
        let Some(task) = self.tasks.get(&id) else { return Ok(()) };
        let (owner, child) = (task.owner, task.parent.is_some());
        let number = |place: usize| task.request.get(place).and_then(Value::as_int);
        let (Some(tag), Some(build)) = (number(0), number(1)) else {
            return Err(Refusal::new(1019, "tagBuild wants a tag and a build"));
        };
        // In a child, the fourth value is not a tag but always nil.
        let from = number(3);
        let package = self.build(build).map(|build| build.name.clone()).unwrap_or_default();
        if !child && self.script.seed_trouble.get(&package) == Some(&SeedTrouble::TaskFails) {
            return Err(Refusal::new(1004, "policy violation (tag)"));
        }
        match from {
            Some(from) => self.move_build(from, tag, build, owner),
            None => self.tag_build(tag, build, owner),
        }
    }

    /// A child ended well: what comes next.
    pub(super) fn go_on(&mut self, task: i64, child: i64) {
        if self.tasks.get(&task).is_none_or(|task| task.state != TaskState::Open) {
            return;
        }
        let Some(method) = self.tasks.get(&child).map(|child| child.method) else { return };
        match method {
            "waitrepo" => self.look_for_repo_again(task, child),
            "buildSRPMFromSCM" => self.start_arches(task),
            "buildArch" => {
                let done = self.flows.get(&task).is_some_and(|flow| {
                    flow.arches
                        .iter()
                        .all(|id| self.tasks.get(id).is_some_and(|t| t.state == TaskState::Closed))
                });
                if done {
                    self.import(task);
                }
            }
            "tagBuild" => self.end_task(task, TaskState::Closed, TaskResult::Value(Value::Nil)),
            _ => {}
        }
    }

    /// The repo that was waited for is used, even if the tag has changed again: only the wanted event counts.
    fn look_for_repo_again(&mut self, task: i64, child: i64) {
        let repo = self.tasks.get(&child).and_then(|child| match &child.result {
            TaskResult::Value(value) => value.get("id").and_then(Value::as_int),
            TaskResult::None | TaskResult::Fault(_) => None,
        });
        match repo {
            Some(repo) => self.start_srpm(task, repo),
            None => self.look_for_repo(task),
        }
    }

    /// All architectures are built.
    fn import(&mut self, task: i64) {
        let Some(flow) = self.flows.get(&task) else { return };
        let (build, dest, skip) = (flow.build, flow.dest_tag, flow.option("skip_tag"));
        let Some(build) = build else {
            return self.end_task(task, TaskState::Closed, TaskResult::Value(Value::Nil));
        };
        self.end_build(build, BuildState::Complete);
        if skip {
            return self.end_task(task, TaskState::Closed, TaskResult::Value(Value::Nil));
        }
        let request = vec![dest.into(), build.into(), false.into(), Value::Nil, true.into()];
        self.new_child(task, "tagBuild", Some("tag"), "noarch", request);
    }

    /// A build task fails: first its record, then what still runs below it, then itself.
    pub(super) fn fail_build(&mut self, task: i64, fault: Refusal) {
        if self.tasks.get(&task).is_none_or(|task| task.state.is_final()) {
            return;
        }
        if let Some(build) = self.flows.get(&task).and_then(|flow| flow.build) {
            self.end_build(build, BuildState::Failed);
        }
        let children = self.tasks.get(&task).map(|task| task.children.clone()).unwrap_or_default();
        for child in children {
            self.cancel_tree(child);
        }
        self.end_task(task, TaskState::Failed, TaskResult::Fault(fault));
    }
}
