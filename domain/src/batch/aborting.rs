//! Aborting: no new effects, nothing left in doubt, nothing left behind.

use std::collections::BTreeSet;

use super::{
    effect::{Command, Effect, Outcome, PostEnd},
    group::{GroupState, LeftOut},
    machine::{Batch, Purpose, Step},
    member::{Build, StopReason},
    phase::{Aborting, Ending, Phase},
};
use crate::{
    id::{Component, TagName, TaskId},
    time::Timestamp,
};

impl Batch {
    pub(super) fn on_abort(&mut self, at: Timestamp, requeue: bool, out: &mut Step) {
        if matches!(self.phase, Phase::Aborting(_)) {
            return;
        }
        let posted = self.groups.values().any(|group| group.alias().is_some());
        if posted {
            return self.stop_unsent_groups(out);
        }
        let mut tags: BTreeSet<TagName> =
            self.phase.ground().map(|ground| ground.tag.clone()).into_iter().collect();
        tags.extend(self.groups.values().filter_map(|group| group.own_tag().cloned()));
        for (no, purpose) in &self.open {
            if !matches!(purpose, Purpose::Cancel { .. } | Purpose::Remove { .. }) {
                out.commands.push(Command::Settle { no: *no });
            }
        }
        self.enter(at, Phase::Aborting(Aborting { requeue, tags, removing: false }), out);
        let running: Vec<(Component, u32, TaskId)> = self
            .members
            .iter()
            .filter_map(|(component, member)| match member.build {
                Build::Running { attempt, task, .. } => Some((component.clone(), attempt, task)),
                Build::Waiting
                | Build::Queued { .. }
                | Build::Submitting { .. }
                | Build::Stopping { .. }
                | Build::Tagging { .. }
                | Build::Ended { .. } => None,
            })
            .collect();
        let tasks: Vec<TaskId> = running.iter().map(|(_, _, task)| *task).collect();
        for (component, attempt, task) in running {
            let stopping = Build::Stopping { attempt, task, reason: StopReason::Dropped };
            self.set_build(at, &component, stopping, out);
        }
        if !tasks.is_empty() {
            self.run(Purpose::Cancel { tasks: tasks.clone() }, Effect::CancelTasks { tasks }, out);
        }
    }

    /// Some update is out: the batch goes on to its end, only what was not sent stays behind.
    fn stop_unsent_groups(&mut self, out: &mut Step) {
        let mut tags = Vec::new();
        for (number, group) in &mut self.groups {
            let tag = match &group.state {
                GroupState::Waiting | GroupState::CreatingTag => None,
                GroupState::Filling { tag, .. } => Some(tag.clone()),
                // On its way: its outcome decides.
                GroupState::Posting { .. }
                | GroupState::Posted(_)
                | GroupState::Late { .. }
                | GroupState::Held { .. }
                | GroupState::Empty
                | GroupState::Ended { .. } => continue,
            };
            tags.extend(tag);
            for packed in group.packed.drain(..) {
                self.left_out.insert(packed.component, LeftOut::Aborted);
            }
            group.state = GroupState::Empty;
            out.groups.insert(*number);
        }
        for tag in tags {
            self.run(Purpose::Remove { tag: tag.clone() }, Effect::RemoveSideTag { tag }, out);
        }
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
            Outcome::UpdatePosted { end: PostEnd::Update(update) } => {
                if let Purpose::GroupPost { group } = purpose
                    && let Some(tag) =
                        self.groups.get(group).and_then(|group| group.own_tag()).cloned()
                {
                    // The tag is Bodhi's now.
                    aborting.tags.remove(&tag);
                    self.on_group_posted(
                        *group,
                        Outcome::UpdatePosted { end: PostEnd::Update(update) },
                        out,
                    );
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
        if !aborting.tags.is_empty() {
            return false;
        }
        let requeue = aborting.requeue;
        for group in
            self.groups.values_mut().filter(|group| group.posted().is_none() && group.is_open())
        {
            group.state = GroupState::Empty;
        }
        out.groups.extend(self.groups.keys().copied());
        if requeue {
            for member in self.members.values_mut() {
                out.commands
                    .extend(member.trigger.take().map(|trigger| Command::Reopen { trigger }));
            }
            out.members.extend(self.members.keys().cloned());
        }
        self.end(at, Ending::Aborted, out);
        true
    }
}
