//! Repos of tags, the requests for them, and the queue that serves those.

use std::collections::BTreeSet;

use ebs_shared::koji::xmlrpc::Value;

use super::{
    state::State,
    things::{
        NewTask, Refusal, Repo, RepoAsk, RepoRequest, RepoState, Step, TaskResult, TaskState,
    },
};
use crate::koji::render;

/// How far in microseconds a repo may lag behind if no event was asked for. Source: `RepoLag`, 3600 s.
const LAG: i64 = 3_600_000_000;

impl State {
    /// A repo by id.
    #[must_use]
    pub fn repo(&self, id: i64) -> Option<&Repo> {
        self.repos.get(&id)
    }

    /// A request by id.
    #[must_use]
    pub fn repo_request(&self, id: i64) -> Option<&RepoRequest> {
        self.requests.get(&id)
    }

    /// The requests that are still worked on.
    #[must_use]
    pub fn open_repo_requests(&self) -> Vec<i64> {
        self.open_requests.iter().copied().collect()
    }

    /// The newest READY repo of a tag that contains an event.
    #[must_use]
    pub fn ready_repo(&self, tag: i64, min_event: i64) -> Option<&Repo> {
        let fits = |repo: &&Repo| {
            repo.tag == tag && repo.state == RepoState::Ready && repo.create_event >= min_event
        };
        self.repos.values().rev().find(fits)
    }

    fn open(&self) -> impl Iterator<Item = &RepoRequest> {
        self.open_requests.iter().filter_map(|id| self.requests.get(id))
    }

    fn open_of(&self, tag: i64) -> Vec<i64> {
        self.open().filter(|request| request.tag == tag).map(|request| request.id).collect()
    }

    /// Asks for a repo: there is one that fits, or there is a request for it (`true`: there was one already).
    ///
    /// # Errors
    ///
    /// 1000 if there is no such tag.
    pub fn request_repo(
        &mut self,
        tag: i64,
        ask: RepoAsk,
        owner: i64,
    ) -> Result<(Option<i64>, Option<i64>, bool), Refusal> {
        if self.tag(tag).is_none() {
            return Err(Refusal::generic(format!("No such tagInfo: {tag}")));
        }
        let last = self.last_change(tag, true);
        let (enough, wanted) = match ask {
            RepoAsk::Event(event) => (event, event),
            RepoAsk::Last => (last, last),
            RepoAsk::Lag => {
                let fresh = self.event_time(last).is_some_and(|at| at > self.now() - LAG);
                (if fresh { 0 } else { last }, last)
            }
        };
        if let Some(repo) = self.ready_repo(tag, enough) {
            return Ok((Some(repo.id), None, false));
        }
        let open = self
            .requests
            .values()
            .rev()
            .find(|r| r.active && r.tag == tag && r.min_event >= enough);
        if let Some(open) = open {
            return Ok((None, Some(open.id), true));
        }
        let id = self.requests.keys().next_back().map_or(1, |last| last + 1);
        let now = self.now();
        let request = RepoRequest {
            id,
            tag,
            min_event: wanted,
            owner,
            created: now,
            updated: now,
            active: true,
            task: None,
            tries: 0,
            repo: None,
            waiters: Vec::new(),
        };
        self.requests.insert(id, request);
        self.open_requests.insert(id);
        let wait = self.script.timing.repo_queue_ms;
        self.after(wait, Step::RepoQueue);
        Ok((None, Some(id), false))
    }

    /// Gives each open request a `newRepo` task, one at a time for each tag.
    pub(super) fn run_repo_queue(&mut self) {
        let busy = self.open().filter(|r| r.task.is_some()).map(|r| r.tag);
        let mut taken = BTreeSet::from_iter(busy);
        let open: Vec<(i64, i64)> =
            self.open().filter(|r| r.task.is_none()).map(|r| (r.id, r.tag)).collect();
        for (request, tag) in open {
            if !taken.insert(tag) {
                continue;
            }
            let Some(name) = self.tag(tag).map(|tag| tag.name.clone()) else {
                self.give_up(tag);
                continue;
            };
            let opts =
                Value::object([("opts", Value::Struct(Vec::new())), ("__starstar", true.into())]);
            let asked = vec![Value::object([("id", tag.into()), ("name", name.into())]), opts];
            let owner = self.user_named("kojira").map_or(1, |user| user.id);
            let new = NewTask {
                method: "newRepo",
                owner,
                arch: "noarch".into(),
                priority: 15,
                below: None,
                request: asked,
            };
            let task = self.new_task(new);
            let now = self.now();
            if let Some(request) = self.requests.get_mut(&request) {
                request.task = Some(task);
                request.tries += 1;
                request.updated = now;
            }
        }
    }

    /// A `newRepo` task begins: its repo shows the tag as it is now.
    pub(super) fn begin_repo(&mut self, task: i64) {
        let Some(tag) = self.repo_task_tag(task) else { return };
        let id = self.repos.keys().next_back().map_or(1, |last| last + 1);
        let create_event = self.new_event();
        let now = self.now();
        let repo = Repo {
            id,
            tag,
            state: RepoState::Init,
            create_event,
            begin_event: self.last_change(tag, true),
            created: now,
            state_time: now,
            task,
        };
        self.repos.insert(id, repo);
        self.say_repo("init", tag, id);
        let span = self.script.timing.repo_ms;
        self.after(span, Step::Finish(task));
    }

    /// A `newRepo` task ends: requests that its repo fulfils are closed, and who waited for them goes on.
    pub(super) fn finish_repo(&mut self, task: i64) {
        let Some(tag) = self.repo_task_tag(task) else { return };
        let Some(id) = self.repos.values().rev().find(|repo| repo.task == task).map(|repo| repo.id)
        else {
            return;
        };
        if self.tag(tag).is_none() {
            let fault = Refusal::generic(format!("Repo tag {tag} is gone"));
            self.end_task(task, TaskState::Failed, TaskResult::Fault(fault));
            self.give_up(tag);
            return;
        }
        let now = self.now();
        let mut event = 0;
        if let Some(repo) = self.repos.get_mut(&id) {
            repo.state = RepoState::Ready;
            repo.state_time = now;
            event = repo.create_event;
        }
        self.end_task(
            task,
            TaskState::Closed,
            TaskResult::Value(vec![id.into(), event.into()].into()),
        );
        self.say_repo("done", tag, id);
        let mut waiters = Vec::new();
        for request in self.open_of(tag) {
            let Some(request) = self.requests.get_mut(&request) else { continue };
            request.updated = now;
            if request.min_event <= event {
                request.active = false;
                self.open_requests.remove(&request.id);
                request.repo = Some(id);
                request.task = Some(task);
                waiters.append(&mut request.waiters);
            } else if request.task == Some(task) {
                request.task = None;
            }
        }
        let shown = self.repos.get(&id).map_or(Value::Nil, |repo| render::repo(self, repo));
        for waiter in waiters {
            self.end_child(waiter, TaskResult::Value(shown.clone()));
        }
        self.run_repo_queue();
    }

    /// Every `newRepo` task that runs fails, as often as kojira tries it: the requests are given up.
    pub(crate) fn fail_repos(&mut self) {
        let running: Vec<(i64, i64)> =
            self.open().filter_map(|request| Some((request.task?, request.tag))).collect();
        for (task, tag) in running {
            let fault = Refusal::generic("Failed to init repo: no space left on device");
            self.end_task(task, TaskState::Failed, TaskResult::Fault(fault));
            self.give_up(tag);
        }
    }

    /// No repo will come, since the tag is gone or no task makes one.
    fn give_up(&mut self, tag: i64) {
        let mut waiters = Vec::new();
        for request in self.open_of(tag) {
            let Some(request) = self.requests.get_mut(&request) else { continue };
            request.active = false;
            self.open_requests.remove(&request.id);
            waiters.append(&mut request.waiters);
        }
        for waiter in waiters {
            let fault =
                Refusal::generic(format!("Unsuccessfully waited 0:00 for a new {tag} repo"));
            self.end_child(waiter, TaskResult::Fault(fault));
        }
    }

    fn repo_task_tag(&self, task: i64) -> Option<i64> {
        self.tasks.get(&task)?.request.first()?.get("id")?.as_int()
    }
}
