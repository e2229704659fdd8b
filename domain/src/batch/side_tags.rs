//! The side tags of a batch: what goes into the one it builds in, its loss, and giving one up.

use super::{
    effect::{Command, Effect, Notice},
    fill::Fill,
    phase::{Phase, Preparing, Stage},
    state::{Batch, Purpose, Step},
};
use crate::id::{Component, TagName};

impl Batch {
    /// The fill of the build side tag, in the phases that have one.
    pub(super) fn build_fill(&mut self) -> Option<&mut Fill> {
        match &mut self.phase {
            Phase::Preparing(Preparing::Seeding { fill, .. }) => Some(fill),
            Phase::Building(building) => Some(&mut building.fill),
            Phase::Preparing(_)
            | Phase::Publishing(_)
            | Phase::Settling { .. }
            | Phase::Lingering { .. }
            | Phase::Cleaning(_)
            | Phase::Aborting(_)
            | Phase::Ended { .. } => None,
        }
    }

    /// The build side tag is gone under us: a new one is made, and filled with the seeds and the finished builds.
    pub(super) fn build_tag_vanished(&mut self, out: &mut Step) {
        let Some(ground) = self.phase.ground().cloned() else { return };
        match &mut self.phase {
            Phase::Preparing(preparing) => {
                *preparing = Preparing::CreatingTag { base: ground.base.clone() }
            }
            Phase::Building(building) => {
                let seeds =
                    self.members.values().filter(|member| member.seed).map(|member| member.rawhide);
                // What is being promoted is tagged once that is over.
                let promoting = |component: &Component| {
                    let purpose = Purpose::PromoteToTag { component: component.clone() };
                    self.open.values().any(|open| *open == purpose)
                };
                let built = self
                    .members
                    .iter()
                    .filter(|(component, _)| !promoting(component))
                    .filter_map(|(_, member)| member.finished_build());
                building.fill = Fill::of(seeds.chain(built));
                building.stage = Stage::CreatingTag;
            }
            // Nothing is built there any more; promoted builds are tagged into errata tags by their ids.
            Phase::Publishing(_)
            | Phase::Settling { .. }
            | Phase::Lingering { .. }
            | Phase::Cleaning(_)
            | Phase::Aborting(_)
            | Phase::Ended { .. } => return,
        }
        // What is still under way for the old tag is late when it comes.
        self.open.retain(|_, purpose| !matches!(purpose, Purpose::BuildFill | Purpose::Repo));
        out.commands.push(Command::Notify(Notice::TagVanished { tag: ground.tag }));
        self.run(Purpose::BuildTag, Effect::CreateSideTag { base: ground.base }, out);
    }

    /// Wants a side tag of ours gone.
    pub(super) fn remove_tag(&mut self, tag: TagName, out: &mut Step) {
        self.run(Purpose::Remove { tag: tag.clone() }, Effect::RemoveSideTag { tag }, out);
    }

    /// The group's tag is not its tag any more: what is still under way for it is late when it comes.
    pub(super) fn forget_group_fill(&mut self, number: u32) {
        self.open.retain(|_, purpose| *purpose != Purpose::GroupFill { group: number });
    }
}
