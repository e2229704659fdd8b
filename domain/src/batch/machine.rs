//! The batch itself and its step. What happens in each phase stands in the module of that phase.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    admission,
    candidate::{Admission, Candidate},
    effect::{Command, Effect, Notice, Outcome},
    event::{Event, Illegal},
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

    /// Advances the batch by one event. Pure: no clock, no chance, no I/O. An event that is late and known changes nothing.
    ///
    /// # Errors
    ///
    /// [`Illegal`] if the event cannot happen in this state; the state is then as before.
    pub fn step(&mut self, at: Timestamp, event: Event) -> Result<Step, Illegal> {
        self.check(&event)?;
        let mut out = Step::default();
        match event {
            Event::Admitted(admission) => self.on_admitted(at, &admission, &mut out),
            Event::Outcome { no, outcome } => {
                if let Some(purpose) = self.open.remove(&no) {
                    self.on_outcome(at, purpose, outcome, &mut out);
                }
            }
            Event::LastChange { event } => self.on_last_change(event, &mut out),
            Event::TagSeen { tag, content } => self.on_tag_seen(at, &tag, content, &mut out),
            Event::RepoSeen { request, repo } => self.on_repo_seen(at, request, repo, &mut out),
            Event::TasksSeen { tasks } => self.on_tasks_seen(at, tasks, &mut out),
            Event::Checked(facts) => self.on_checked(at, &facts, &mut out),
            Event::UpdatesSeen(look) => self.on_updates_seen(at, &look, &mut out),
            Event::Drop { component } => self.on_drop(at, &component, &mut out),
            Event::Abort { requeue } => self.on_abort(at, requeue, &mut out),
        }
        self.advance(at, &mut out);
        Ok(out)
    }

    /// Refuses what cannot happen, before anything has changed.
    fn check(&self, event: &Event) -> Result<(), Illegal> {
        let legal = match event {
            Event::Outcome { no, outcome } => match self.open.get(no) {
                Some(purpose) => {
                    let aborting = matches!(self.phase, Phase::Aborting(_));
                    purpose.fits(outcome) && (aborting || *outcome != Outcome::Withdrawn)
                }
                None => *no <= self.effects,
            },
            Event::Drop { component } => self.may_be_dropped(component),
            Event::Abort { .. } => !matches!(self.phase, Phase::Ended { .. } | Phase::Cleaning(_)),
            // Answers to looking: true whenever they come, and late ones are told apart by what they are about.
            Event::Admitted(_)
            | Event::LastChange { .. }
            | Event::TagSeen { .. }
            | Event::RepoSeen { .. }
            | Event::TasksSeen { .. }
            | Event::Checked(_)
            | Event::UpdatesSeen(_) => true,
        };
        if legal { Ok(()) } else { Err(Illegal { state: self.phase.word(), event: event.word() }) }
    }

    fn on_admitted(&mut self, at: Timestamp, admission: &Admission, out: &mut Step) {
        let Phase::Preparing(Preparing::Admitting { candidates }) = &self.phase else { return };
        let admitted = admission::admit(self.id, candidates, admission);
        out.commands.extend(admitted.answers);
        out.members.extend(admitted.members.keys().cloned());
        self.members = admitted.members;
        for member in self.members.values_mut() {
            member.since = at;
        }
        if self.members.is_empty() {
            self.end(at, Ending::Empty, out);
            return;
        }
        self.phase = Phase::Preparing(Preparing::CreatingTag { base: admission.base.clone() });
        self.run(Purpose::BuildTag, Effect::CreateSideTag { base: admission.base.clone() }, out);
    }

    fn on_outcome(&mut self, at: Timestamp, purpose: Purpose, outcome: Outcome, out: &mut Step) {
        if matches!(self.phase, Phase::Aborting(_)) {
            self.on_outcome_while_aborting(at, &purpose, outcome, out);
            return;
        }
        match purpose {
            Purpose::BuildTag => self.on_build_tag(outcome),
            Purpose::BuildFill => self.on_build_filled(at, outcome, out),
            Purpose::Repo => self.on_repo_requested(at, outcome, out),
            Purpose::Submit { components } => self.on_submitted(at, &components, outcome, out),
            Purpose::Cancel { tasks } => self.on_cancelled(at, &tasks, &outcome, out),
            Purpose::Promote => self.on_promoted(at, outcome, out),
            Purpose::PromoteToTag { component } => {
                self.on_promoted_to_tag(at, &component, outcome, out)
            }
            Purpose::GroupTag { group } => self.on_group_tag(group, outcome, out),
            Purpose::GroupFill { group } => self.on_group_filled(at, group, outcome, out),
            Purpose::GroupPost { group } => self.on_group_posted(group, outcome, out),
            // What it means is seen when nothing is open any more.
            Purpose::Remove { .. } => {}
        }
    }

    /// Goes on by itself as far as it can without news.
    fn advance(&mut self, at: Timestamp, out: &mut Step) {
        // Each round leaves a step for good, so there are no more rounds than steps in all phases.
        while match &self.phase {
            Phase::Preparing(_) => self.advance_preparing(out),
            Phase::Building(_) => self.advance_building(at, out),
            Phase::Publishing(_) => self.advance_publishing(at, out),
            Phase::Settling { .. } => self.advance_settling(at, out),
            Phase::Aborting(_) => self.advance_aborting(at, out),
            Phase::Cleaning(_) => self.advance_cleaning(at, out),
            Phase::Ended { .. } => false,
        } {}
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
        if let Build::Ended { end, .. } = &build {
            if matches!(end, End::Failed(failure) if failure.class.says_of_source()) {
                member.failures += 1;
            }
            out.commands.push(Command::Notify(Notice::BuildEnded {
                component: component.clone(),
                end: end.clone(),
            }));
        }
        member.build = build;
        member.since = at;
        out.members.insert(component.clone());
    }

    /// Ends the batch: every trigger it still holds is answered.
    pub(super) fn end(&mut self, at: Timestamp, ending: Ending, out: &mut Step) {
        for (component, member) in &self.members {
            let Some(trigger) = member.trigger else { continue };
            // What an abort kept from being published is nowhere to be found: no answer may call it built.
            let unpublished = |built| !self.groups.values().any(|group| group.keeps(built));
            let lost = self.left_out.get(component) == Some(&LeftOut::Aborted)
                || (ending == Ending::Aborted && member.built().is_some_and(unpublished));
            let answer =
                if lost { Answer::Dropped { batch: self.id } } else { member.answer(self.id) };
            out.commands.push(Command::Answer { trigger, answer });
        }
        self.enter(at, Phase::Ended { ending }, out);
    }
}

impl Purpose {
    /// Whether this outcome can be this effect's.
    fn fits(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Withdrawn => !matches!(self, Self::Cancel { .. } | Self::Remove { .. }),
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
            Outcome::TagRemoved => matches!(self, Self::Remove { .. }),
            Outcome::BuildsSubmitted { .. } => matches!(self, Self::Submit { .. }),
            Outcome::TasksCancelled => matches!(self, Self::Cancel { .. }),
            Outcome::UpdatePosted { .. } => matches!(self, Self::GroupPost { .. }),
        }
    }
}
