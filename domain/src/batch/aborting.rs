//! Aborting: no new effects, nothing left in doubt, nothing left behind.

use std::collections::BTreeSet;

use super::{
    effect::{Command, Effect, Outcome, PostEnd},
    group::{Group, GroupState, LeftOut},
    member::Member,
    phase::{Aborting, Ending, Phase, Preparing},
    state::{Batch, Purpose, Step, Stopped},
};
use crate::{
    id::{Component, TagName},
    time::Timestamp,
    trigger::Answer,
};

impl Batch {
    pub(super) fn on_abort(&mut self, at: Timestamp, requeue: bool, out: &mut Step) {
        if matches!(self.phase, Phase::Aborting(_)) {
            return;
        }
        let posted = self.groups.values().any(|group| group.alias().is_some());
        if posted {
            // The rest is done where groups are moved on.
            let stopped = *self.stopped.get_or_insert(Stopped { requeue });
            self.stop_detached(at, stopped, out);
            return;
        }
        match &self.phase {
            Phase::Preparing(Preparing::Admitting { candidates }) if !requeue => {
                // Nobody else would answer these; unanswered they are pending as before.
                let triggers = candidates.iter().flat_map(|candidate| &candidate.triggers);
                let answer = Answer::Dropped { batch: self.id };
                out.commands.extend(triggers.map(|(trigger, _)| Command::Answer {
                    trigger: *trigger,
                    answer: answer.clone(),
                }));
            }
            Phase::Building(building) => {
                let (order, attempt) = (building.order, building.attempt);
                self.record_attempt(at, order, attempt);
            }
            Phase::Preparing(_)
            | Phase::Publishing(_)
            | Phase::Settling { .. }
            | Phase::Lingering { .. }
            | Phase::Cleaning(_)
            | Phase::Aborting(_)
            | Phase::Ended { .. } => {}
        }
        self.begin_aborting(at, requeue, out);
    }

    fn begin_aborting(&mut self, at: Timestamp, requeue: bool, out: &mut Step) {
        let mut tags: BTreeSet<TagName> =
            self.phase.ground().map(|ground| ground.tag.clone()).into_iter().collect();
        // A held group is a thing of its own, and keeps its tag.
        let unheld =
            self.groups.values().filter(|group| !matches!(group.state, GroupState::Held { .. }));
        tags.extend(unheld.filter_map(|group| group.own_tag().cloned()));
        for (no, purpose) in &self.open {
            let settles_itself = matches!(
                purpose,
                Purpose::Cancel { .. } | Purpose::Discard { .. } | Purpose::Remove { .. }
            );
            if !settles_itself {
                out.commands.push(Command::Settle { no: *no });
            }
        }
        self.enter(at, Phase::Aborting(Aborting { requeue, tags, removing: false }), out);
        self.stop_running(at, out);
    }

    pub(super) fn on_outcome_while_aborting(
        &mut self,
        at: Timestamp,
        purpose: &Purpose,
        outcome: Outcome,
        out: &mut Step,
    ) {
        if let Purpose::Submit { components } = purpose {
            self.on_submitted(at, components, outcome, out);
            return;
        }
        if let Purpose::Cancel { tasks } = purpose {
            self.on_cancelled(at, tasks, &outcome, out);
            return;
        }
        if let Purpose::GroupPost { group } = purpose {
            self.on_posted_while_aborting(*group, outcome, out);
            return;
        }
        if let Purpose::Discard { group } = purpose {
            self.on_discarded(*group, outcome, out);
            return;
        }
        if *purpose == Purpose::Promote {
            self.record_promotions(outcome, out);
            return;
        }
        let Phase::Aborting(aborting) = &mut self.phase else { return };
        match outcome {
            Outcome::TagCreated { tag } => {
                aborting.tags.insert(tag);
            }
            Outcome::TagRemoved => {
                if let Purpose::Remove { tag } = purpose {
                    aborting.tags.remove(tag);
                }
            }
            Outcome::UpdatePosted { .. }
            | Outcome::BuildsTagged { .. }
            | Outcome::BuildsPromoted { .. }
            | Outcome::RepoRequested { .. }
            | Outcome::BuildsSubmitted { .. }
            | Outcome::TasksCancelled
            | Outcome::Poisoned { .. }
            | Outcome::Withdrawn
            | Outcome::TagGone => {}
        }
    }

    /// The tags are gone; what was in them is left out.
    fn empty_unsent_groups(&mut self, out: &mut Step) {
        let unsent = |group: &Group| {
            group.posted().is_none()
                && group.is_open()
                && !matches!(group.state, GroupState::Held { .. })
        };
        for (number, group) in self.groups.iter_mut().filter(|(_, group)| unsent(group)) {
            for packed in group.packed.drain(..) {
                self.left_out.insert(packed.component, LeftOut::Aborted);
            }
            group.state = GroupState::Empty;
            out.groups.insert(*number);
        }
    }

    /// An update that was made all the same is a fact, and the tag is Bodhi's; where that is not known, a person must look.
    fn on_posted_while_aborting(&mut self, number: u32, outcome: Outcome, out: &mut Step) {
        let (Phase::Aborting(aborting), Some(group)) = (&mut self.phase, self.groups.get(&number))
        else {
            return;
        };
        let made = matches!(
            outcome,
            Outcome::UpdatePosted { end: PostEnd::Update(_) } | Outcome::Poisoned { .. }
        );
        if let (true, Some(tag)) = (made, group.own_tag()) {
            aborting.tags.remove(tag);
            self.on_group_posted(number, outcome, out);
        }
    }

    pub(super) fn advance_aborting(&mut self, at: Timestamp, out: &mut Step) -> bool {
        let unseen = self.members.values().any(|member| member.is_open_in_koji());
        let doubt = self.open.values().any(|purpose| !matches!(purpose, Purpose::Remove { .. }));
        let Phase::Aborting(aborting) = &mut self.phase else { return false };
        if unseen || doubt {
            return false;
        }
        if !aborting.removing {
            aborting.removing = true;
            for tag in aborting.tags.clone() {
                self.run(Purpose::Remove { tag: tag.clone() }, Effect::RemoveSideTag { tag }, out);
            }
            return true;
        }
        if !aborting.tags.is_empty() || !self.open.is_empty() {
            return false;
        }
        let requeue = aborting.requeue;
        self.empty_unsent_groups(out);
        if requeue {
            let kept = |member: &Member| {
                member.built().is_some_and(|built| self.groups.values().any(|g| g.keeps(built)))
            };
            let back: Vec<Component> = self
                .members
                .iter()
                .filter(|(_, member)| !kept(member))
                .map(|(component, _)| component.clone())
                .collect();
            for component in back {
                self.reopen(&component, out);
            }
        }
        self.end(at, Ending::Aborted, out);
        true
    }
}
