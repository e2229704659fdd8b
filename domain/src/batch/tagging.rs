//! Tagging: what is in the build side tag, and builds that we put there ourselves.

use std::collections::BTreeSet;

use super::{
    effect::{Effect, Outcome},
    fill::Item,
    member::{Build, Built, End, Member},
    phase::{Buildroot, Phase, Stage},
    seen::TagContent,
    state::{Batch, Purpose, Step},
};
use crate::{
    failure::{Failure, FailureClass},
    id::{BuildId, Component, TaskId},
    time::Timestamp,
};

impl Batch {
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
    pub(super) fn settle_tagging(&mut self, at: Timestamp, out: &mut Step) {
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
            let end = match failed {
                None => End::Succeeded(built),
                // Some hubs refuse to tag drafts: promote it and try once more.
                Some((failure, false)) if failure.class == FailureClass::Policy && built.draft => {
                    let (id, promoted) = (built.build, true);
                    if let Some(fill) = self.build_fill() {
                        fill.forget(id);
                    }
                    let tagging = Build::Tagging { attempt, task, built, promoted };
                    self.set_build(at, &component, tagging, out);
                    let effect = Effect::PromoteBuilds { builds: vec![id] };
                    self.run(Purpose::PromoteToTag { component }, effect, out);
                    continue;
                }
                Some((failure, false)) => End::Failed(Failure { task: Some(task), ..failure }),
                Some((failure, true)) => refused_by_policy(task, failure),
            };
            self.set_build(at, &component, Build::Ended { attempt, task: Some(task), end }, out);
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
        let Some(Member { build: Build::Tagging { attempt, task, built, .. }, .. }) =
            self.members.get(component)
        else {
            return;
        };
        let (attempt, task, draft) = (*attempt, *task, built.clone());
        let answer = builds.into_iter().find(|(build, _)| *build == draft.build);
        let build = match answer.map(|(_, result)| result) {
            Some(Ok(now)) => {
                if let Some(fill) = self.build_fill() {
                    fill.want(draft.build);
                }
                let built = Built { build: draft.build, adopted: draft.adopted, ..now };
                Build::Tagging { attempt, task, built, promoted: true }
            }
            Some(Err(failure)) => {
                Build::Ended { attempt, task: Some(task), end: refused_by_policy(task, failure) }
            }
            None => {
                let silence = Failure::new(FailureClass::Policy, "its promotion was not answered");
                Build::Ended { attempt, task: Some(task), end: refused_by_policy(task, silence) }
            }
        };
        self.set_build(at, component, build, out);
    }
}

/// The end of a draft that the hub would neither tag nor let be tagged after a promotion.
fn refused_by_policy(task: TaskId, failure: Failure) -> End {
    End::Failed(Failure { class: FailureClass::Policy, task: Some(task), ..failure })
}
