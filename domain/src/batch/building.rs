//! Building: slices, attempts, the window. How single tasks end stands in [`super::tasks`].

use std::collections::BTreeSet;

use super::{
    effect::{Command, Effect, Notice, Outcome, Submission, SubmitEnd},
    event::TagContent,
    fill::{Fill, Item},
    machine::{Batch, Ground, Purpose, Step},
    member::{Build, End, Member, StopReason},
    phase::{Attempted, Building, Buildroot, Phase, Publishing, Stage},
};
use crate::{
    failure::{Failure, FailureClass},
    id::{BuildId, Component, TagName, TaskId, Token},
    time::Timestamp,
};

/// Most builds asked for in one effect: a lost one then leaves no more than this in doubt.
const MAX_SUBMIT: usize = 100;

impl Batch {
    /// Begins with the lowest order number.
    pub(super) fn begin_building(&mut self, at: Timestamp, ground: Ground, out: &mut Step) {
        let Some(order) = self.next_order(None) else {
            return self.finish_building(at, ground, out);
        };
        let building = Building {
            ground,
            order,
            attempt: 1,
            failed_before: None,
            stage: Stage::Running,
            fill: Fill::default(),
        };
        self.enter(at, Phase::Building(building), out);
        self.queue_attempt(at, order, 1, out);
    }

    /// The lowest order number above this one that has a build to be made.
    fn next_order(&self, above: Option<i64>) -> Option<i64> {
        let waiting = self.members.values().filter(|member| matches!(member.build, Build::Waiting));
        waiting
            .map(|member| member.order)
            .filter(|order| above.is_none_or(|above| *order > above))
            .min()
    }

    /// Queues the builds of one attempt: in the first all of the slice, later exactly those that failed.
    fn queue_attempt(&mut self, at: Timestamp, order: i64, attempt: u32, out: &mut Step) {
        let joins = |member: &Member| {
            member.order == order
                && if attempt == 1 {
                    matches!(member.build, Build::Waiting)
                } else {
                    member.failed_retryably()
                }
        };
        let joining: Vec<Component> = self
            .members
            .iter()
            .filter(|(_, member)| joins(member))
            .map(|(component, _)| component.clone())
            .collect();
        out.commands.push(Command::Notify(Notice::Attempt {
            order,
            number: attempt,
            builds: joining.len(),
        }));
        for component in &joining {
            self.set_build(at, component, Build::Queued { attempt }, out);
        }
    }

    pub(super) fn advance_building(&mut self, at: Timestamp, out: &mut Step) -> bool {
        let Phase::Building(building) = &mut self.phase else { return false };
        let (tag, asks) = (building.ground.tag.clone(), building.stage != Stage::CreatingTag);
        let builds = if asks { building.fill.ask() } else { Vec::new() };
        if building.stage == Stage::Refilling && building.fill.is_settled() {
            building.stage = Stage::Buildroot(Buildroot::ReadingEvent);
        }
        let running = building.stage == Stage::Running;
        if !builds.is_empty() {
            self.run(Purpose::BuildFill, Effect::TagBuilds { tag, builds }, out);
        }
        self.settle_tagging(at, out);
        if running {
            self.submit_more(at, out);
            return self.end_attempt_if_over(at, out);
        }
        false
    }

    /// Asks for queued builds as far as the window allows.
    fn submit_more(&mut self, at: Timestamp, out: &mut Step) {
        let Phase::Building(building) = &self.phase else { return };
        let (tag, order, attempt) = (building.ground.tag.clone(), building.order, building.attempt);
        let open = self.members.values().filter(|member| member.is_open_in_koji()).count();
        let room = self.plan.max_open_builds.saturating_sub(open);
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
                    self.on_one_submitted(at, &component, end, out);
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
            }
        }
    }

    fn withdraw_submission(&mut self, at: Timestamp, component: &Component, out: &mut Step) {
        let Some(Member { build: Build::Submitting { attempt }, .. }) = self.members.get(component)
        else {
            return;
        };
        let attempt = *attempt;
        self.set_build(at, component, Build::Queued { attempt }, out);
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

    pub(super) fn on_drop(&mut self, at: Timestamp, component: &Component, out: &mut Step) {
        let Some(member) = self.members.get_mut(component) else { return };
        member.dropped = true;
        out.members.insert(component.clone());
        let ended = |attempt, task| Build::Ended { attempt, task, end: End::Dropped };
        match member.build.clone() {
            Build::Waiting => self.set_build(at, component, ended(0, None), out),
            Build::Queued { attempt } => self.set_build(at, component, ended(attempt, None), out),
            // Its answer will find the mark.
            Build::Submitting { .. } => {}
            Build::Running { attempt, task, .. } => {
                self.stop(at, component, attempt, task, StopReason::Dropped, out);
            }
            Build::Stopping { attempt, task, .. } => {
                let stopping = Build::Stopping { attempt, task, reason: StopReason::Dropped };
                self.set_build(at, component, stopping, out);
            }
            Build::Tagging { attempt, task, built, .. } => {
                if let Some(fill) = self.build_fill() {
                    fill.forget(built.build);
                }
                self.set_build(at, component, ended(attempt, Some(task)), out);
            }
            Build::Ended { attempt, task, .. } => {
                // A group that holds it already goes its way; the publishing phase leaves it out otherwise.
                if matches!(self.phase, Phase::Preparing(_) | Phase::Building(_)) {
                    self.set_build(at, component, ended(attempt, task), out);
                }
            }
        }
    }

    /// A look at the build side tag while slices run.
    pub(super) fn on_build_tag_seen(
        &mut self,
        at: Timestamp,
        content: &TagContent,
        out: &mut Step,
    ) {
        let TagContent::Builds { builds, failed } = content else {
            return self.build_tag_vanished(out);
        };
        let time_limit = self.plan.side_tag_timeout;
        let finished: BTreeSet<BuildId> = self
            .members
            .values()
            .filter_map(|member| member.built().map(|built| built.build))
            .collect();
        let Phase::Building(building) = &mut self.phase else { return };
        building.fill.seen(builds, failed, at, time_limit);
        if building.stage != Stage::Buildroot(Buildroot::Seeing) {
            return;
        }
        let mut missing = finished.difference(builds).peekable();
        if missing.peek().is_none() {
            building.stage = Stage::Buildroot(Buildroot::ReadingEvent);
            return;
        }
        // A finished build that is not there was untagged by somebody: tag it once more; what cannot be, stays out.
        let mut waits = false;
        for build in missing {
            if !matches!(building.fill.get(*build), Some(Item::Failed(_))) {
                building.fill.want_once(*build);
                waits = true;
            }
        }
        if !waits {
            building.stage = Stage::Buildroot(Buildroot::ReadingEvent);
        }
    }

    /// Ends the tagging of built builds whose place in the fill is settled.
    fn settle_tagging(&mut self, at: Timestamp, out: &mut Step) {
        let Phase::Building(building) = &self.phase else { return };
        let mut settled = Vec::new();
        for (component, member) in &self.members {
            if let Build::Tagging { attempt, task, built, promoted } = &member.build {
                match building.fill.get(built.build) {
                    Some(Item::In) => {
                        settled.push((component.clone(), *attempt, *task, built.clone(), None))
                    }
                    Some(Item::Failed(failure)) => {
                        let failed = Some((failure.clone(), *promoted));
                        settled.push((component.clone(), *attempt, *task, built.clone(), failed));
                    }
                    Some(Item::Wanted | Item::Asking | Item::Asked { .. }) | None => {}
                }
            }
        }
        for (component, attempt, task, built, failed) in settled {
            match failed {
                None => {
                    let end = End::Succeeded(built);
                    self.set_build(
                        at,
                        &component,
                        Build::Ended { attempt, task: Some(task), end },
                        out,
                    );
                }
                // Some hubs refuse to tag drafts: promote it and try once more.
                Some((failure, false)) if failure.class == FailureClass::Policy && built.draft => {
                    let (id, promoted) = (built.build, true);
                    if let Some(fill) = self.build_fill() {
                        fill.forget(id);
                    }
                    self.set_build(
                        at,
                        &component,
                        Build::Tagging { attempt, task, built, promoted },
                        out,
                    );
                    let effect = Effect::PromoteBuilds { builds: vec![id] };
                    self.run(Purpose::PromoteToTag { component }, effect, out);
                }
                Some((failure, _)) => {
                    let end = End::Failed(Failure { task: Some(task), ..failure });
                    self.set_build(
                        at,
                        &component,
                        Build::Ended { attempt, task: Some(task), end },
                        out,
                    );
                }
            }
        }
    }

    pub(super) fn on_promoted_to_tag(
        &mut self,
        at: Timestamp,
        component: &Component,
        outcome: Outcome,
        out: &mut Step,
    ) {
        let Outcome::BuildsPromoted { builds } = outcome else { return };
        let Some(Member { build: Build::Tagging { attempt, task, .. }, .. }) =
            self.members.get(component)
        else {
            return;
        };
        let (attempt, task) = (*attempt, *task);
        for (build, result) in builds {
            match result {
                Ok(built) => {
                    if let Some(fill) = self.build_fill() {
                        fill.want(build);
                    }
                    self.set_build(
                        at,
                        component,
                        Build::Tagging { attempt, task, built, promoted: true },
                        out,
                    );
                }
                Err(failure) => {
                    let end = End::Failed(Failure {
                        class: FailureClass::Policy,
                        task: Some(task),
                        ..failure
                    });
                    self.set_build(
                        at,
                        component,
                        Build::Ended { attempt, task: Some(task), end },
                        out,
                    );
                }
            }
        }
    }

    /// Goes on to the next attempt, the next slice, or publishing, once every build of this attempt has its end.
    fn end_attempt_if_over(&mut self, at: Timestamp, out: &mut Step) -> bool {
        let Phase::Building(building) = &self.phase else { return false };
        let (order, attempt, ground) = (building.order, building.attempt, building.ground.clone());
        let failed_before = building.failed_before;
        let in_slice = || self.members.values().filter(|member| member.order == order);
        if !in_slice().all(Member::has_ended) {
            return false;
        }
        let builds = in_slice().filter(|member| member.attempt() == attempt).count();
        let failed = in_slice()
            .filter(|member| member.attempt() == attempt && member.failed_retryably())
            .count();
        self.attempts.push(Attempted { order, attempt, builds, failed, ended: at });

        let (order, attempt, failed_before) =
            if failed > 0 && failed_before.is_none_or(|before| failed < before) {
                (order, attempt + 1, Some(failed))
            } else if let Some(order) = self.next_order(Some(order)) {
                (order, 1, None)
            } else {
                self.finish_building(at, ground, out);
                return true;
            };
        if let Phase::Building(building) = &mut self.phase {
            *building = Building {
                order,
                attempt,
                failed_before,
                stage: Stage::Buildroot(if self.plan.scratch {
                    Buildroot::ReadingEvent
                } else {
                    Buildroot::Seeing
                }),
                ground,
                fill: Fill::default(),
            };
        }
        self.queue_attempt(at, order, attempt, out);
        true
    }

    /// All slices are over: publish what is good, if there is anything.
    fn finish_building(&mut self, at: Timestamp, ground: Ground, out: &mut Step) {
        if self.members.values().any(|member| member.built().is_some()) {
            self.enter(at, Phase::Publishing(Publishing::Checking { ground }), out);
        } else {
            self.begin_cleaning(at, ground, out);
        }
    }

    /// A look at a tag: the build side tag, or a group's.
    pub(super) fn on_tag_seen(
        &mut self,
        at: Timestamp,
        tag: &TagName,
        content: TagContent,
        out: &mut Step,
    ) {
        if self.phase.ground().is_none_or(|ground| ground.tag != *tag) {
            return self.on_group_tag_seen(at, tag, &content, out);
        }
        match (&self.phase, &content) {
            (Phase::Preparing(_), TagContent::Gone) => self.build_tag_vanished(out),
            (Phase::Preparing(_), TagContent::Builds { .. }) => self.on_seeds_seen(at, &content),
            (Phase::Building(building), _) if building.stage != Stage::CreatingTag => {
                self.on_build_tag_seen(at, &content, out);
            }
            (
                Phase::Building(_)
                | Phase::Publishing(_)
                | Phase::Settling { .. }
                | Phase::Cleaning(_)
                | Phase::Aborting(_)
                | Phase::Ended { .. },
                TagContent::Gone | TagContent::Builds { .. },
            ) => {}
        }
    }
}
