//! Stopping a batch some of whose updates are out: it goes on to its end without the rest.

use super::{
    effect::Command,
    group::{GroupState, LeftOut},
    state::{Batch, Step, Stopped},
};
use crate::id::Component;

impl Batch {
    /// Some update is out: the batch goes on to its end, only what was not sent stays behind.
    pub(super) fn stop_unsent_groups(&mut self, stopped: Stopped, out: &mut Step) {
        let mut tags = Vec::new();
        let mut behind = Vec::new();
        for (number, group) in &mut self.groups {
            let tag = match &group.state {
                GroupState::Waiting | GroupState::CreatingTag => None,
                GroupState::Filling { tag, .. } => Some(tag.clone()),
                // On its way: its outcome decides.
                GroupState::Posting { .. }
                | GroupState::Posted(_)
                | GroupState::Late { .. }
                | GroupState::Held { .. }
                | GroupState::Discarded { .. }
                | GroupState::Empty
                | GroupState::Ended { .. } => continue,
            };
            tags.extend(tag);
            behind.extend(group.packed.drain(..).map(|packed| packed.component));
            group.state = GroupState::Empty;
            out.groups.insert(*number);
        }
        for component in behind {
            if stopped.requeue {
                self.reopen(&component, out);
            }
            self.left_out.insert(component, LeftOut::Aborted);
        }
        for tag in tags {
            self.remove_tag(tag, out);
        }
    }

    /// Makes a component's trigger pending again, unless an operator took the component out.
    pub(super) fn reopen(&mut self, component: &Component, out: &mut Step) {
        let Some(member) = self.members.get_mut(component) else { return };
        if member.dropped {
            return;
        }
        if let Some(trigger) = member.trigger.take() {
            out.commands.push(Command::Reopen { trigger });
            out.members.insert(component.clone());
        }
    }
}
