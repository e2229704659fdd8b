//! What of ours in Koji and Bodhi this term knows: all that its batches, open groups and open effects own.

use std::collections::BTreeSet;

use ebs_domain::{
    batch::{Batch, Effect, Group, GroupState},
    id::{TagName, TaskId},
};

use super::{
    ledger::Open,
    search::{Search, Stray},
    state::State,
};
use crate::store::OrphanKind;

/// The kind of effect that makes things of a kind.
fn maker(kind: OrphanKind) -> &'static str {
    match kind {
        OrphanKind::SideTag => "create_side_tag",
        OrphanKind::Task => "submit_builds",
        OrphanKind::Update => "submit_update",
    }
}

/// The tasks that an effect of a batch cancels.
fn cancels(open: &Open) -> &[TaskId] {
    match &open.entry.effect {
        Effect::CancelTasks { tasks } if open.row.batch.is_some() => tasks,
        Effect::CancelTasks { .. }
        | Effect::CreateSideTag { .. }
        | Effect::TagBuilds { .. }
        | Effect::PromoteBuilds { .. }
        | Effect::RequestRepo { .. }
        | Effect::RemoveSideTag { .. }
        | Effect::SubmitBuilds { .. }
        | Effect::SubmitUpdate { .. } => &[],
    }
}

impl State {
    /// Whether nothing is open that may have made things of this kind: what it made is its own to find.
    pub(super) fn may_search(&self, kind: OrphanKind) -> bool {
        !self.ledger.values().any(|open| open.row.kind == maker(kind))
    }

    fn groups(&self) -> impl Iterator<Item = &Group> {
        let of_batch = self.batches().flat_map(|batch| batch.groups.values());
        of_batch.chain(self.late.values().flat_map(|late| late.groups.values()))
    }

    /// If this effect removes the tag of a group that is given up: an NVR of the group.
    pub(super) fn given_up(&self, effect: &str) -> Option<String> {
        let Effect::RemoveSideTag { tag } = &self.ledger.get(effect)?.entry.effect else {
            return None;
        };
        let removed = |group: &&Group| matches!(&group.state, GroupState::Discarded { tag: Some(own) } if own == tag);
        let group = self.groups().find(removed)?;
        Some(group.packed.first().map(|packed| packed.nvr.to_string()).unwrap_or_default())
    }

    fn knows_tag(&self, tag: &TagName) -> bool {
        self.batches().any(|batch| batch.owned_tags().contains(tag))
            || self.groups().any(|group| group.tag() == Some(tag))
            || self
                .ledger
                .values()
                .any(|open| open.row.batch.is_some() && open.entry.effect.tag() == Some(tag))
    }

    fn knows_task(&self, task: TaskId) -> bool {
        self.batches().any(|batch| batch.owned_tasks().contains(&task))
            || self.ledger.values().any(|open| cancels(open).contains(&task))
    }

    /// Whether it belongs to somebody.
    pub(super) fn knows(&self, stray: &Stray) -> bool {
        match stray {
            Stray::SideTag { tag, .. } => self.knows_tag(tag),
            Stray::Task(task) => self.knows_task(task.info.task),
            Stray::Update { alias, .. } => {
                self.groups().any(|group| group.alias() == Some(alias.as_str()))
            }
        }
    }

    /// What is looked for, with all that is known of it now.
    pub(super) fn search(&self, kind: OrphanKind, target: TagName, stable_tag: TagName) -> Search {
        let effects = || self.ledger.values().filter(|open| open.row.batch.is_some());
        match kind {
            OrphanKind::SideTag => {
                let mut known: BTreeSet<TagName> =
                    self.batches().flat_map(Batch::owned_tags).collect();
                known.extend(self.groups().filter_map(Group::tag).cloned());
                known.extend(effects().filter_map(|open| open.entry.effect.tag()).cloned());
                Search::SideTags { target, known }
            }
            OrphanKind::Task => {
                let mut known: BTreeSet<TaskId> =
                    self.batches().flat_map(Batch::owned_tasks).collect();
                known.extend(self.ledger.values().flat_map(cancels).copied());
                Search::Tasks { known }
            }
            OrphanKind::Update => {
                let known = self.groups().filter_map(|group| group.alias()).map(str::to_owned);
                Search::Updates { stable_tag, known: known.collect() }
            }
        }
    }
}
