//! Submitting: asking for the builds of an attempt within the window, and stopping tasks.

use super::{
    effect::{Effect, Outcome, Submission, SubmitEnd},
    member::{Build, End, StopReason},
    phase::{Buildroot, Phase, Stage},
    state::{Batch, Purpose, Step},
};
use crate::{
    failure::{Failure, FailureClass},
    id::{Component, TaskId, Token},
    time::Timestamp,
};

/// Most builds asked for in one effect: a lost one then leaves no more than this in doubt.
const MAX_SUBMIT: usize = 100;

impl Batch {
    /// Asks for queued builds as far as the window allows.
    pub(super) fn submit_more(&mut self, at: Timestamp, out: &mut Step) {
        let Phase::Building(building) = &self.phase else { return };
        let (tag, order, attempt) = (building.ground.tag.clone(), building.order, building.attempt);
        let open = self.members.values().filter(|member| member.is_in_the_window()).count();
        let room = self.plan.max_open_builds.max(1).saturating_sub(open);
        let queued =
            self.members.iter().filter(|(_, member)| matches!(member.build, Build::Queued { .. }));
        let next: Vec<Submission> = queued
            .take(room)
            .map(|(component, member)| Submission {
                component: component.clone(),
                source: member.source.clone(),
                token: Token::derive(self.uuid, component, attempt),
            })
            .collect();
        for builds in next.chunks(MAX_SUBMIT) {
            let components: Vec<Component> =
                builds.iter().map(|build| build.component.clone()).collect();
            for component in &components {
                self.set_build(at, component, Build::Submitting { attempt }, out);
            }
            let effect =
                Effect::SubmitBuilds { tag: tag.clone(), order, attempt, builds: builds.to_vec() };
            self.run(Purpose::Submit { components }, effect, out);
        }
    }

    pub(super) fn on_submitted(
        &mut self,
        at: Timestamp,
        components: &[Component],
        outcome: Outcome,
        out: &mut Step,
    ) {
        match outcome {
            Outcome::BuildsSubmitted { builds } => {
                for (component, end) in builds {
                    if components.contains(&component) {
                        self.on_one_submitted(at, &component, end, out);
                    }
                }
                for component in components {
                    let failure = Failure::new(FailureClass::Infrastructure, "it was not answered");
                    self.on_one_submitted(at, component, SubmitEnd::Refused(failure), out);
                }
            }
            Outcome::Poisoned { text } => {
                for component in components {
                    let end = SubmitEnd::Refused(Outcome::poison(&text));
                    self.on_one_submitted(at, component, end, out);
                }
            }
            Outcome::Withdrawn
            | Outcome::TagCreated { .. }
            | Outcome::BuildsTagged { .. }
            | Outcome::BuildsPromoted { .. }
            | Outcome::RepoRequested { .. }
            | Outcome::TagRemoved
            | Outcome::TasksCancelled
            | Outcome::UpdatePosted { .. }
            | Outcome::TagGone => {
                // Never sent: as if it had not been asked for.
                for component in components {
                    self.withdraw_submission(at, component, out);
                }
                self.doubt_build_tag();
            }
        }
    }

    /// A target that is gone may be that of an older tag: look at the tag before anything else is sent.
    fn doubt_build_tag(&mut self) {
        if let Phase::Building(building) = &mut self.phase
            && building.stage == Stage::Running
        {
            building.stage = Stage::Buildroot(Buildroot::Seeing);
        }
    }

    fn withdraw_submission(&mut self, at: Timestamp, component: &Component, out: &mut Step) {
        let Some(member) = self.members.get(component) else { return };
        let Build::Submitting { attempt } = member.build else { return };
        let build = if member.dropped {
            Build::Ended { attempt, task: None, end: End::Dropped }
        } else {
            Build::Queued { attempt }
        };
        self.set_build(at, component, build, out);
    }

    fn on_one_submitted(
        &mut self,
        at: Timestamp,
        component: &Component,
        end: SubmitEnd,
        out: &mut Step,
    ) {
        let Some(member) = self.members.get(component) else { return };
        let Build::Submitting { attempt } = member.build else { return };
        let dropped = member.dropped || matches!(self.phase, Phase::Aborting(_));
        match end {
            SubmitEnd::Task { task, surplus } => {
                if !surplus.is_empty() {
                    self.run(
                        Purpose::Cancel { tasks: Vec::new() },
                        Effect::CancelTasks { tasks: surplus },
                        out,
                    );
                }
                if dropped {
                    self.stop(at, component, attempt, task, StopReason::Dropped, out);
                } else {
                    self.set_build(
                        at,
                        component,
                        Build::Running { attempt, task, started: None },
                        out,
                    );
                }
            }
            SubmitEnd::Refused(_) if dropped => {
                self.set_build(
                    at,
                    component,
                    Build::Ended { attempt, task: None, end: End::Dropped },
                    out,
                );
            }
            SubmitEnd::Refused(failure) => {
                self.set_build(
                    at,
                    component,
                    Build::Ended { attempt, task: None, end: End::Failed(failure) },
                    out,
                );
            }
        }
    }

    /// Asks for a task to be cancelled; its final state is Koji's word.
    pub(super) fn stop(
        &mut self,
        at: Timestamp,
        component: &Component,
        attempt: u32,
        task: TaskId,
        reason: StopReason,
        out: &mut Step,
    ) {
        self.set_build(at, component, Build::Stopping { attempt, task, reason }, out);
        self.run(
            Purpose::Cancel { tasks: vec![task] },
            Effect::CancelTasks { tasks: vec![task] },
            out,
        );
    }

    /// Asks for all tasks that run to be cancelled, as an operator's word; gives whose they are.
    pub(super) fn stop_running(&mut self, at: Timestamp, out: &mut Step) -> Vec<Component> {
        let running: Vec<(Component, u32, TaskId)> = self
            .members
            .iter()
            .filter_map(|(component, member)| match member.build {
                Build::Running { attempt, task, .. } => Some((component.clone(), attempt, task)),
                Build::Waiting
                | Build::Queued { .. }
                | Build::Submitting { .. }
                | Build::Stopping { .. }
                | Build::Tagging { .. }
                | Build::Ended { .. } => None,
            })
            .collect();
        let tasks: Vec<TaskId> = running.iter().map(|(_, _, task)| *task).collect();
        for (component, attempt, task) in &running {
            let (attempt, task, reason) = (*attempt, *task, StopReason::Dropped);
            self.set_build(at, component, Build::Stopping { attempt, task, reason }, out);
        }
        if !tasks.is_empty() {
            self.run(Purpose::Cancel { tasks: tasks.clone() }, Effect::CancelTasks { tasks }, out);
        }
        running.into_iter().map(|(component, ..)| component).collect()
    }
}
