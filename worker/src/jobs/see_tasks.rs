//! Tasks as they are now, with the ends of the final ones.

use std::collections::BTreeMap;

use ebs_domain::id::{BuildId, TaskId};
use ebs_shared::{
    job::{Answer, SeenTask, Service},
    koji::{
        api::{BuildInfo, MAX_BULK, TaskEnd, TaskInfo},
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
        let finals: Vec<TaskId> =
            known.iter().filter(|info| info.state.is_final()).map(|info| info.task).collect();
        let mut ends = self.ends(&finals).await?;
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
        for some in tasks.chunks(MAX_BULK) {
            let infos = self.hub.tasks(some).await.map_err(|error| koji_away(&error))?;
            if infos.len() != some.len() {
                let why = format!("{} answers for {} tasks", infos.len(), some.len());
                return Err(Answer::Unavailable { service: Service::Koji, why });
            }
            for (task, info) in some.iter().zip(infos) {
                match info {
                    Some(info) => known.push(info),
                    None => unknown.push(*task),
                }
            }
        }
        Ok((known, unknown))
    }

    /// How finished tasks ended, by task.
    pub(super) async fn ends(&self, finals: &[TaskId]) -> Step<BTreeMap<TaskId, TaskEnd>> {
        let mut ends = BTreeMap::new();
        for some in finals.chunks(MAX_BULK) {
            let told = self.hub.task_ends(some).await.map_err(|error| koji_away(&error))?;
            ends.extend(told.into_iter().map(|end| (end.task, end)));
        }
        Ok(ends)
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
