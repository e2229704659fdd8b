//! One poll of a tag, and of the tasks that tag into it.

use ebs_domain::id::{TagName, TaskId};
use ebs_shared::{
    job::Answer,
    koji::{
        api::{Listing, TaskState},
        error::Fault,
        fault::{self, Meaning},
    },
};

use super::{
    neighbours::{Jobs, Step, koji_away},
    see_tasks::untold,
};

impl Jobs {
    pub(super) async fn poll_tag(&self, tag: &TagName, tasks: &[TaskId]) -> Step<Answer> {
        // Tasks first: one that ends between the two looks is then seen in the tag, not as neither open nor tagged.
        let (known, unknown) = self.states(tasks).await?;
        let builds = match self.hub.list_tagged(tag, Listing::All).await {
            Ok(rows) => Some(rows.into_iter().map(|row| row.build).collect()),
            Err(error) if error.fault().map(fault::meaning) == Some(Meaning::NoSuchTag) => None,
            Err(error) => return Err(koji_away(&error)),
        };
        let bad = |state| matches!(state, TaskState::Failed | TaskState::Canceled);
        let ended: Vec<TaskId> =
            known.iter().filter(|info| bad(info.state)).map(|info| info.task).collect();
        let mut ends = self.ends(&ended).await?;
        let mut fault = |task: &TaskId| -> Fault {
            ends.remove(task)
                .and_then(|end| end.fault)
                .unwrap_or_else(|| untold("no fault was told"))
        };
        let mut failed: Vec<(TaskId, Fault)> =
            ended.iter().map(|task| (*task, fault(task))).collect();
        failed
            .extend(unknown.into_iter().map(|task| (task, untold("Koji does not know the task"))));
        let open =
            known.iter().filter(|info| !info.state.is_final()).map(|info| info.task).collect();
        Ok(Answer::Tag { builds, failed, open })
    }
}
