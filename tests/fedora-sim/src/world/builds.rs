//! Build records: making, recycling, ending and promoting them.

use std::collections::BTreeSet;

use super::{
    state::State,
    things::{Build, BuildState, NewBuild, Promotion, Refusal},
};

impl State {
    /// A build by id.
    #[must_use]
    pub fn build(&self, id: i64) -> Option<&Build> {
        self.builds.get(&id)
    }

    /// A build by the NVR it has now.
    #[must_use]
    pub fn build_named(&self, nvr: &str) -> Option<&Build> {
        self.builds.get(self.nvrs.get(nvr)?)
    }

    /// All builds, by id.
    pub fn builds(&self) -> impl DoubleEndedIterator<Item = &Build> {
        self.builds.values()
    }

    pub(crate) fn build_mut(&mut self, id: i64) -> Option<&mut Build> {
        self.builds.get_mut(&id)
    }

    /// The builds that name a task as theirs.
    pub fn builds_of(&self, task: i64) -> impl Iterator<Item = &Build> {
        self.task_builds.get(&task).into_iter().flatten().filter_map(|id| self.builds.get(id))
    }

    /// Makes a record in state BUILDING, or takes a failed one of the same NVR again; its id. The bus is told.
    ///
    /// # Errors
    ///
    /// 1000 if the NVR is taken or being built. Texts are the hub's.
    pub fn new_build(&mut self, new: NewBuild) -> Result<i64, Refusal> {
        let nvr = format!("{}-{}-{}", new.name, new.version, new.release);
        if let Some(old) = self.nvrs.get(&nvr).and_then(|id| self.builds.get(id)) {
            let (id, state, task) = (old.id, old.state, old.task);
            if new.draft {
                let text = format!(
                    "Target build already exists: {{'id': {id}, 'build_id': {id}, 'nvr': '{nvr}'}}"
                );
                return Err(Refusal::generic(text));
            }
            match state {
                BuildState::Building => {
                    let task = task.map_or_else(|| "None".to_owned(), |task| task.to_string());
                    return Err(Refusal::generic(format!(
                        "Build already in progress (task {task})"
                    )));
                }
                BuildState::Complete | BuildState::Deleted => {
                    return Err(Refusal::generic(already_exists(id, state, &new)));
                }
                BuildState::Failed | BuildState::Canceled if old.ever_tagged => {
                    return Err(Refusal::generic(format!(
                        "Build already exists. Unable to recycle, has tags: {nvr}"
                    )));
                }
                BuildState::Failed | BuildState::Canceled => {
                    self.recycle(id, new);
                    self.say_build_state(id, Some(state), BuildState::Building);
                    return Ok(id);
                }
            }
        }
        let id = self.insert_build(new, BuildState::Building);
        self.say_build_state(id, None, BuildState::Building);
        Ok(id)
    }

    /// A build that is COMPLETE from the start, such as one imported before time began. Nothing is said on the bus.
    pub fn import_build(&mut self, new: NewBuild) -> i64 {
        let id = self.insert_build(new, BuildState::Complete);
        let now = self.now();
        if let Some(build) = self.builds.get_mut(&id) {
            build.completed = Some(now);
        }
        id
    }

    fn insert_build(&mut self, new: NewBuild, state: BuildState) -> i64 {
        let package = self.package_id(&new.name);
        let id = self.builds.keys().next_back().map_or(1, |last| last + 1);
        let now = self.now();
        let creation_event = self.new_event();
        let build = Build {
            id,
            package,
            name: new.name,
            version: new.version,
            plain_release: new.release,
            epoch: new.epoch,
            draft: new.draft,
            state,
            task: new.task,
            owner: new.owner,
            promoted: None,
            source: Some(new.source),
            extra: new.extra,
            creation_event,
            created: now,
            started: Some(now),
            completed: None,
            tags: BTreeSet::new(),
            ever_tagged: false,
            draft_refused: false,
            promotable: Promotion::Allowed,
        };
        self.nvrs.insert(build.nvr(), id);
        if let Some(task) = new.task {
            self.task_builds.entry(task).or_default().push(id);
        }
        self.builds.insert(id, build);
        id
    }

    /// A failed record gets the new task, source and times; the old task then names no build.
    fn recycle(&mut self, id: i64, new: NewBuild) {
        let now = self.now();
        let creation_event = self.new_event();
        let Some(build) = self.builds.get_mut(&id) else { return };
        let old_task = std::mem::replace(&mut build.task, new.task);
        build.state = BuildState::Building;
        build.epoch = new.epoch;
        build.owner = new.owner;
        build.source = Some(new.source);
        build.extra = new.extra;
        build.creation_event = creation_event;
        build.created = now;
        build.started = Some(now);
        build.completed = None;
        if let Some(list) = old_task.and_then(|task| self.task_builds.get_mut(&task)) {
            list.retain(|build| *build != id);
        }
        if let Some(task) = new.task {
            self.task_builds.entry(task).or_default().push(id);
        }
    }

    /// Ends a record that is BUILDING, and tells the bus; any other is left as it is.
    pub(super) fn end_build(&mut self, id: i64, state: BuildState) {
        let now = self.now();
        let Some(build) =
            self.builds.get_mut(&id).filter(|build| build.state == BuildState::Building)
        else {
            return;
        };
        build.state = state;
        build.completed = Some(now);
        self.say_build_state(id, Some(BuildState::Building), state);
    }

    /// Makes a draft a regular build: same id and tags, another NVR.
    ///
    /// # Errors
    ///
    /// 1000 if it is no draft, not complete, or its NVR is taken; 1004 if policy refuses.
    pub fn promote_build(&mut self, id: i64, user: i64) -> Result<(), Refusal> {
        let admin = self.user(user).is_some_and(|user| user.admin);
        let Some(build) = self.builds.get(&id) else {
            return Err(Refusal::generic(format!("No such build: {id}")));
        };
        let (nvr, plain) = (build.nvr(), build.plain_nvr());
        let cannot =
            |why: &str| Err(Refusal::generic(format!("Cannot promote build {nvr}. Reason: {why}")));
        if !build.draft {
            return cannot("Not a draft build");
        }
        if build.state != BuildState::Complete {
            return cannot(&format!("state ({}) is not COMPLETE", build.state.name()));
        }
        if !admin && (build.owner != user || build.promotable == Promotion::Refused) {
            let text = "policy violation (draft_promotion): Only draft-promoter and build owner can do this via default policy";
            return Err(Refusal::new(1004, text));
        }
        if let Some(taken) = self.nvrs.get(&plain) {
            return cannot(&format!(
                "Target build already exists: {{'id': {taken}, 'nvr': '{plain}'}}"
            ));
        }
        let now = self.now();
        let event = self.new_event();
        if let Some(build) = self.builds.get_mut(&id) {
            build.draft = false;
            build.promoted = Some((user, now));
            for tag in build.tags.clone() {
                if let Some(tag) = self.tag_mut(tag) {
                    tag.last_change = event;
                }
            }
        }
        self.nvrs.remove(&nvr);
        self.nvrs.insert(plain, id);
        self.say_promoted();
        Ok(())
    }
}

/// The hub's text for an NVR that can never be built again: what was wanted is shown as a Python dictionary.
fn already_exists(id: i64, state: BuildState, new: &NewBuild) -> String {
    format!(
        "Build already exists (id={id}, state={}): {{'name': '{}', 'version': '{}', 'release': '{}', 'epoch': {}, \
         'task_id': {}, 'source': '{}', 'owner': {}, 'state': 0, 'completion_time': None, 'start_time': 'NOW', \
         'volume_id': 0, 'draft': False}}",
        state.name(),
        new.name,
        new.version,
        new.release,
        python(new.epoch),
        python(new.task),
        new.source,
        new.owner,
    )
}

fn python(number: Option<i64>) -> String {
    number.map_or_else(|| "None".to_owned(), |number| number.to_string())
}
