//! Dropping: an operator takes one component out. Its seed stays.

use super::{
    group::{Group, GroupState},
    member::{Build, End, StopReason},
    phase::{Phase, Publishing},
    state::{Batch, Step},
};
use crate::{id::Component, time::Timestamp};

impl Batch {
    /// Whether an operator can (still) take it out. Saying so twice does no harm.
    pub(super) fn may_be_dropped(&self, component: &Component) -> bool {
        let Some(member) = self.members.get(component) else { return false };
        let unpublished = || self.to_publish().any(|(publishable, _)| publishable == component);
        member.dropped
            || member.builds_detached()
            || match &self.phase {
                Phase::Preparing(_) | Phase::Building(_) => true,
                Phase::Publishing(Publishing::Checking { .. } | Publishing::Promoting { .. }) => {
                    unpublished()
                }
                Phase::Publishing(Publishing::Grouped { .. }) => {
                    self.unsent_group_of(component).is_some() || unpublished()
                }
                Phase::Settling { .. } | Phase::Lingering { .. } => unpublished(),
                Phase::Cleaning(_) | Phase::Aborting(_) | Phase::Ended { .. } => false,
            }
    }

    /// Whether an operator can (still) declare its build failed. Saying so twice does no harm.
    pub(super) fn may_be_failed(&self, component: &Component) -> bool {
        let Some(member) = self.members.get(component) else { return false };
        let builds = matches!(self.phase, Phase::Preparing(_) | Phase::Building(_));
        member.declared.is_some()
            || (member.builds_detached() && !member.dropped)
            || (builds && !member.dropped && (!member.has_ended() || member.failed_retryably()))
    }

    pub(super) fn on_fail(
        &mut self,
        at: Timestamp,
        component: &Component,
        text: String,
        out: &mut Step,
    ) {
        let Some(member) = self.members.get_mut(component) else { return };
        if member.declared.is_none() {
            member.declared = Some(text);
            self.on_drop(at, component, out);
        }
    }

    /// The group that holds it and whose update is not being posted yet.
    fn unsent_group_of(&self, component: &Component) -> Option<u32> {
        let unsent = |group: &Group| match group.state {
            GroupState::Waiting | GroupState::CreatingTag | GroupState::Filling { .. } => true,
            GroupState::Posting { .. }
            | GroupState::Posted(_)
            | GroupState::Late { .. }
            | GroupState::Held { .. }
            | GroupState::Discarded { .. }
            | GroupState::Empty
            | GroupState::Ended { .. } => false,
        };
        let holds =
            |group: &Group| group.packed.iter().any(|packed| packed.component == *component);
        let found = self.groups.iter().find(|(_, group)| unsent(group) && holds(group));
        found.map(|(number, _)| *number)
    }

    pub(super) fn on_drop(&mut self, at: Timestamp, component: &Component, out: &mut Step) {
        let Some(member) = self.members.get_mut(component) else { return };
        if member.dropped {
            return;
        }
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
                self.leave_group(component, out);
                self.set_build(at, component, ended(attempt, task), out);
            }
        }
    }

    /// Takes it out of its group; a tag it may be in already is given up for a new one.
    fn leave_group(&mut self, component: &Component, out: &mut Step) {
        let Some(number) = self.unsent_group_of(component) else { return };
        let Some(group) = self.groups.get_mut(&number) else { return };
        group.packed.retain(|packed| packed.component != *component);
        out.groups.insert(number);
        let given_up = match &group.state {
            GroupState::Filling { tag, .. } => Some(tag.clone()),
            GroupState::Waiting
            | GroupState::CreatingTag
            | GroupState::Posting { .. }
            | GroupState::Posted(_)
            | GroupState::Late { .. }
            | GroupState::Held { .. }
            | GroupState::Discarded { .. }
            | GroupState::Empty
            | GroupState::Ended { .. } => None,
        };
        if group.packed.is_empty() {
            group.state = GroupState::Empty;
        } else if given_up.is_some() {
            group.state = GroupState::Waiting;
        }
        if let Some(tag) = given_up {
            self.forget_group_fill(number);
            self.remove_tag(tag, out);
        }
    }
}
