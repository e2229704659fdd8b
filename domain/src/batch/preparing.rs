//! Preparing: the side tag, the seeds, and the way to a repo that every attempt goes.

use super::{
    effect::{Command, Effect, Notice, Outcome},
    fill::Fill,
    phase::{Buildroot, Ground, Phase, Preparing, Stage},
    seen::{RepoSeen, TagContent},
    state::{Batch, Purpose, Step},
};
use crate::{
    id::{EventId, RepoRequestId, TagName},
    time::Timestamp,
};

impl Batch {
    pub(super) fn on_build_tag(&mut self, outcome: Outcome) {
        let Outcome::TagCreated { tag } = outcome else { return };
        let seeds = Fill::of(
            self.members.values().filter(|member| member.seed).map(|member| member.rawhide),
        );
        match &mut self.phase {
            Phase::Preparing(preparing) => {
                if let Preparing::CreatingTag { base } = preparing {
                    let ground = Ground { base: base.clone(), tag };
                    *preparing = Preparing::Seeding { ground, fill: seeds };
                }
            }
            Phase::Building(building) => {
                if building.stage == Stage::CreatingTag {
                    building.ground.tag = tag;
                    building.stage = Stage::Refilling;
                }
            }
            Phase::Publishing(_)
            | Phase::Settling { .. }
            | Phase::Lingering { .. }
            | Phase::Cleaning(_)
            | Phase::Aborting(_)
            | Phase::Ended { .. } => {}
        }
    }

    pub(super) fn on_build_filled(&mut self, at: Timestamp, outcome: Outcome, out: &mut Step) {
        if let Outcome::BuildsTagged { builds } = outcome {
            if let Some(fill) = self.build_fill() {
                fill.answered(builds, at);
            }
        } else if outcome == Outcome::TagGone {
            self.build_tag_vanished(out);
        }
    }

    /// A look at the build side tag, outside the building phase.
    pub(super) fn on_seeds_seen(&mut self, at: Timestamp, content: &TagContent) {
        let time_limit = self.plan.side_tag_timeout;
        if let (Some(fill), TagContent::Builds { builds, failed }) = (self.build_fill(), content) {
            fill.seen(builds, failed, at, time_limit);
        }
    }

    pub(super) fn advance_preparing(&mut self, out: &mut Step) -> bool {
        let Phase::Preparing(preparing) = &mut self.phase else { return false };
        match preparing {
            Preparing::Admitting { .. } | Preparing::CreatingTag { .. } => false,
            Preparing::Seeding { ground, fill } => {
                if fill.is_settled() {
                    let (ground, fill) = (ground.clone(), fill.clone());
                    *preparing =
                        Preparing::Buildroot { ground, buildroot: Buildroot::ReadingEvent };
                    self.report_failed_seeds(&fill, out);
                    return true;
                }
                let (tag, builds) = (ground.tag.clone(), fill.ask());
                if !builds.is_empty() {
                    self.run(Purpose::BuildFill, Effect::TagBuilds { tag, builds }, out);
                }
                false
            }
            Preparing::Buildroot { .. } => false,
        }
    }

    fn report_failed_seeds(&self, fill: &Fill, out: &mut Step) {
        for (component, member) in &self.members {
            if let Some(super::fill::Item::Failed(failure)) = fill.get(member.rawhide) {
                out.commands.push(Command::Notify(Notice::SeedFailed {
                    component: component.clone(),
                    failure: failure.clone(),
                }));
            }
        }
    }

    /// The step on the way to a repo, wherever the batch goes that way.
    fn buildroot(&mut self) -> Option<(TagName, &mut Buildroot)> {
        match &mut self.phase {
            Phase::Preparing(Preparing::Buildroot { ground, buildroot }) => {
                Some((ground.tag.clone(), buildroot))
            }
            Phase::Building(building) => match &mut building.stage {
                Stage::Buildroot(buildroot) => Some((building.ground.tag.clone(), buildroot)),
                Stage::CreatingTag | Stage::Refilling | Stage::Running => None,
            },
            Phase::Preparing(_)
            | Phase::Publishing(_)
            | Phase::Settling { .. }
            | Phase::Lingering { .. }
            | Phase::Cleaning(_)
            | Phase::Aborting(_)
            | Phase::Ended { .. } => None,
        }
    }

    pub(super) fn on_last_change(&mut self, event: EventId, out: &mut Step) {
        let Some((tag, buildroot)) = self.buildroot() else { return };
        if *buildroot == Buildroot::ReadingEvent {
            *buildroot = Buildroot::Requesting { event };
            self.run(Purpose::Repo, Effect::RequestRepo { tag, event }, out);
        }
    }

    pub(super) fn on_repo_requested(&mut self, at: Timestamp, outcome: Outcome, out: &mut Step) {
        if outcome == Outcome::TagGone {
            self.build_tag_vanished(out);
        } else if let Outcome::RepoRequested { request } = outcome {
            let Some((_, buildroot)) = self.buildroot() else { return };
            let Buildroot::Requesting { event } = *buildroot else { return };
            match request {
                Some(request) => *buildroot = Buildroot::Waiting { event, request },
                None => self.repo_is_ready(at, out),
            }
        }
    }

    pub(super) fn on_repo_seen(
        &mut self,
        at: Timestamp,
        seen: RepoRequestId,
        repo: RepoSeen,
        out: &mut Step,
    ) {
        let Some((tag, buildroot)) = self.buildroot() else { return };
        let Buildroot::Waiting { event, request } = *buildroot else { return };
        match repo {
            RepoSeen::Ready if request == seen => self.repo_is_ready(at, out),
            RepoSeen::GivenUp if request == seen => {
                *buildroot = Buildroot::Requesting { event };
                self.run(Purpose::Repo, Effect::RequestRepo { tag, event }, out);
            }
            RepoSeen::Ready | RepoSeen::GivenUp | RepoSeen::Pending => {}
        }
    }

    fn repo_is_ready(&mut self, at: Timestamp, out: &mut Step) {
        match &mut self.phase {
            Phase::Preparing(Preparing::Buildroot { ground, .. }) => {
                let ground = ground.clone();
                self.begin_building(at, ground, out);
            }
            Phase::Building(building) => building.stage = Stage::Running,
            Phase::Preparing(_)
            | Phase::Publishing(_)
            | Phase::Settling { .. }
            | Phase::Lingering { .. }
            | Phase::Cleaning(_)
            | Phase::Aborting(_)
            | Phase::Ended { .. } => {}
        }
    }
}
