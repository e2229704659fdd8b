//! The step of a batch: each event to the phase it is for, and on from there as far as it goes.

use super::{
    admission,
    candidate::Admission,
    effect::{Effect, Outcome},
    event::{Event, Illegal},
    held::Decision,
    phase::{Ending, Phase, Preparing, Stage},
    seen::TagContent,
    state::{Batch, Purpose, Step},
};
use crate::{id::TagName, time::Timestamp};

impl Batch {
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
            Event::TaskFound { component, task } => {
                self.on_task_found(at, &component, task, &mut out);
            }
            Event::Checked(facts) => self.on_checked(at, &facts, &mut out),
            Event::UpdatesSeen(look) => self.on_updates_seen(at, &look, &mut out),
            Event::Drop { component } => self.on_drop(at, &component, &mut out),
            Event::Fail { component, text } => self.on_fail(at, &component, text, &mut out),
            Event::Detach { component } => self.on_detach(at, &component, &mut out),
            Event::RetryGroup { group } => self.on_retry_group(at, group, &mut out),
            Event::DiscardGroup { group } => self.on_discard_group(group, &mut out),
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
            Event::Fail { component, .. } => self.may_be_failed(component),
            Event::Detach { component } => self.may_be_detached(component),
            Event::RetryGroup { group } => self.takes_decision(*group, Decision::Retry),
            Event::DiscardGroup { group } => self.takes_decision(*group, Decision::Discard),
            Event::Abort { .. } => !matches!(self.phase, Phase::Ended { .. } | Phase::Cleaning(_)),
            // Answers to looking: true whenever they come, and late ones are told apart by what they are about.
            Event::Admitted(_)
            | Event::LastChange { .. }
            | Event::TagSeen { .. }
            | Event::RepoSeen { .. }
            | Event::TasksSeen { .. }
            | Event::TaskFound { .. }
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
        if self.plan.shadow {
            self.end(at, Ending::Shadow, out);
            return;
        }
        self.phase = Phase::Preparing(Preparing::CreatingTag { base: admission.base.clone() });
        self.run(Purpose::BuildTag, Effect::CreateSideTag { base: admission.base.clone() }, out);
    }

    /// A look at a tag: the build side tag, or a group's.
    fn on_tag_seen(&mut self, at: Timestamp, tag: &TagName, content: TagContent, out: &mut Step) {
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
                | Phase::Lingering { .. }
                | Phase::Cleaning(_)
                | Phase::Aborting(_)
                | Phase::Ended { .. },
                TagContent::Gone | TagContent::Builds { .. },
            ) => {}
        }
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
            Purpose::Discard { group } => self.on_discarded(group, outcome, out),
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
            Phase::Lingering { .. } => self.advance_lingering(at, out),
            Phase::Aborting(_) => self.advance_aborting(at, out),
            Phase::Cleaning(_) => self.advance_cleaning(at, out),
            Phase::Ended { .. } => false,
        } {}
    }
}
