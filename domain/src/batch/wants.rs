//! What a batch wants to know: it follows from its state alone, so it survives any restart.

use super::{
    candidate::Candidate,
    group::{Group, GroupState},
    phase::{Buildroot, Phase, Preparing, Publishing, Stage},
    state::Batch,
};
use crate::id::{BuildId, RepoRequestId, TagName, TaskId};

/// Something the leader reads once, and again until it has the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read<'a> {
    /// The facts about these candidates. Answer: [`super::Event::Admitted`].
    Admission(&'a [Candidate]),
    /// The newest change of this tag itself. Answer: [`super::Event::LastChange`].
    LastChange(&'a TagName),
    /// What stands against publishing these builds, with their NVRs. Answer: [`super::Event::Checked`].
    PublishFacts(Vec<(BuildId, &'a str)>),
}

/// Something that is looked at again and again until it is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Build tasks. Answer: [`super::Event::TasksSeen`].
    Tasks(Vec<TaskId>),
    /// A tag. Answer: [`super::Event::TagSeen`].
    Tag {
        /// The tag.
        tag: TagName,
        /// Tagging tasks whose failure is of interest.
        tasks: Vec<TaskId>,
        /// How much hangs on it.
        haste: Haste,
    },
    /// A repo request. Answer: [`super::Event::RepoSeen`].
    Repo(RepoRequestId),
    /// Updates and the stable tag. Answer: [`super::Event::UpdatesSeen`].
    Updates {
        /// The updates, by name.
        aliases: Vec<String>,
        /// Packages of their builds.
        packages: Vec<String>,
    },
}

/// How often a tag is worth a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Haste {
    /// The batch waits for what it shows.
    Awaited,
    /// Only to notice that it is gone.
    Background,
}

impl Batch {
    /// What the leader is to read now.
    #[must_use]
    pub fn reads(&self) -> Option<Read<'_>> {
        match &self.phase {
            Phase::Preparing(Preparing::Admitting { candidates }) => {
                Some(Read::Admission(candidates))
            }
            Phase::Preparing(Preparing::Buildroot {
                ground,
                buildroot: Buildroot::ReadingEvent,
            }) => Some(Read::LastChange(&ground.tag)),
            Phase::Building(building)
                if building.stage == Stage::Buildroot(Buildroot::ReadingEvent) =>
            {
                Some(Read::LastChange(&building.ground.tag))
            }
            Phase::Publishing(Publishing::Checking { .. }) => Some(Read::PublishFacts(
                self.to_publish().map(|(_, built)| (built.build, &*built.nvr)).collect(),
            )),
            Phase::Preparing(_)
            | Phase::Building(_)
            | Phase::Publishing(_)
            | Phase::Settling { .. }
            | Phase::Lingering { .. }
            | Phase::Cleaning(_)
            | Phase::Aborting(_)
            | Phase::Ended { .. } => None,
        }
    }

    /// What is to be looked at again and again now.
    #[must_use]
    pub fn watches(&self) -> Vec<Watch> {
        let mut watches = Vec::new();
        let tasks: Vec<TaskId> =
            self.members.values().filter_map(|member| member.open_task()).collect();
        if !tasks.is_empty() {
            watches.push(Watch::Tasks(tasks));
        }
        match &self.phase {
            Phase::Preparing(Preparing::Seeding { ground, fill }) if fill.is_awaited() => {
                watches.push(Watch::Tag {
                    tag: ground.tag.clone(),
                    tasks: fill.tasks(),
                    haste: Haste::Awaited,
                });
            }
            Phase::Preparing(Preparing::Buildroot { ground, buildroot }) => {
                let (tag, tasks) = (ground.tag.clone(), Vec::new());
                watches.push(Watch::Tag { tag, tasks, haste: Haste::Background });
                watches.extend(buildroot.watch());
            }
            Phase::Building(building) => {
                let seeing = building.stage == Stage::Buildroot(Buildroot::Seeing);
                let haste = if seeing || building.fill.is_awaited() {
                    Haste::Awaited
                } else {
                    Haste::Background
                };
                if building.stage != Stage::CreatingTag {
                    let tasks = building.fill.tasks();
                    watches.push(Watch::Tag { tag: building.ground.tag.clone(), tasks, haste });
                }
                if let Stage::Buildroot(buildroot) = &building.stage {
                    watches.extend(buildroot.watch());
                }
            }
            Phase::Publishing(Publishing::Grouped { .. }) => {
                watches.extend(self.groups.values().filter_map(watch_errata_tag));
            }
            Phase::Settling { .. } | Phase::Lingering { .. } => {
                watches.extend(watch_updates(self.groups.values()))
            }
            Phase::Preparing(_)
            | Phase::Publishing(_)
            | Phase::Cleaning(_)
            | Phase::Aborting(_)
            | Phase::Ended { .. } => {}
        }
        watches
    }
}

impl Buildroot {
    fn watch(&self) -> Option<Watch> {
        match self {
            Self::Waiting { request, .. } => Some(Watch::Repo(*request)),
            Self::Seeing | Self::ReadingEvent | Self::Requesting { .. } => None,
        }
    }
}

fn watch_errata_tag(group: &Group) -> Option<Watch> {
    match &group.state {
        GroupState::Filling { tag, fill, .. } if fill.is_awaited() => {
            Some(Watch::Tag { tag: tag.clone(), tasks: fill.tasks(), haste: Haste::Awaited })
        }
        GroupState::Filling { .. }
        | GroupState::Waiting
        | GroupState::CreatingTag
        | GroupState::Posting { .. }
        | GroupState::Posted(_)
        | GroupState::Late { .. }
        | GroupState::Held { .. }
        | GroupState::Discarded { .. }
        | GroupState::Empty
        | GroupState::Ended { .. } => None,
    }
}

/// The look at all updates of these groups that are still out, if there are any.
pub fn watch_updates<'a>(groups: impl Iterator<Item = &'a Group>) -> Option<Watch> {
    let (mut aliases, mut packages) = (Vec::new(), Vec::new());
    for group in groups {
        if let Some(posted) = group.posted() {
            aliases.push(posted.alias.clone());
            packages.extend(group.packed.iter().map(|packed| packed.nvr.name().to_owned()));
        }
    }
    (!aliases.is_empty()).then_some(Watch::Updates { aliases, packages })
}
