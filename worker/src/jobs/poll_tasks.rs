//! One poll of build tasks.

use ebs_domain::id::TaskId;
use ebs_shared::{job::Answer, koji::api::MAX_BULK};

use super::neighbours::{Jobs, Step};

impl Jobs {
    pub(super) async fn poll_tasks(&self, tasks: &[TaskId]) -> Step<Answer> {
        if tasks.len() > MAX_BULK {
            return Err(Answer::Impossible {
                why: format!("{} tasks at once, more than {MAX_BULK}", tasks.len()),
            });
        }
        let seen = self.see_tasks(tasks).await?;
        Ok(Answer::Tasks { tasks: seen.tasks, unknown: seen.unknown })
    }
}
