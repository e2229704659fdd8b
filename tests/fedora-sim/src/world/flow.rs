//! A build task from its submission to its architectures. How it ends stands in `flow_ends`.

use ebs_shared::koji::xmlrpc::Value;

use super::{
    record::token,
    state::State,
    things::{Flow, NewBuild, NewTask, Refusal, RepoAsk, Step, Submission, TaskResult, TaskState},
};
use crate::{
    chance,
    koji::render,
    script::{Outcome, SeedTrouble},
};

/// How often in ms a build looks for builds that it waits for.
const WAIT_BUILDS_MS: u64 = 50;

impl State {
    /// Asks for a build, as the hub's `build` does once it has taken the arguments; the id of the task.
    ///
    /// `priority` is relative to the usual 20. Whether source, target and options make sense shows only when the task runs.
    pub fn submit_build(
        &mut self,
        source: &str,
        target: &str,
        opts: &Value,
        priority: i64,
        owner: i64,
    ) -> i64 {
        let side_tag = self.tag_named(target).is_some_and(|tag| tag.side_tag_of.is_some());
        let attempt = if side_tag { self.record.next_attempt(source) } else { 1 };
        let package = package_of(source);
        let outcome = self.script.outcome(&package, source, attempt);
        let task = self.submit_one(source, target, opts, priority, owner, (attempt, outcome));
        let submission = Submission {
            task,
            source: source.to_owned(),
            target: target.to_owned(),
            token: token(opts),
            attempt,
            outcome,
        };
        self.note_submission(submission, side_tag);
        if outcome == Outcome::TwoTasks {
            // The twin is no submission of anybody's, so nobody is blamed for it.
            self.submit_one(source, target, opts, priority, owner, (attempt, Outcome::Succeed));
        }
        task
    }

    fn submit_one(
        &mut self,
        source: &str,
        target: &str,
        opts: &Value,
        priority: i64,
        owner: i64,
        (attempt, outcome): (u32, Outcome),
    ) -> i64 {
        let request = vec![source.into(), target.into(), opts.clone()];
        let task = self.new_task(NewTask {
            method: "build",
            owner,
            arch: "noarch".into(),
            priority: 20 + priority,
            below: None,
            request,
        });
        let flow = Flow {
            source: source.to_owned(),
            package: package_of(source),
            target: target.to_owned(),
            opts: opts.clone(),
            attempt,
            outcome,
            build_tag: 0,
            dest_tag: 0,
            repo: None,
            srpm: None,
            arches: Vec::new(),
            build: None,
            given_back: false,
        };
        self.flows.insert(task, flow);
        task
    }

    /// Makes a new task with the request of an ended one.
    ///
    /// # Errors
    ///
    /// 1000 if it has not failed or been cancelled, or is no build.
    pub fn resubmit(&mut self, task: i64, user: i64) -> Result<i64, Refusal> {
        let Some(old) = self.task(task) else {
            return Err(Refusal::generic(format!("No such task: {task}")));
        };
        if !matches!(old.state, TaskState::Canceled | TaskState::Failed) {
            return Err(Refusal::generic("only canceled or failed tasks may be resubmitted"));
        }
        let priority = old.priority - 20;
        match old.request.clone().as_slice() {
            [Value::Str(source), Value::Str(target), opts] if old.method == "build" => {
                Ok(self.submit_build(source, target, opts, priority, user))
            }
            _ => Err(Refusal::generic("this simulator resubmits builds only")),
        }
    }

    /// A builder takes a task.
    pub(super) fn pick_up(&mut self, task: i64) {
        match self.open_task(task) {
            Some("build") => self.begin_build(task),
            Some("newRepo") => self.begin_repo(task),
            Some("tagBuild") if self.never_tagged(task) => {}
            Some("tagBuild") => {
                let span = self.script.timing.tagging_ms;
                self.after(span, Step::Finish(task));
            }
            Some("buildSRPMFromSCM") => {
                let span = self.share_of_build(task, 1);
                self.after(span, Step::Finish(task));
            }
            Some("buildArch") if self.parent_outcome(task) != Some(Outcome::NeverEnds) => {
                let span = self.share_of_build(task, 3);
                self.after(span, Step::Finish(task));
            }
            // An architecture that never ends; a waitrepo, which its repo ends; a task that was cancelled in FREE.
            _ => {}
        }
    }

    /// Whether the script lets this tagging hang.
    fn never_tagged(&self, task: i64) -> bool {
        let Some(task) = self.tasks.get(&task).filter(|task| task.parent.is_none()) else {
            return false;
        };
        let build = task.request.get(1).and_then(Value::as_int).and_then(|id| self.build(id));
        build.is_some_and(|build| {
            self.script.seed_trouble.get(&build.name) == Some(&SeedTrouble::NeverBegins)
        })
    }

    fn parent_outcome(&self, task: i64) -> Option<Outcome> {
        Some(self.flows.get(&self.tasks.get(&task)?.parent?)?.outcome)
    }

    /// So many quarters of the time that the build above a task takes, in ms.
    fn share_of_build(&self, task: i64, quarters: u64) -> u64 {
        let timing = &self.script.timing;
        let Some(flow) = self.tasks.get(&task).and_then(|task| self.flows.get(&task.parent?))
        else {
            return 0;
        };
        let attempt = flow.attempt.to_string();
        let words = [flow.package.as_str(), attempt.as_str(), "time"];
        let drawn =
            chance::between(self.script.seed, &words, timing.build_min_ms, timing.build_max_ms);
        let factor = if flow.outcome == Outcome::Slow { timing.slow_factor } else { 1 };
        drawn.saturating_mul(factor).saturating_mul(quarters) / 4
    }

    fn begin_build(&mut self, task: i64) {
        let Some(flow) = self.flows.get(&task) else { return };
        let target =
            self.target_named(&flow.target).map(|target| (target.build_tag, target.dest_tag));
        let Some((build_tag, dest_tag)) = target else {
            let fault = Refusal::generic(format!("unknown build target: {}", flow.target));
            return self.fail_build(task, fault);
        };
        if !flow.source.contains('#') {
            let text = format!("No commit specified in the source url: {}", flow.source);
            return self.fail_build(task, Refusal::generic(text));
        }
        let give_back = flow.outcome == Outcome::BackToFree && !flow.given_back;
        if let Some(flow) = self.flows.get_mut(&task) {
            flow.build_tag = build_tag;
            flow.dest_tag = dest_tag;
            flow.given_back |= give_back;
        }
        if give_back {
            let span = self.script.timing.build_min_ms / 4;
            self.after(span, Step::GiveBack(task));
        } else {
            self.look_for_repo(task);
        }
    }

    /// A builder gives a task back: FREE again, with no host.
    pub(super) fn give_back(&mut self, task: i64) {
        let Some(found) = self.tasks.get_mut(&task).filter(|task| task.state == TaskState::Open)
        else {
            return;
        };
        found.state = TaskState::Free;
        found.host = None;
        let span = self.script.timing.pickup_ms;
        self.after(span, Step::Pickup(task));
    }

    /// An open build task looks for the repo that it needs, and goes on, or waits.
    pub(super) fn look_for_repo(&mut self, task: i64) {
        if self.tasks.get(&task).is_none_or(|task| task.state != TaskState::Open) {
            return;
        }
        let Some(flow) = self.flows.get(&task) else { return };
        let (tag, last) = (flow.build_tag, flow.option("wait_repo"));
        let nvrs: Vec<Value> =
            flow.opts.get("wait_builds").and_then(Value::as_array).unwrap_or_default().to_vec();
        if !nvrs.iter().all(|nvr| self.is_there(tag, nvr)) {
            self.after(WAIT_BUILDS_MS, Step::LookAgain(task));
            return;
        }
        let ask = if last || !nvrs.is_empty() { RepoAsk::Last } else { RepoAsk::Lag };
        let owner = self.tasks.get(&task).map_or(0, |task| task.owner);
        match self.request_repo(tag, ask, owner) {
            Err(fault) => self.fail_build(task, fault),
            Ok((Some(repo), _, _)) => self.start_srpm(task, repo),
            Ok((None, request, _)) => {
                let min_event =
                    request.and_then(|id| self.requests.get(&id)).map(|request| request.min_event);
                let name = self.tag(tag).map(|tag| tag.name.clone());
                // With builds to wait for, it is they that count, and no event is named.
                let min_event = min_event.filter(|_| nvrs.is_empty());
                let asked = vec![name.into(), Value::Nil, nvrs.into(), min_event.into()];
                let child = self.new_child(task, "waitrepo", None, "noarch", asked);
                self.open_task(child);
                if let Some(request) = request.and_then(|id| self.requests.get_mut(&id)) {
                    request.waiters.push(child);
                }
            }
        }
    }

    fn is_there(&self, tag: i64, nvr: &Value) -> bool {
        let build = nvr.as_str().and_then(|nvr| self.build_named(nvr));
        build.is_some_and(|build| self.ancestry(tag).iter().any(|tag| build.tags.contains(tag)))
    }

    pub(super) fn new_child(
        &mut self,
        parent: i64,
        method: &'static str,
        label: Option<&str>,
        arch: &str,
        request: Vec<Value>,
    ) -> i64 {
        let (owner, priority) =
            self.tasks.get(&parent).map_or((0, 19), |task| (task.owner, task.priority - 1));
        let below = Some((parent, label.map(str::to_owned)));
        self.new_task(NewTask { method, owner, arch: arch.to_owned(), priority, below, request })
    }

    pub(super) fn start_srpm(&mut self, task: i64, repo: i64) {
        let Some(flow) = self.flows.get_mut(&task) else { return };
        flow.repo = Some(repo);
        let scratch = flow.option("scratch").then_some(true);
        let request = vec![
            flow.source.clone().into(),
            flow.build_tag.into(),
            Value::object([("repo_id", repo.into()), ("scratch", scratch.into())]),
        ];
        let child = self.new_child(task, "buildSRPMFromSCM", Some("srpm"), "noarch", request);
        if let Some(flow) = self.flows.get_mut(&task) {
            flow.srpm = Some(child);
        }
    }

    /// The source package is there: the record is made and the architectures begin.
    pub(super) fn start_arches(&mut self, task: i64) {
        let Some(flow) = self.flows.get(&task).cloned() else { return };
        if let Err(fault) = self.check_package(flow.dest_tag, &flow.package) {
            let text = fault
                .text
                .replacen("Package", "package", 1)
                .replace("not in list for", "not in list for tag");
            return self.fail_build(task, Refusal::new(1005, text));
        }
        let new = self.record_of(task, &flow);
        if !flow.option("scratch") {
            self.take_nvr(&flow, &new);
            match self.new_build(new) {
                Err(fault) => return self.fail_build(task, fault),
                Ok(build) => self.mark_build(task, build, flow.outcome),
            }
        }
        let arches = self.tag(flow.build_tag).map(|tag| tag.arches.clone()).unwrap_or_default();
        if arches.is_empty() {
            let text = format!("No matching arches were found for {}", flow.package);
            return self.fail_build(task, Refusal::new(1005, text));
        }
        let srpm = flow
            .srpm
            .map_or_else(String::new, |srpm| file_path(srpm, &self.plain_nvr(&flow), "src"));
        let mut children = Vec::new();
        for (place, arch) in arches.split_whitespace().enumerate() {
            let repo = Value::object([("repo_id", flow.repo.into())]);
            let request = vec![
                srpm.clone().into(),
                flow.build_tag.into(),
                arch.into(),
                (place == 0).into(),
                repo,
            ];
            children.push(self.new_child(task, "buildArch", Some(arch), arch, request));
        }
        if let Some(flow) = self.flows.get_mut(&task) {
            flow.arches = children;
        }
        if flow.outcome == Outcome::CancelledBySomebody {
            let span = self.script.timing.build_min_ms / 4;
            self.after(span, Step::Cancel(task));
        }
    }

    fn mark_build(&mut self, task: i64, id: i64, outcome: Outcome) {
        if let Some(flow) = self.flows.get_mut(&task) {
            flow.build = Some(id);
        }
        if let Some(build) = self.build_mut(id) {
            build.draft_refused = outcome == Outcome::FailedButComplete && build.draft;
            if outcome == Outcome::PromotionRefused {
                build.promotable = super::things::Promotion::Refused;
            }
        }
    }

    /// The NVR that a build's packages have: a draft's has no suffix there.
    pub(super) fn plain_nvr(&self, flow: &Flow) -> String {
        let (version, release, _) = self.version_of(&flow.source);
        format!("{}-{version}-{release}", flow.package)
    }

    fn record_of(&self, task: i64, flow: &Flow) -> NewBuild {
        let (version, release, epoch) = self.version_of(&flow.source);
        let mut extra = serde_json::json!({"source": {"original_url": flow.source}});
        if let (Some(metadata), Some(extra)) =
            (flow.opts.get("custom_user_metadata"), extra.as_object_mut())
        {
            extra.insert("custom_user_metadata".into(), render::json(metadata));
        }
        NewBuild {
            name: flow.package.clone(),
            version,
            release,
            epoch,
            draft: flow.option("draft"),
            task: Some(task),
            owner: self.tasks.get(&task).map_or(0, |task| task.owner),
            source: flow.source.clone(),
            extra,
        }
    }

    /// For the outcomes that say so: sees that the NVR is taken already.
    fn take_nvr(&mut self, flow: &Flow, new: &NewBuild) {
        let source = if flow.outcome == Outcome::NvrTakenOurs {
            flow.source.clone()
        } else if flow.outcome == Outcome::NvrTakenOther {
            let base = flow.source.split('#').next().unwrap_or_default();
            format!("{base}#{:040x}", chance::draw(self.script.seed, &[&flow.package, "other"]))
        } else {
            return;
        };
        let taken = NewBuild { draft: false, task: None, source, ..new.clone() };
        let nvr = format!("{}-{}-{}", taken.name, taken.version, taken.release);
        if self.build_named(&nvr).is_none() {
            self.import_build(taken);
        }
    }

    /// Says what version a commit of a package holds; builds of it take the ELN dist in place of Rawhide's.
    pub fn know_source(
        &mut self,
        package: &str,
        commit: &str,
        version: &str,
        release: &str,
        epoch: Option<i64>,
    ) {
        let known = (version.to_owned(), release.to_owned(), epoch);
        self.sources.insert(format!("{package}#{commit}"), known);
    }

    /// Version, release and epoch of what is built from a source.
    pub(super) fn version_of(&self, source: &str) -> (String, String, Option<i64>) {
        let commit = source.rsplit('#').next().unwrap_or_default();
        let known = self.sources.get(&format!("{}#{commit}", package_of(source)));
        match (known, commit.rsplit_once('-')) {
            (Some((version, release, epoch)), _) => {
                (version.clone(), self.rebuilt(release), *epoch)
            }
            (None, Some((version, release))) => (version.to_owned(), release.to_owned(), None),
            (None, None) => {
                let short: String = commit.chars().take(7).collect();
                ("1.0".to_owned(), format!("1.{short}.{}", self.script.dist), None)
            }
        }
    }

    /// A release with Fedora's dist replaced by ours.
    fn rebuilt(&self, release: &str) -> String {
        match release.split_once(".fc") {
            Some((head, tail)) => {
                let rest = tail.trim_start_matches(|letter: char| letter.is_ascii_digit());
                format!("{head}.{}{rest}", self.script.dist)
            }
            None => release.to_owned(),
        }
    }

    /// Ends a task below another and lets that one go on.
    pub(super) fn end_child(&mut self, child: i64, result: TaskResult) {
        if self.tasks.get(&child).is_none_or(|task| task.state.is_final()) {
            return;
        }
        let fault = match &result {
            TaskResult::Fault(fault) => Some(fault.clone()),
            TaskResult::None | TaskResult::Value(_) => None,
        };
        let state = if fault.is_some() { TaskState::Failed } else { TaskState::Closed };
        self.end_task(child, state, result);
        let Some(task) = self.tasks.get_mut(&child) else { return };
        let Some(parent) = task.parent else { return };
        match fault {
            Some(fault) => self.fail_build(parent, fault),
            None => {
                task.awaited = Some(false);
                let idle = self.children(parent).all(|child| child.state.is_final());
                if let Some(parent) = self.tasks.get_mut(&parent).filter(|_| idle) {
                    parent.waiting = Some(false);
                }
                self.go_on(parent, child);
            }
        }
    }
}

/// The package that a source is of: the last part of its path.
pub(super) fn package_of(source: &str) -> String {
    let path = source.split(['#', '?']).next().unwrap_or_default();
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    name.trim_end_matches(".git").to_owned()
}

/// Where a package lies, relative to the work directory.
pub(super) fn file_path(task: i64, nvr: &str, kind: &str) -> String {
    format!("tasks/{}/{task}/{nvr}.{kind}.rpm", task % 10_000)
}
