//! Tasks: their tree, their states, their ends.

use super::{
    state::State,
    things::{BuildState, NewTask, Refusal, Step, Task, TaskResult, TaskState},
};

impl State {
    /// A task by id.
    #[must_use]
    pub fn task(&self, id: i64) -> Option<&Task> {
        self.tasks.get(&id)
    }

    /// All tasks, by id.
    pub fn tasks(&self) -> impl DoubleEndedIterator<Item = &Task> {
        self.tasks.values()
    }

    /// The tasks below a task, in order of making.
    pub fn children(&self, id: i64) -> impl Iterator<Item = &Task> {
        self.tasks
            .get(&id)
            .into_iter()
            .flat_map(|task| &task.children)
            .filter_map(|id| self.tasks.get(id))
    }

    /// Makes a task in state FREE, which a builder picks up later; its id.
    pub(super) fn new_task(&mut self, new: NewTask) -> i64 {
        let id = self.tasks.keys().next_back().map_or(1, |last| last + 1);
        let (parent, label) = match new.below {
            None => (None, None),
            Some((parent, label)) => (Some(parent), label),
        };
        let task = Task {
            id,
            state: TaskState::Free,
            method: new.method,
            owner: new.owner,
            arch: new.arch,
            channel: if new.method == "newRepo" { 2 } else { 1 },
            priority: new.priority,
            parent,
            label,
            host: None,
            waiting: None,
            awaited: parent.map(|_| true),
            created: self.now(),
            started: None,
            completed: None,
            request: new.request,
            result: TaskResult::None,
            children: Vec::new(),
        };
        self.tasks.insert(id, task);
        if let Some(parent) = parent.and_then(|parent| self.tasks.get_mut(&parent)) {
            parent.children.push(id);
            parent.waiting = Some(true);
        }
        let pickup = self.script.timing.pickup_ms;
        self.after(pickup, Step::Pickup(id));
        id
    }

    /// Asks for a `tagBuild` task, as the hub's `tagBuild` and `moveBuild` do; its id.
    pub fn ask_tagging(&mut self, tag: i64, build: i64, from: Option<i64>, owner: i64) -> i64 {
        let request = vec![tag.into(), build.into(), false.into(), from.into()];
        let new = NewTask {
            method: "tagBuild",
            owner,
            arch: "noarch".into(),
            priority: 10,
            below: None,
            request,
        };
        self.new_task(new)
    }

    /// Ends a task that is not final yet; a final one is left as it is.
    pub(super) fn end_task(&mut self, id: i64, state: TaskState, result: TaskResult) {
        let now = self.now();
        let Some(task) = self.tasks.get_mut(&id).filter(|task| !task.state.is_final()) else {
            return;
        };
        let old = std::mem::replace(&mut task.state, state);
        task.completed = Some(now);
        task.result = result;
        if state == TaskState::Closed && task.waiting.is_some() {
            task.waiting = Some(false);
        }
        if task.is_scratch() {
            self.say_task_state(id, old, state);
        }
        self.note_end(id);
    }

    /// Cancels a task, what is below it, and the build it makes. A final task stays as it is, without complaint.
    ///
    /// # Errors
    ///
    /// 1000 if there is no such task, 1004 if it is another user's.
    pub fn cancel_task(&mut self, id: i64, user: i64) -> Result<(), Refusal> {
        let Some(task) = self.tasks.get(&id) else {
            return Err(Refusal::generic(format!("No such task: {id}")));
        };
        if task.owner != user && !self.user(user).is_some_and(|user| user.admin) {
            return Err(Refusal::new(1004, "Cannot cancel task, not owner"));
        }
        let parent = task.parent;
        let over = task.state.is_final();
        self.cancel_tree(id);
        if let Some(parent) = parent.filter(|_| !over) {
            self.fail_build(parent, Refusal::generic(format!("Task {id} is canceled")));
        }
        Ok(())
    }

    pub(super) fn cancel_tree(&mut self, id: i64) {
        if self.tasks.get(&id).is_none_or(|task| task.state.is_final()) {
            return;
        }
        let builds: Vec<i64> = self.builds_of(id).map(|build| build.id).collect();
        for build in builds {
            self.end_build(build, BuildState::Canceled);
        }
        self.end_task(id, TaskState::Canceled, TaskResult::None);
        let children = self.tasks.get(&id).map(|task| task.children.clone()).unwrap_or_default();
        for child in children {
            self.cancel_tree(child);
        }
    }

    /// Puts a task into a builder's hands, or gives `None` if it is not FREE any more.
    pub(super) fn open_task(&mut self, id: i64) -> Option<&'static str> {
        let now = self.now();
        let task = self.tasks.get_mut(&id).filter(|task| task.state == TaskState::Free)?;
        task.state = TaskState::Assigned;
        task.host = Some(1);
        let method = task.method;
        let scratch = task.is_scratch();
        if scratch {
            self.say_task_state(id, TaskState::Free, TaskState::Assigned);
        }
        let task = self.tasks.get_mut(&id)?;
        task.state = TaskState::Open;
        task.started = Some(now);
        if scratch {
            self.say_task_state(id, TaskState::Assigned, TaskState::Open);
        }
        Some(method)
    }
}
