//! Asks Koji for builds; in doubt only for those that are not there yet.

use std::collections::BTreeMap;

use ebs_domain::id::{TaskId, Token};
use ebs_shared::{
    job::{Answer, MAX_SUBMIT, SubmitEnd},
    koji::{
        api::{BuildOptions, BuildRequest, BuildState, OwnTask, TaskState},
        error::{KojiError, Retry},
    },
};

use super::{
    doubt::Look,
    neighbours::{Jobs, Step, chain, koji_away},
};
use crate::LeaseView;

/// What was found for each token.
type Found = BTreeMap<Token, SubmitEnd>;

impl Jobs {
    pub(super) async fn submit_builds(
        &self,
        options: &BuildOptions,
        builds: &[BuildRequest],
        look: Look,
        lease: &LeaseView,
    ) -> Step<Answer> {
        if builds.len() > MAX_SUBMIT {
            return Err(Answer::Impossible {
                why: format!("{} builds at once, more than {MAX_SUBMIT}", builds.len()),
            });
        }
        let mut ends =
            if look.first { self.find_builds(options, builds, look).await? } else { Found::new() };
        let missing: Vec<BuildRequest> =
            builds.iter().filter(|b| !ends.contains_key(&b.token)).cloned().collect();
        if look.may_create && !missing.is_empty() {
            lease.outlast(self.create_limit).await;
            match self.hub.submit_builds(options, &missing).await {
                Ok(each) if each.len() == missing.len() => {
                    ends.extend(
                        missing.iter().zip(each).map(|(build, each)| (build.token, asked(each))),
                    );
                }
                Ok(each) => {
                    let why = format!("{} answers for {} builds", each.len(), missing.len());
                    return Err(Answer::Unknown { why });
                }
                Err(error) => ends = self.after_failure(options, builds, look, &error).await?,
            }
        }
        let end =
            |build: &BuildRequest| ends.get(&build.token).cloned().unwrap_or(SubmitEnd::NotYet);
        Ok(Answer::Submitted { builds: builds.iter().map(end).collect() })
    }

    /// All builds of one call were heard or none: so it has happened if all are found, and is open otherwise.
    async fn after_failure(
        &self,
        options: &BuildOptions,
        builds: &[BuildRequest],
        look: Look,
        error: &KojiError,
    ) -> Step<Found> {
        match error.retry() {
            Retry::Later | Retry::Never => Err(koji_away(error)),
            Retry::Look => match self.find_builds(options, builds, look).await {
                Ok(found) if builds.iter().all(|build| found.contains_key(&build.token)) => {
                    Ok(found)
                }
                Ok(_) | Err(_) => Err(Answer::Unknown { why: chain(error) }),
            },
        }
    }

    async fn find_builds(
        &self,
        options: &BuildOptions,
        builds: &[BuildRequest],
        look: Look,
    ) -> Step<Found> {
        let me = self.hub.whoami().await.map_err(|error| koji_away(&error))?;
        let own = self
            .hub
            .own_builds_since(me.id, look.since)
            .await
            .map_err(|error| koji_away(&error))?;
        let mut candidates: BTreeMap<Token, Vec<OwnTask>> = BTreeMap::new();
        for task in own {
            let ours = |build: &&BuildRequest| {
                task.token == Some(build.token)
                    && task.source == build.source
                    && task.target == options.target.as_str()
            };
            if let Some(build) = builds.iter().find(ours) {
                candidates.entry(build.token).or_default().push(task);
            }
        }
        let complete = self.with_complete_build(&candidates).await?;
        Ok(candidates
            .into_iter()
            .filter_map(|(token, tasks)| Some((token, keep_one(&tasks, &complete)?)))
            .collect())
    }

    /// Which of several finished tasks for one token have a COMPLETE build, though they may have failed after it.
    async fn with_complete_build(
        &self,
        candidates: &BTreeMap<Token, Vec<OwnTask>>,
    ) -> Step<Vec<TaskId>> {
        let several = candidates.values().filter(|tasks| tasks.len() > 1).flatten();
        let finals: Vec<TaskId> =
            several.filter(|task| task.info.state.is_final()).map(|task| task.info.task).collect();
        if finals.is_empty() {
            return Ok(Vec::new());
        }
        let ends = self.hub.task_ends(&finals).await.map_err(|error| koji_away(&error))?;
        let complete = ends
            .into_iter()
            .filter(|end| end.builds.iter().any(|b| b.state == BuildState::Complete));
        Ok(complete.map(|end| end.task).collect())
    }
}

fn asked(each: Result<TaskId, ebs_shared::koji::error::Fault>) -> SubmitEnd {
    match each {
        Ok(task) => SubmitEnd::Task { task, surplus: Vec::new() },
        Err(fault) => SubmitEnd::Refused { fault },
    }
}

/// Of several tasks for one token: the one with a COMPLETE build, else the older unfinished one, else the oldest that was
/// not cancelled. Other unfinished ones are surplus.
fn keep_one(tasks: &[OwnTask], complete: &[TaskId]) -> Option<SubmitEnd> {
    let rank = |task: &&OwnTask| {
        let built = complete.contains(&task.info.task) || task.info.state == TaskState::Closed;
        let class = match task.info.state {
            _ if built => 0,
            TaskState::Free | TaskState::Open | TaskState::Assigned => 1,
            TaskState::Failed | TaskState::Closed => 2,
            TaskState::Canceled => 3,
        };
        (class, task.info.task)
    };
    let kept = tasks.iter().min_by_key(rank)?.info.task;
    let mut surplus: Vec<TaskId> = tasks
        .iter()
        .filter(|task| task.info.task != kept && !task.info.state.is_final())
        .map(|task| task.info.task)
        .collect();
    surplus.sort_unstable();
    Some(SubmitEnd::Task { task: kept, surplus })
}
