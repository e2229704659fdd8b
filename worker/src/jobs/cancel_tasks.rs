//! Has tasks cancelled, and says what became of them: Koji's final state wins.

use ebs_domain::id::TaskId;
use ebs_shared::{
    job::Answer,
    koji::{api::MAX_BULK, error::Fault},
};

use super::neighbours::{Jobs, Step, koji_away};

impl Jobs {
    pub(super) async fn cancel_tasks(&self, tasks: &[TaskId]) -> Step<Answer> {
        for some in tasks.chunks(MAX_BULK) {
            let each = self.hub.cancel_tasks(some).await.map_err(|error| koji_away(&error))?;
            for fault in each.iter().filter_map(|each: &Result<(), Fault>| each.as_ref().err()) {
                // Finished in between, or not ours: its state tells.
                tracing::debug!(error = %fault, "a task was not cancelled");
            }
        }
        let seen = self.see_tasks(tasks).await?;
        Ok(Answer::Canceled { tasks: seen.tasks })
    }
}
