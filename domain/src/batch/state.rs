//! What a batch holds, and the few moves that every phase makes. What happens in a phase stands in the module of that phase.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    candidate::Candidate,
    effect::{Command, Effect, Notice, Outcome},
    group::{Group, LeftOut},
    member::{Build, End, Member},
    phase::{Attempted, Ending, Phase, Preparing},
    plan::Plan,
};
use crate::{
    id::{BatchId, Component, TagName, TaskId},
    time::Timestamp,
    trigger::Answer,
};

/// The version of what is stored of a batch: [`Batch`], [`Member`], [`Group`], [`Effect`], [`Outcome`] and the summary. A change of
/// what is written raises it, and brings a fixture (`tests/integration/tests/fixtures.rs`).
pub const VERSION: u32 = 5;

/// A batch. Members and groups are stored as rows of their own, see [`Batch::restore`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Our number.
    pub id: BatchId,
    /// What tokens are derived from.
    pub uuid: Uuid,
    /// The settings it keeps.
    pub plan: Plan,
    /// When it was formed.
    pub formed: Timestamp,
    /// Where it is.
    pub phase: Phase,
    /// Since when.
    pub phase_since: Timestamp,
    /// The number of the newest effect.
    pub effects: u32,
    /// Effects whose outcome is not known, by number.
    pub open: BTreeMap<u32, Purpose>,
    /// Attempts that have ended.
    pub attempts: Vec<Attempted>,
    /// Good builds that are not published, and why.
    pub left_out: BTreeMap<Component, LeftOut>,
    /// Set when an operator ended it after its first update was posted: what is not posted by then stays behind.
    #[serde(default)]
    pub stopped: Option<Stopped>,
    /// Set once all is over but builds that were detached: the next batch may run beside it from then on.
    #[serde(default)]
    pub lingers: bool,
    /// Its components.
    #[serde(skip)]
    pub members: BTreeMap<Component, Member>,
    /// Its groups, by number.
    #[serde(skip)]
    pub groups: BTreeMap<u32, Group>,
}

/// An operator's wish to end a batch some of whose updates are out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// Whether triggers of what is not posted become pending again.
    pub requeue: bool,
}

/// What an effect is for: who in the batch is told its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum Purpose {
    /// The side tag to build in.
    BuildTag,
    /// Seeds and other builds for that tag.
    BuildFill,
    /// A repo for the next builds.
    Repo,
    /// Builds of one attempt.
    Submit {
        /// Which.
        components: Vec<Component>,
    },
    /// Tasks to be stopped.
    Cancel {
        /// Which.
        tasks: Vec<TaskId>,
    },
    /// Drafts to be published.
    Promote,
    /// A draft that the hub would not tag as a draft.
    PromoteToTag {
        /// Which.
        component: Component,
    },
    /// A group's errata tag.
    GroupTag {
        /// Which group.
        group: u32,
    },
    /// A group's builds for that tag.
    GroupFill {
        /// Which group.
        group: u32,
    },
    /// A group's update.
    GroupPost {
        /// Which group.
        group: u32,
    },
    /// The errata tag of a group that an operator has given up.
    Discard {
        /// Which group.
        group: u32,
    },
    /// A side tag that is done with.
    Remove {
        /// Which.
        tag: TagName,
    },
}

/// What came out of one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// What is to be done, in order.
    pub commands: Vec<Command>,
    /// Members that have changed.
    pub members: BTreeSet<Component>,
    /// Groups that have changed.
    pub groups: BTreeSet<u32>,
}

impl Batch {
    /// Begins a batch with these candidates.
    #[must_use]
    pub fn form(
        id: BatchId,
        uuid: Uuid,
        plan: Plan,
        candidates: Vec<Candidate>,
        at: Timestamp,
    ) -> Self {
        Self {
            id,
            uuid,
            plan,
            formed: at,
            phase: Phase::Preparing(Preparing::Admitting { candidates }),
            phase_since: at,
            effects: 0,
            open: BTreeMap::new(),
            attempts: Vec::new(),
            left_out: BTreeMap::new(),
            stopped: None,
            lingers: false,
            members: BTreeMap::new(),
            groups: BTreeMap::new(),
        }
    }

    /// Puts a stored batch together again.
    #[must_use]
    pub fn restore(
        self,
        members: BTreeMap<Component, Member>,
        groups: BTreeMap<u32, Group>,
    ) -> Self {
        Self { members, groups, ..self }
    }

    /// Wishes for an effect.
    pub(super) fn run(&mut self, purpose: Purpose, effect: Effect, out: &mut Step) {
        self.effects += 1;
        self.open.insert(self.effects, purpose);
        out.commands.push(Command::Run { no: self.effects, effect });
    }

    /// Enters a phase.
    pub(super) fn enter(&mut self, at: Timestamp, phase: Phase, out: &mut Step) {
        self.phase = phase;
        self.phase_since = at;
        out.commands.push(Command::Notify(Notice::Phase { name: self.phase.word() }));
    }

    /// Moves one build.
    pub(super) fn set_build(
        &mut self,
        at: Timestamp,
        component: &Component,
        build: Build,
        out: &mut Step,
    ) {
        let Some(member) = self.members.get_mut(component) else { return };
        let build = member.as_declared(build);
        if let Build::Ended { end, .. } = &build {
            if matches!(end, End::Failed(failure) if self.plan.deny.counts(failure.class)) {
                member.failures += 1;
            }
            out.commands.push(Command::Notify(Notice::BuildEnded {
                component: component.clone(),
                end: end.clone(),
            }));
        }
        member.build = build;
        member.since = at;
        member.unknown_since = None;
        out.members.insert(component.clone());
    }

    /// Ends the batch: every trigger it still holds is answered.
    pub(super) fn end(&mut self, at: Timestamp, ending: Ending, out: &mut Step) {
        for (component, member) in &self.members {
            let Some(trigger) = member.trigger else { continue };
            let answer = self.answer_of(component, member, ending);
            out.commands.push(Command::Answer { trigger, answer });
        }
        self.enter(at, Phase::Ended { ending }, out);
    }

    /// The answer to a component's trigger. What an operator kept from being published is nowhere to be found: no answer may
    /// call it built.
    pub(super) fn answer_of(
        &self,
        component: &Component,
        member: &Member,
        ending: Ending,
    ) -> Answer {
        if ending == Ending::Shadow {
            return Answer::Shadowed { batch: self.id };
        }
        let unpublished = |built| !self.groups.values().any(|group| group.keeps(built));
        let given_up = self.left_out.get(component);
        let lost = matches!(given_up, Some(LeftOut::Aborted | LeftOut::Discarded))
            || (ending == Ending::Aborted && member.built().is_some_and(unpublished));
        if lost { Answer::Dropped { batch: self.id } } else { member.answer(self.id) }
    }
}

impl Purpose {
    /// Whether this outcome can be this effect's.
    pub(super) fn fits(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Withdrawn => {
                !matches!(self, Self::Cancel { .. } | Self::Discard { .. } | Self::Remove { .. })
            }
            // Only what workers run can kill workers.
            Outcome::Poisoned { .. } => {
                matches!(self, Self::Submit { .. } | Self::Cancel { .. } | Self::GroupPost { .. })
            }
            Outcome::TagGone => {
                matches!(
                    self,
                    Self::BuildFill | Self::Repo | Self::Submit { .. } | Self::GroupFill { .. }
                )
            }
            Outcome::TagCreated { .. } => matches!(self, Self::BuildTag | Self::GroupTag { .. }),
            Outcome::BuildsTagged { .. } => {
                matches!(self, Self::BuildFill | Self::GroupFill { .. })
            }
            Outcome::BuildsPromoted { .. } => {
                matches!(self, Self::Promote | Self::PromoteToTag { .. })
            }
            Outcome::RepoRequested { .. } => matches!(self, Self::Repo),
            Outcome::TagRemoved => matches!(self, Self::Discard { .. } | Self::Remove { .. }),
            Outcome::BuildsSubmitted { .. } => matches!(self, Self::Submit { .. }),
            Outcome::TasksCancelled => matches!(self, Self::Cancel { .. }),
            // One that is found stands against discarding.
            Outcome::UpdatePosted { .. } => {
                matches!(self, Self::GroupPost { .. } | Self::Discard { .. })
            }
        }
    }
}
