//! The calls of a hub, on the state of [`Fedora`].

use std::collections::BTreeMap;

use async_trait::async_trait;
use ebs_domain::{
    id::{BuildId, EventId, RepoRequestId, TagName, TaskId, UserId},
    time::Timestamp,
};
use ebs_shared::koji::{
    api::{
        BuildInfo, BuildOptions, BuildRequest, BuildTarget, Each, Hub, Listing, OwnTask,
        RepoAnswer, SideTag, TaggedBuild, TaskEnd, TaskInfo, TaskState, User,
    },
    error::{Fault, KojiError, KojiErrorKind},
};
use tokio::time::Instant;

use crate::{
    fedora::{Fedora, State},
    world::tag,
};

type Answer<T> = Result<T, KojiError>;

fn listed(state: &State, name: &TagName, listing: Listing) -> Option<Vec<TaggedBuild>> {
    let mut rows: Vec<TaggedBuild> = Vec::new();
    for (build, event) in state.tags.get(name)?.iter().rev() {
        let Some(info) = state.builds.get(build) else { continue };
        if listing == Listing::Latest && rows.iter().any(|row| row.package == info.package) {
            continue;
        }
        rows.push(TaggedBuild {
            tag: name.clone(),
            build: *build,
            package: info.package.clone(),
            nvr: info.nvr.clone(),
            epoch: None,
            draft: info.draft,
            tagged_at: EventId::new(*event),
            made_at: None,
        });
    }
    Some(rows)
}

fn no_tag(name: &TagName) -> KojiError {
    let fault = Fault { code: 1000, text: format!("No such tag: '{name}'") };
    KojiError { method: "listTagged", kind: KojiErrorKind::Refused(fault) }
}

#[async_trait]
impl Hub for Fedora {
    async fn whoami(&self) -> Answer<User> {
        Ok(User { id: UserId::new(7), name: "ebs".to_owned() })
    }
    async fn user(&self, name: &str) -> Answer<Option<User>> {
        Ok((name == "ebs").then(|| User { id: UserId::new(7), name: name.to_owned() }))
    }
    async fn build_target(&self, _: &TagName) -> Answer<Option<BuildTarget>> {
        Ok(Some(BuildTarget { build_tag: tag("eln-build"), dest_tag: tag("eln-candidate") }))
    }
    async fn tag_exists(&self, name: &TagName) -> Answer<bool> {
        Ok(self.state().tags.contains_key(name))
    }
    async fn tags_exist(&self, names: &[TagName]) -> Answer<Vec<bool>> {
        let state = self.state();
        Ok(names.iter().map(|name| state.tags.contains_key(name)).collect())
    }
    async fn list_side_tags(&self, _: &TagName, _: &str) -> Answer<Vec<SideTag>> {
        let tags = self.state().side_tags.clone();
        Ok(tags.into_iter().map(|(name, id)| SideTag { id, name }).collect())
    }
    async fn create_side_tag(&self, base: &TagName) -> Answer<SideTag> {
        let mut state = self.state();
        let id = state.next();
        let name = tag(&format!("{base}-side-{id}"));
        state.tags.insert(name.clone(), Vec::new());
        state.side_tags.insert(name.clone(), id);
        state.made += 1;
        Ok(SideTag { id, name })
    }
    async fn remove_side_tag(&self, name: &TagName) -> Answer<()> {
        let mut state = self.state();
        state.tags.remove(name);
        state.side_tags.remove(name);
        Ok(())
    }
    async fn list_tagged(&self, name: &TagName, listing: Listing) -> Answer<Vec<TaggedBuild>> {
        listed(&self.state(), name, listing).ok_or_else(|| no_tag(name))
    }
    async fn latest_of(
        &self,
        name: &TagName,
        packages: &[String],
    ) -> Answer<Vec<Option<TaggedBuild>>> {
        let rows = listed(&self.state(), name, Listing::Latest).ok_or_else(|| no_tag(name))?;
        let of = |package: &String| rows.iter().find(|row| row.package == *package).cloned();
        Ok(packages.iter().map(of).collect())
    }
    async fn tags_of(&self, builds: &[BuildId]) -> Answer<Vec<Vec<TagName>>> {
        let state = self.state();
        let of = |build: &BuildId| {
            let holds = |rows: &Vec<(BuildId, i64)>| rows.iter().any(|(held, _)| held == build);
            state
                .tags
                .iter()
                .filter(|(_, rows)| holds(rows))
                .map(|(name, _)| name.clone())
                .collect()
        };
        Ok(builds.iter().map(of).collect())
    }
    async fn builds(&self, builds: &[BuildId]) -> Answer<Vec<Option<BuildInfo>>> {
        let state = self.state();
        Ok(builds.iter().map(|build| state.builds.get(build).cloned()).collect())
    }
    async fn tag_builds(&self, name: &TagName, builds: &[BuildId]) -> Answer<Vec<Each<TaskId>>> {
        let mut state = self.state();
        let mut tasks = Vec::new();
        for build in builds {
            state.put(name, *build);
            tasks.push(Ok(TaskId::new(state.next())));
        }
        Ok(tasks)
    }
    async fn untag_builds(&self, name: &TagName, builds: &[BuildId]) -> Answer<Vec<Each<()>>> {
        let mut state = self.state();
        let rows = state.tags.entry(name.clone()).or_default();
        rows.retain(|(build, _)| !builds.contains(build));
        Ok(builds.iter().map(|_| Ok(())).collect())
    }
    async fn promote_builds(&self, builds: &[BuildId]) -> Answer<Vec<Each<BuildInfo>>> {
        let mut state = self.state();
        let mut promote = |build: &BuildId| {
            let fault = Fault { code: 1000, text: format!("Not a draft build: {build}") };
            let info = state.builds.get_mut(build).filter(|info| info.draft).ok_or(fault)?;
            info.draft = false;
            info.nvr = info.nvr.split(',').next().unwrap_or_default().to_owned();
            Ok(info.clone())
        };
        Ok(builds.iter().map(&mut promote).collect())
    }
    async fn last_change(&self, name: &TagName) -> Answer<EventId> {
        let state = self.state();
        let rows = state.tags.get(name).ok_or_else(|| no_tag(name))?;
        Ok(EventId::new(rows.iter().map(|(_, event)| *event).max().unwrap_or(1)))
    }
    async fn last_event(&self) -> Answer<EventId> {
        Ok(EventId::new(self.state().next()))
    }
    async fn request_repo(&self, _: &TagName, event: EventId) -> Answer<RepoAnswer> {
        Ok(RepoAnswer::Pending { request: RepoRequestId::new(event.get()) })
    }
    async fn check_repo(&self, request: RepoRequestId) -> Answer<RepoAnswer> {
        Ok(RepoAnswer::Ready { repo: request.get() })
    }
    async fn submit_builds(
        &self,
        options: &BuildOptions,
        builds: &[BuildRequest],
    ) -> Answer<Vec<Each<TaskId>>> {
        let mut state = self.state();
        let mut submit =
            |build: &BuildRequest| Ok(state.add_task(&build.source, &options.target, build.token));
        Ok(builds.iter().map(&mut submit).collect())
    }
    async fn cancel_tasks(&self, tasks: &[TaskId]) -> Answer<Vec<Each<()>>> {
        let mut state = self.state();
        for task in tasks {
            if let Some(task) = state.tasks.get_mut(task).filter(|task| task.due > Instant::now()) {
                task.own.info.state = TaskState::Canceled;
            }
        }
        Ok(tasks.iter().map(|_| Ok(())).collect())
    }
    async fn tasks(&self, tasks: &[TaskId]) -> Answer<Vec<Option<TaskInfo>>> {
        let state = self.state();
        Ok(tasks.iter().map(|id| state.tasks.get(id).map(|task| task.own.info.clone())).collect())
    }
    async fn builds_of_tasks(&self, tasks: &[TaskId]) -> Answer<Vec<Vec<BuildInfo>>> {
        let state = self.state();
        let mut builds: BTreeMap<TaskId, Vec<BuildInfo>> = BTreeMap::new();
        for info in state.builds.values() {
            if let Some(task) = info.task {
                builds.entry(task).or_default().push(info.clone());
            }
        }
        Ok(tasks.iter().map(|task| builds.get(task).cloned().unwrap_or_default()).collect())
    }
    async fn task_ends(&self, tasks: &[TaskId]) -> Answer<Vec<TaskEnd>> {
        let builds = self.builds_of_tasks(tasks).await?;
        let end = |(task, builds): (&TaskId, Vec<BuildInfo>)| TaskEnd {
            task: *task,
            fault: None,
            children: Vec::new(),
            builds,
        };
        Ok(tasks.iter().zip(builds).map(end).collect())
    }
    async fn own_open_builds(&self, _: UserId) -> Answer<Vec<OwnTask>> {
        let state = self.state();
        let open = state.tasks.values().rev().filter(|task| !task.own.info.state.is_final());
        Ok(open.map(|task| task.own.clone()).collect())
    }
    async fn own_builds_since(&self, _: UserId, _: Timestamp) -> Answer<Vec<OwnTask>> {
        Ok(self.state().tasks.values().rev().map(|task| task.own.clone()).collect())
    }
}
