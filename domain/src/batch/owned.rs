//! What of Fedora's a batch owns: side tags, and tasks that are open. What nobody owns is an orphan, and may be one that a batch
//! waits for. Does *not* look for any.

use std::collections::BTreeSet;

use super::{
    effect::Effect,
    group::{Group, GroupState},
    member::Build,
    phase::Phase,
    state::{Batch, Step},
};
use crate::{
    id::{Component, TagName, TaskId, Token},
    time::Timestamp,
};

impl Batch {
    /// Its side tags: the one it builds in, those of its groups, and those it wants gone.
    #[must_use]
    pub fn owned_tags(&self) -> BTreeSet<TagName> {
        let ground = self.phase.ground().map(|ground| ground.tag.clone());
        let mut tags: BTreeSet<TagName> = ground.into_iter().collect();
        if let Phase::Aborting(aborting) = &self.phase {
            tags.extend(aborting.tags.iter().cloned());
        }
        tags.extend(self.groups.values().filter_map(Group::tag).cloned());
        tags
    }

    /// The build tasks that it watches.
    #[must_use]
    pub fn owned_tasks(&self) -> BTreeSet<TaskId> {
        self.members.values().filter_map(super::member::Member::open_task).collect()
    }

    /// The component whose build in its present attempt waits to be asked for, if a task with this token, of this source and for
    /// this target, is that very build: asked for by a leader whose state is lost.
    #[must_use]
    pub fn awaits(&self, token: Token, source: &str, target: &str) -> Option<&Component> {
        let ground = self.phase.ground()?;
        let mut members = self.members.iter();
        let found = members.find(|(component, member)| match member.build {
            Build::Queued { attempt } => {
                Token::derive(self.uuid, component, attempt) == token
                    && member.source.to_string() == source
                    && ground.tag.as_str() == target
            }
            Build::Waiting
            | Build::Submitting { .. }
            | Build::Running { .. }
            | Build::Stopping { .. }
            | Build::Tagging { .. }
            | Build::Ended { .. } => false,
        });
        found.map(|(component, _)| component)
    }

    /// A task that was asked for already: it is watched, and not asked for again.
    pub(super) fn on_task_found(
        &mut self,
        at: Timestamp,
        component: &Component,
        task: TaskId,
        out: &mut Step,
    ) {
        let Some(member) = self.members.get(component) else { return };
        if let Build::Queued { attempt } = member.build {
            let running = Build::Running { attempt, task, started: None };
            self.set_build(at, component, running, out);
        }
    }
}

impl Group {
    /// Its errata tag, ours or Bodhi's, as long as it is known.
    #[must_use]
    pub fn tag(&self) -> Option<&TagName> {
        match &self.state {
            GroupState::Filling { tag, .. }
            | GroupState::Posting { tag, .. }
            | GroupState::Held { tag, .. } => Some(tag),
            GroupState::Discarded { tag } => tag.as_ref(),
            GroupState::Posted(posted) | GroupState::Late { posted, .. } => Some(&posted.tag),
            GroupState::Waiting
            | GroupState::CreatingTag
            | GroupState::Empty
            | GroupState::Ended { .. } => None,
        }
    }
}

impl Effect {
    /// The side tag it is about, if it is about one that exists.
    #[must_use]
    pub fn tag(&self) -> Option<&TagName> {
        match self {
            Self::TagBuilds { tag, .. }
            | Self::RequestRepo { tag, .. }
            | Self::RemoveSideTag { tag }
            | Self::SubmitBuilds { tag, .. }
            | Self::SubmitUpdate { tag, .. } => Some(tag),
            Self::CreateSideTag { .. } | Self::PromoteBuilds { .. } | Self::CancelTasks { .. } => {
                None
            }
        }
    }
}
