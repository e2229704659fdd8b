//! What was asked of the simulator and what came of it, as far as the report needs it. Judges duplicates without our tokens.

use ebs_shared::koji::xmlrpc::Value;

use super::{
    state::State,
    things::{BuildEntry, Submission, TaskResult, TaskState},
};

impl State {
    /// Notes a build that was asked for. The same source into the same side tag, while an earlier task for it is not finally
    /// FAILED or CANCELED, is a duplicate.
    pub(super) fn note_submission(&mut self, submission: Submission, side_tag: bool) {
        let key = (submission.source.clone(), submission.target.clone());
        if side_tag {
            let earlier = self.record.by_source.get(&key).cloned().unwrap_or_default();
            for task in earlier {
                let over = self.task(task).is_none_or(|task| {
                    matches!(task.state, TaskState::Failed | TaskState::Canceled)
                });
                if !over {
                    self.record.duplicates.push(format!(
                        "build of {} into {}: task {} while task {task} is there",
                        submission.source, submission.target, submission.task
                    ));
                }
            }
            self.record.by_source.entry(key).or_default().push(submission.task);
        }
        self.record.submissions.push(submission);
    }

    /// Notes the end of a task, if it is one that somebody polls for.
    pub(super) fn note_end(&mut self, task: i64) {
        let now = self.now();
        if self.task(task).is_some_and(|task| task.parent.is_none()) {
            self.record.ends.push(now);
        }
    }

    /// The fewest polls with which every end of a task could have been seen.
    ///
    /// An ideal poller knows when tasks end. It may see an end up to `poll_grace_ms` late, and learns of at most 500 tasks
    /// by one poll. So: the first end that is not seen yet, with all that follow within the grace (500 at most), makes one
    /// poll; and so on. Counted are the tasks without a parent: builds, taggings, repos.
    #[must_use]
    pub fn poll_lower_bound(&self) -> u64 {
        let grace =
            i64::try_from(self.script.poll_grace_ms).unwrap_or(i64::MAX).saturating_mul(1000);
        let mut polls = 0;
        let mut current: Option<(i64, u32)> = None;
        for end in &self.record.ends {
            match &mut current {
                Some((until, seen)) if *end <= *until && *seen < 500 => *seen += 1,
                _ => {
                    polls += 1;
                    current = Some((end.saturating_add(grace), 1));
                }
            }
        }
        polls
    }

    /// All builds that were asked for, with what came of them.
    #[must_use]
    pub fn build_entries(&self) -> Vec<BuildEntry> {
        self.record.submissions.iter().map(|submission| self.build_entry(submission)).collect()
    }

    fn build_entry(&self, submission: &Submission) -> BuildEntry {
        let task = self.task(submission.task);
        let build = self.builds_of(submission.task).last();
        let fault = task.and_then(|task| match &task.result {
            TaskResult::Fault(fault) => Some((fault.code, fault.text.clone())),
            TaskResult::None | TaskResult::Value(_) => None,
        });
        BuildEntry {
            task: submission.task,
            source: submission.source.clone(),
            target: submission.target.clone(),
            token: submission.token.clone(),
            attempt: submission.attempt,
            outcome: submission.outcome,
            state: task.map_or("UNKNOWN", |task| task.state.name()),
            fault,
            build: build.map(|build| build.id),
            nvr: build.map(super::things::Build::nvr),
        }
    }
}

/// Our mark in a build's options.
pub(super) fn token(opts: &Value) -> Option<String> {
    opts.get("custom_user_metadata")?.get("ebs")?.get("token")?.as_str().map(str::to_owned)
}
