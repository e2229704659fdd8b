//! Tasks as they are now, with the ends of the final ones.

use std::collections::BTreeMap;

use ebs_domain::id::{BuildId, TaskId};
use ebs_shared::{
    job::{Answer, SeenTask, Service},
    koji::{
        api::{BuildInfo, TaskEnd, TaskInfo, TaskState},
        error::Fault,
        fault::{self, Meaning},
    },
};

use super::neighbours::{Jobs, Step, koji_away};

/// Tasks that Koji knows, and those it does not.
pub(super) struct Seen {
    pub(super) tasks: Vec<SeenTask>,
    pub(super) unknown: Vec<TaskId>,
}

impl Jobs {
    /// One look at tasks: their states in one call, then how the final ones ended.
    pub(super) async fn see_tasks(&self, tasks: &[TaskId]) -> Step<Seen> {
        let (known, unknown) = self.states(tasks).await?;
        let (mut closed, mut unwell) = (Vec::new(), Vec::new());
        for info in &known {
            match info.state {
                TaskState::Closed => closed.push(info.task),
                TaskState::Failed | TaskState::Canceled => unwell.push(info.task),
                TaskState::Free | TaskState::Open | TaskState::Assigned => {}
            }
        }
        let mut ends = self.ends(&unwell).await?;
        ends.extend(self.good_ends(&closed).await?);
        let mut taken = self.taken(&ends).await?;
        let mut seen = Vec::with_capacity(known.len());
        for info in known {
            let end = ends.remove(&info.task);
            if info.state.is_final() && end.is_none() {
                let why = format!("no end of task {} was told", info.task);
                return Err(Answer::Unavailable { service: Service::Koji, why });
            }
            let taken = end.as_ref().and_then(taken_build).and_then(|build| taken.remove(&build));
            seen.push(SeenTask { info, end, taken });
        }
        Ok(Seen { tasks: seen, unknown })
    }

    /// The states of tasks, and those that Koji does not know.
    pub(super) async fn states(&self, tasks: &[TaskId]) -> Step<(Vec<TaskInfo>, Vec<TaskId>)> {
        let (mut known, mut unknown) = (Vec::with_capacity(tasks.len()), Vec::new());
        if tasks.is_empty() {
            return Ok((known, unknown));
        }
        let infos = self.hub.tasks(tasks).await.map_err(|error| koji_away(&error))?;
        if infos.len() != tasks.len() {
            let why = format!("{} answers for {} tasks", infos.len(), tasks.len());
            return Err(Answer::Unavailable { service: Service::Koji, why });
        }
        for (task, info) in tasks.iter().zip(infos) {
            match info {
                Some(info) => known.push(info),
                None => unknown.push(*task),
            }
        }
        Ok((known, unknown))
    }

    /// The same of tasks that ended well: what is to be known of one is its build alone.
    async fn good_ends(&self, closed: &[TaskId]) -> Step<BTreeMap<TaskId, TaskEnd>> {
        if closed.is_empty() {
            return Ok(BTreeMap::new());
        }
        let told = self.hub.builds_of_tasks(closed).await.map_err(|error| koji_away(&error))?;
        let end = |(task, builds): (&TaskId, Vec<BuildInfo>)| {
            (*task, TaskEnd { task: *task, fault: None, children: Vec::new(), builds })
        };
        Ok(closed.iter().zip(told).map(end).collect())
    }

    /// How tasks ended that did not end well, by task.
    pub(super) async fn ends(&self, finals: &[TaskId]) -> Step<BTreeMap<TaskId, TaskEnd>> {
        if finals.is_empty() {
            return Ok(BTreeMap::new());
        }
        let told = self.hub.task_ends(finals).await.map_err(|error| koji_away(&error))?;
        Ok(told.into_iter().map(|end| (end.task, end)).collect())
    }

    /// The builds that faults "Build already exists" name.
    async fn taken(&self, ends: &BTreeMap<TaskId, TaskEnd>) -> Step<BTreeMap<BuildId, BuildInfo>> {
        let builds: Vec<BuildId> = ends.values().filter_map(taken_build).collect();
        if builds.is_empty() {
            return Ok(BTreeMap::new());
        }
        let infos = self.hub.builds(&builds).await.map_err(|error| koji_away(&error))?;
        Ok(infos.into_iter().flatten().map(|info| (info.build, info)).collect())
    }
}

fn taken_build(end: &TaskEnd) -> Option<BuildId> {
    match end.fault.as_ref().map(fault::meaning) {
        Some(Meaning::BuildExists(build)) => Some(build),
        _ => None,
    }
}

/// What stands for a fault where Koji tells none.
pub(super) fn untold(text: &str) -> Fault {
    Fault { code: 0, text: text.to_owned() }
}
