//! What Koji and Bodhi hold: one state for both, since an update that becomes stable moves builds between tags.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use ebs_domain::id::{BuildId, TagName, TaskId, Token};
use ebs_shared::{
    bodhi::api::{BodhiError, BodhiErrorKind, NewUpdate, OwnUpdate, Update, Updates},
    koji::api::{BuildInfo, BuildState, OwnTask, TaskInfo, TaskState},
};
use tokio::time::Instant;

/// How long a build takes.
const BUILD_TIME: Duration = Duration::from_secs(600);

/// How long an update takes to become stable, if nothing else is said.
pub(crate) const STABLE_TIME: Duration = Duration::from_secs(7200);

/// Koji and Bodhi.
#[derive(Default)]
pub(crate) struct Fedora(Mutex<State>);

/// A build task.
pub(crate) struct Task {
    pub(crate) own: OwnTask,
    pub(crate) due: Instant,
}

/// Everything there is.
#[derive(Default)]
pub(crate) struct State {
    last: i64,
    pub(crate) tags: BTreeMap<TagName, Vec<(BuildId, i64)>>,
    pub(crate) side_tags: BTreeMap<TagName, i64>,
    pub(crate) builds: BTreeMap<BuildId, BuildInfo>,
    pub(crate) tasks: BTreeMap<TaskId, Task>,
    pub(crate) updates: Vec<(Update, Instant)>,
    /// Updates that Bodhi does not know any more.
    pub(crate) forgotten: BTreeSet<String>,
    /// Whether Bodhi does not answer questions about builds.
    pub(crate) bodhi_silent: bool,
    /// How many side tags were ever made.
    pub(crate) made: usize,
    /// How long an update takes to become stable, instead of [`STABLE_TIME`].
    pub(crate) stable_time: Option<Duration>,
}

impl Fedora {
    /// What there is now: everything whose time has come has happened.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.advance(Instant::now());
        state
    }

    /// How often each token was submitted.
    pub(crate) fn submissions(&self) -> BTreeMap<Token, usize> {
        let mut counts = BTreeMap::new();
        for token in self.state().tasks.values().filter_map(|task| task.own.token) {
            *counts.entry(token).or_default() += 1;
        }
        counts
    }
}

impl State {
    pub(crate) fn next(&mut self) -> i64 {
        self.last += 1;
        self.last
    }

    pub(crate) fn put(&mut self, tag: &TagName, build: BuildId) {
        let event = self.next();
        self.tags.entry(tag.clone()).or_default().push((build, event));
    }

    pub(crate) fn add_build(&mut self, nvr: &str, draft: bool, task: Option<TaskId>) -> BuildId {
        let build = BuildId::new(self.next());
        let package = nvr.rsplitn(3, '-').last().unwrap_or_default().to_owned();
        let suffix = if draft { format!(",draft_{build}") } else { String::new() };
        let source = Some(source(&package));
        let info = BuildInfo {
            build,
            package,
            nvr: format!("{nvr}{suffix}"),
            epoch: None,
            state: BuildState::Complete,
            draft,
            task,
            source,
        };
        self.builds.insert(build, info);
        build
    }

    fn advance(&mut self, now: Instant) {
        let due = |task: &&Task| task.due <= now && task.own.info.state == TaskState::Open;
        let ended: Vec<TaskId> = self.tasks.values().filter(due).map(|t| t.own.info.task).collect();
        for id in ended {
            let Some(task) = self.tasks.get_mut(&id) else { continue };
            task.own.info.state = TaskState::Closed;
            let (source, target) = (task.own.source.clone(), task.own.target.clone());
            let package = package(&source);
            let build = self.add_build(&format!("{package}-1-1.eln"), true, Some(id));
            if let Ok(tag) = target.parse() {
                self.put(&tag, build);
            }
        }
        let pending = |(update, at): &(Update, Instant)| *at <= now && update.status == "pending";
        for at in 0..self.updates.len() {
            if !pending(&self.updates[at]) {
                continue;
            }
            let update = &mut self.updates[at].0;
            update.status = "stable".to_owned();
            let nvrs = update.builds.clone();
            let builds: Vec<BuildId> = self
                .builds
                .values()
                .filter(|info| nvrs.contains(&info.nvr))
                .map(|info| info.build)
                .collect();
            for build in builds {
                self.put(&crate::world::tag("eln"), build);
            }
        }
    }

    pub(crate) fn add_task(&mut self, source: &str, target: &TagName, token: Token) -> TaskId {
        let task = TaskId::new(self.next());
        let info = TaskInfo {
            task,
            state: TaskState::Open,
            method: "build".to_owned(),
            label: None,
            created: None,
            started: None,
            ended: None,
        };
        let (source, target) = (source.to_owned(), target.to_string());
        let own = OwnTask { info, source, target, token: Some(token) };
        self.tasks.insert(task, Task { own, due: Instant::now() + BUILD_TIME });
        task
    }
}

/// Where a package's source is.
pub(crate) fn source(package: &str) -> String {
    format!("git+https://src.example.org/rpms/{package}#0123456789abcdef0123456789abcdef01234567")
}

fn package(source: &str) -> &str {
    source.split('#').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default()
}

#[async_trait]
impl Updates for Fedora {
    async fn create(&self, new: &NewUpdate, nvrs: &[String]) -> Result<Update, BodhiError> {
        let mut state = self.state();
        let update = Update {
            alias: format!("FEDORA-{}", state.next()),
            status: "pending".to_owned(),
            request: None,
            gating: None,
            pushed: false,
            from_tag: Some(new.from_tag.to_string()),
            builds: nvrs.to_vec(),
        };
        let stable = Instant::now() + state.stable_time.unwrap_or(STABLE_TIME);
        state.updates.push((update.clone(), stable));
        Ok(update)
    }
    async fn find(&self, from_tag: &TagName, _: &str) -> Result<Option<Update>, BodhiError> {
        let from = Some(from_tag.to_string());
        let state = self.state();
        Ok(state.updates.iter().map(|(update, _)| update).find(|u| u.from_tag == from).cloned())
    }
    async fn live_of(&self, _: &str) -> Result<Vec<OwnUpdate>, BodhiError> {
        let state = self.state();
        let live = state.updates.iter().map(|(update, _)| update).filter(|u| u.status == "pending");
        let own = |update: &Update| OwnUpdate {
            update: update.clone(),
            stable_tag: Some("eln".to_owned()),
        };
        Ok(live.map(own).collect())
    }
    async fn holding(&self, nvrs: &[String]) -> Result<Vec<Update>, BodhiError> {
        if self.state().bodhi_silent {
            let kind = BodhiErrorKind::Unavailable("the connection was refused".to_owned());
            return Err(BodhiError { what: "find updates by build", kind });
        }
        let holds = |update: &&Update| update.builds.iter().any(|nvr| nvrs.contains(nvr));
        Ok(self.state().updates.iter().map(|(update, _)| update).filter(holds).cloned().collect())
    }
    async fn updates(&self, aliases: &[String]) -> Result<Vec<Option<Update>>, BodhiError> {
        let state = self.state();
        let of = |alias: &String| {
            let found = state.updates.iter().map(|(update, _)| update);
            let mut known = found.filter(|update| !state.forgotten.contains(&update.alias));
            known.find(|update| update.alias == *alias).cloned()
        };
        Ok(aliases.iter().map(of).collect())
    }
}
