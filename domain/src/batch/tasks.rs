//! How build tasks end: every special end is a rule here.

use std::collections::BTreeMap;

use super::{
    effect::Outcome,
    member::{Build, Built, End, StopReason},
    seen::{BuildFact, TaskEnd, TaskFate, TaskSeen},
    state::{Batch, Step},
};
use crate::{
    failure::{Failure, FailureClass},
    id::{Component, TaskId},
    scm::ScmUrl,
    time::Timestamp,
};

impl Batch {
    pub(super) fn on_tasks_seen(&mut self, at: Timestamp, tasks: Vec<TaskSeen>, out: &mut Step) {
        let open: BTreeMap<TaskId, Component> = self
            .members
            .iter()
            .filter_map(|(component, member)| {
                member.open_task().map(|task| (task, component.clone()))
            })
            .collect();
        for seen in tasks {
            // A task of an earlier attempt, or one whose end is known: late, harmless.
            let Some(component) = open.get(&seen.task) else { continue };
            if self.looks_again_later(&seen.fate) {
                continue;
            }
            if seen.fate != TaskFate::Unknown {
                self.on_task_known(component, out);
            }
            match seen.fate {
                TaskFate::Waiting => self.on_task_waiting(at, component, out),
                TaskFate::Started(started) => self.on_task_started(at, component, started, out),
                TaskFate::Ended(end) => self.on_task_ended(at, component, end, out),
                TaskFate::Unknown => self.on_task_unknown(at, component, seen.task, out),
            }
        }
    }

    fn on_task_known(&mut self, component: &Component, out: &mut Step) {
        let Some(member) = self.members.get_mut(component) else { return };
        if member.unknown_since.take().is_some() {
            out.members.insert(component.clone());
        }
    }

    /// Koji knows no task of that number: one such look may be a mishap of Koji's, a span of them is not. It has lost the task,
    /// as a hub does whose database was restored; what was to be built may be asked for again.
    fn on_task_unknown(
        &mut self,
        at: Timestamp,
        component: &Component,
        task: TaskId,
        out: &mut Step,
    ) {
        let Some(member) = self.members.get_mut(component) else { return };
        let since = *member.unknown_since.get_or_insert(at);
        if since == at {
            out.members.insert(component.clone());
        }
        if at.since(since) < self.plan.poll_gap {
            return;
        }
        let attempt = member.attempt();
        let end = match member.build {
            Build::Stopping { reason, .. } => stopped(reason),
            Build::Running { .. }
            | Build::Waiting
            | Build::Queued { .. }
            | Build::Submitting { .. }
            | Build::Tagging { .. }
            | Build::Ended { .. } => End::Failed(Failure {
                class: FailureClass::Infrastructure,
                text: format!("Koji knows no task {task} any more"),
                task: Some(task),
            }),
        };
        self.set_build(at, component, Build::Ended { attempt, task: Some(task), end }, out);
    }

    /// A task that went back to FREE is still running.
    fn on_task_waiting(&mut self, at: Timestamp, component: &Component, out: &mut Step) {
        let Some(member) = self.members.get(component) else { return };
        if let Build::Running { attempt, task, started: Some(_) } = member.build {
            self.set_build(at, component, Build::Running { attempt, task, started: None }, out);
        }
    }

    fn on_task_started(
        &mut self,
        at: Timestamp,
        component: &Component,
        begun: Timestamp,
        out: &mut Step,
    ) {
        let Some(member) = self.members.get(component) else { return };
        let Build::Running { attempt, task, started } = member.build else { return };
        if at.since(begun) >= self.plan.build_timeout_of(component) {
            self.stop(at, component, attempt, task, StopReason::TimedOut, out);
        } else if started != Some(begun) {
            self.set_build(
                at,
                component,
                Build::Running { attempt, task, started: Some(begun) },
                out,
            );
        }
    }

    fn on_task_ended(
        &mut self,
        at: Timestamp,
        component: &Component,
        ended: TaskEnd,
        out: &mut Step,
    ) {
        let Some(member) = self.members.get(component) else { return };
        let (attempt, task, stopped) = match member.build {
            Build::Running { attempt, task, .. } => (attempt, task, None),
            Build::Stopping { attempt, task, reason } => (attempt, task, Some(reason)),
            Build::Waiting
            | Build::Queued { .. }
            | Build::Submitting { .. }
            | Build::Tagging { .. }
            | Build::Ended { .. } => return,
        };
        let source = member.source.clone();
        let detached = member.detached.is_some();
        let next = match stopped {
            Some(StopReason::Dropped) => Next::End(End::Dropped),
            Some(StopReason::TimedOut) => self.after(ended, &source, End::TimedOut),
            None => self.after(ended, &source, End::Cancelled),
        };
        match next {
            Next::End(end) => {
                self.set_build(at, component, Build::Ended { attempt, task: Some(task), end }, out)
            }
            // It is published by its number, wherever it is tagged; slices that are to come have it tagged.
            Next::Tag(built) if detached => {
                let end = End::Succeeded(built);
                self.set_build(at, component, Build::Ended { attempt, task: Some(task), end }, out);
            }
            Next::Tag(built) => {
                if let Some(fill) = self.build_fill() {
                    fill.want(built.build);
                }
                self.set_build(
                    at,
                    component,
                    Build::Tagging { attempt, task, built, promoted: false },
                    out,
                );
            }
        }
    }

    /// What a task's end means for its build; `cancelled` is what a cancel means.
    fn after(&self, ended: TaskEnd, source: &ScmUrl, cancelled: End) -> Next {
        match ended {
            TaskEnd::Closed { build: Some(build) } => {
                Next::End(End::Succeeded(built(build, false)))
            }
            TaskEnd::Closed { build: None } if self.plan.scratch => {
                Next::End(End::ScratchSucceeded)
            }
            TaskEnd::Closed { build: None } => {
                Next::End(End::failed(FailureClass::Unknown, "the task closed and left no build"))
            }
            // Built, only the tagging failed: building again can never work, tagging can.
            TaskEnd::Failed { build: Some(build), .. }
            | TaskEnd::Canceled { build: Some(build) } => Next::Tag(built(build, false)),
            TaskEnd::Failed { build: None, taken_by: Some(build), failure } => {
                if build.source.as_deref().is_some_and(|theirs| source.same_commit(theirs)) {
                    Next::Tag(built(build, true))
                } else {
                    let text = format!("NVR taken by build {}", build.build);
                    Next::End(End::Failed(Failure {
                        class: FailureClass::Source,
                        text,
                        task: failure.task,
                    }))
                }
            }
            TaskEnd::Failed { build: None, taken_by: None, failure } => {
                Next::End(End::Failed(failure))
            }
            TaskEnd::Canceled { build: None } => Next::End(cancelled),
        }
    }

    /// A cancel was heard; what became of the tasks is seen by looking. One that no worker survived is taken as cancelled.
    pub(super) fn on_cancelled(
        &mut self,
        at: Timestamp,
        tasks: &[TaskId],
        outcome: &Outcome,
        out: &mut Step,
    ) {
        if !matches!(outcome, Outcome::Poisoned { .. }) {
            return;
        }
        let stopping: Vec<(Component, u32, TaskId, StopReason)> = self
            .members
            .iter()
            .filter_map(|(component, member)| match member.build {
                Build::Stopping { attempt, task, reason } if tasks.contains(&task) => {
                    Some((component.clone(), attempt, task, reason))
                }
                Build::Stopping { .. }
                | Build::Waiting
                | Build::Queued { .. }
                | Build::Submitting { .. }
                | Build::Running { .. }
                | Build::Tagging { .. }
                | Build::Ended { .. } => None,
            })
            .collect();
        for (component, attempt, task, reason) in stopping {
            let end = stopped(reason);
            self.set_build(at, &component, Build::Ended { attempt, task: Some(task), end }, out);
        }
    }
}

/// What is next for a build whose task has ended.
enum Next {
    End(End),
    Tag(Built),
}

/// The end of a build whose task is taken as cancelled.
fn stopped(reason: StopReason) -> End {
    match reason {
        StopReason::TimedOut => End::TimedOut,
        StopReason::Dropped => End::Dropped,
    }
}

fn built(fact: BuildFact, adopted: bool) -> Built {
    Built { build: fact.build, nvr: fact.nvr, epoch: fact.epoch, draft: fact.draft, adopted }
}
