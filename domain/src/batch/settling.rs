//! Settling: waiting for updates.

use std::collections::BTreeMap;

use super::{
    effect::{Command, Notice},
    group::{Group, GroupState, StableByName},
    phase::{Ending, Phase},
    plan::Plan,
    seen::UpdatesLook,
    state::{Batch, Step},
};
use crate::{nvr::Nvr, time::Timestamp};

impl Batch {
    pub(super) fn on_updates_seen(&mut self, at: Timestamp, look: &UpdatesLook, out: &mut Step) {
        let changed = settle_groups(&mut self.groups, &self.plan, look, at);
        for (number, group) in changed {
            out.groups.insert(number);
            out.commands.extend(group_news(number, &group));
        }
        if self.warn_of_slowness(out) {
            out.commands.push(Command::Notify(Notice::SlowUpdates));
        }
    }

    /// Marks updates that have become slow; true if there is a new one.
    fn warn_of_slowness(&mut self, out: &mut Step) -> bool {
        let limit = self.plan.stable_warn;
        let mut slow = false;
        for (number, group) in &mut self.groups {
            if let GroupState::Posted(posted) = &mut group.state
                && !limit.is_zero()
                && !posted.warned
                && posted.waited >= limit
            {
                posted.warned = true;
                out.groups.insert(*number);
                slow = true;
            }
        }
        slow
    }

    /// Leaves settling once no group is waited for any more; late ones stay watched on their own.
    pub(super) fn advance_settling(&mut self, at: Timestamp, out: &mut Step) -> bool {
        let Phase::Settling { ground } = &self.phase else { return false };
        let ground = ground.clone();
        if self.to_publish().next().is_some() {
            // A detached build has ended: it waits for nobody else's update.
            return self.close(at, ground, Ending::Done, out);
        }
        let waits = self
            .groups
            .values()
            .any(|group| matches!(group.state, GroupState::Posted(_)) || !group.is_sent());
        if waits {
            return false;
        }
        self.close(at, ground, Ending::Done, out)
    }

    /// Ends the batch once the side tag is gone, and all else that was asked for is known too.
    pub(super) fn advance_cleaning(&mut self, at: Timestamp, out: &mut Step) -> bool {
        let Phase::Cleaning(cleaning) = &self.phase else { return false };
        if !self.open.is_empty() {
            return false;
        }
        let ending = cleaning.ending;
        self.end(at, ending, out);
        true
    }
}

/// Lets groups see what became of their updates; gives those that changed.
pub fn settle_groups(
    groups: &mut BTreeMap<u32, Group>,
    plan: &Plan,
    look: &UpdatesLook,
    at: Timestamp,
) -> Vec<(u32, Group)> {
    let mut by_name: StableByName<'_> = BTreeMap::new();
    for build in &look.stable {
        if let Ok(nvr) = build.nvr.parse::<Nvr>() {
            by_name.entry(nvr.name().to_owned()).or_default().push((build, nvr));
        }
    }
    let mut changed = Vec::new();
    for (number, group) in groups {
        if group.settle(look, &by_name, at, plan) {
            changed.push((*number, group.clone()));
        }
    }
    changed
}

/// What people are told of a group that changed.
fn group_news(number: u32, group: &Group) -> Option<Command> {
    let ended = matches!(group.state, GroupState::Ended { .. } | GroupState::Late { .. });
    let text = group.alias().unwrap_or_default().to_owned();
    ended.then(|| Command::Notify(Notice::Group { number, state: group.word(), text }))
}
