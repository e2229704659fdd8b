//! What an operator decides on a held group: its update is made again, or it is given up. How that is done while its batch is
//! open stands here, and how after it has ended in `late`.

use super::{
    effect::{Command, Effect, Notice, Outcome, PostEnd},
    event::Event,
    group::{Group, GroupState, LeftOut},
    phase::{Phase, Publishing},
    state::{Batch, Purpose, Step},
};
use crate::{
    id::{BatchId, Component},
    time::Timestamp,
};

/// What an operator decides on a held group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Its update is made again, from the tag it has.
    Retry,
    /// It is given up, and its tag removed.
    Discard,
}

/// Why nothing can be decided on a group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// It does not exist, or is over and forgotten.
    #[error(
        "there is no group {group} of batch {batch} that waits for somebody: `ebsctl status` shows those that do"
    )]
    NoGroup {
        /// The batch.
        batch: BatchId,
        /// The number asked for.
        group: u32,
    },
    /// It waits for nobody.
    #[error(
        "group {group} of batch {batch} is {state}: only one that is held waits for a decision"
    )]
    NotHeld {
        /// The batch.
        batch: BatchId,
        /// The group.
        group: u32,
        /// Where it is.
        state: &'static str,
    },
    /// Its batch is in a phase in which nothing is posted or given up.
    #[error("batch {batch} is {phase}: ask again when it has ended, its held groups outlive it")]
    NotNow {
        /// The batch.
        batch: BatchId,
        /// Its phase.
        phase: &'static str,
    },
    /// An operator ends the batch: nothing more of it is posted.
    #[error(
        "batch {batch} is being ended by an operator: ask again when it has ended, or discard the group"
    )]
    Stopped {
        /// The batch.
        batch: BatchId,
    },
}

impl Decision {
    /// What a batch is told of it.
    #[must_use]
    pub fn event(self, group: u32) -> Event {
        match self {
            Self::Retry => Event::RetryGroup { group },
            Self::Discard => Event::DiscardGroup { group },
        }
    }
}

impl Group {
    /// Whether it waits for a decision.
    ///
    /// # Errors
    ///
    /// It does not: where it is.
    pub(super) fn waits_for_somebody(&self, batch: BatchId, group: u32) -> Result<(), Undecided> {
        let held = matches!(self.state, GroupState::Held { .. });
        held.then_some(()).ok_or(Undecided::NotHeld { batch, group, state: self.word() })
    }

    /// Takes what came of removing the tag of a group that was given up. True if it changed anything.
    pub(super) fn tag_removed(&mut self, outcome: Outcome) -> bool {
        let GroupState::Discarded { tag: Some(tag) } = &self.state else { return false };
        self.state = match outcome {
            Outcome::TagRemoved => GroupState::Discarded { tag: None },
            // What is published cannot be given up.
            Outcome::UpdatePosted { end: PostEnd::Update(update) } => GroupState::Held {
                tag: tag.clone(),
                text: format!(
                    "not discarded: {} was made from {tag}, retry takes it on",
                    update.alias
                ),
            },
            Outcome::UpdatePosted { end: PostEnd::TagDiffers | PostEnd::Refused { .. } }
            | Outcome::TagCreated { .. }
            | Outcome::BuildsTagged { .. }
            | Outcome::BuildsPromoted { .. }
            | Outcome::RepoRequested { .. }
            | Outcome::BuildsSubmitted { .. }
            | Outcome::TasksCancelled
            | Outcome::Poisoned { .. }
            | Outcome::Withdrawn
            | Outcome::TagGone => return false,
        };
        true
    }
}

impl Batch {
    /// Judges a decision on one of its groups, be it open or ended.
    ///
    /// # Errors
    ///
    /// Why it cannot be carried out.
    pub fn judge(&self, group: u32, decision: Decision) -> Result<(), Undecided> {
        let batch = self.id;
        let found = self.groups.get(&group).ok_or(Undecided::NoGroup { batch, group })?;
        found.waits_for_somebody(batch, group)?;
        match &self.phase {
            Phase::Publishing(Publishing::Grouped { .. })
            | Phase::Settling { .. }
            | Phase::Lingering { .. } => {
                let posts_no_more = self.stopped.is_some() && decision == Decision::Retry;
                if posts_no_more { Err(Undecided::Stopped { batch }) } else { Ok(()) }
            }
            Phase::Ended { .. } => Ok(()),
            Phase::Preparing(_)
            | Phase::Building(_)
            | Phase::Publishing(_)
            | Phase::Cleaning(_)
            | Phase::Aborting(_) => Err(Undecided::NotNow { batch, phase: self.phase.word() }),
        }
    }

    /// Whether it can carry a decision out itself.
    pub(super) fn takes_decision(&self, group: u32, decision: Decision) -> bool {
        let ended = matches!(self.phase, Phase::Ended { .. });
        !ended && self.judge(group, decision).is_ok()
    }

    /// The same tag is posted anew. A batch that settles goes back: only in publishing can a group need another tag.
    pub(super) fn on_retry_group(&mut self, at: Timestamp, number: u32, out: &mut Step) {
        if let Phase::Settling { ground } | Phase::Lingering { ground } = &self.phase {
            let ground = ground.clone();
            self.enter(at, Phase::Publishing(Publishing::Grouped { ground }), out);
        }
        let Some(group) = self.groups.get_mut(&number) else { return };
        let GroupState::Held { tag, .. } = group.state.clone() else { return };
        self.post_group(number, tag, 0, Vec::new(), out);
    }

    /// Its tag goes, unless an update was made from it; the batch ends when that is known.
    pub(super) fn on_discard_group(&mut self, number: u32, out: &mut Step) {
        let Some(group) = self.groups.get_mut(&number) else { return };
        let GroupState::Held { tag, .. } = group.state.clone() else { return };
        group.state = GroupState::Discarded { tag: Some(tag.clone()) };
        out.groups.insert(number);
        self.run(Purpose::Discard { group: number }, Effect::RemoveSideTag { tag }, out);
    }

    pub(super) fn on_discarded(&mut self, number: u32, outcome: Outcome, out: &mut Step) {
        let Some(group) = self.groups.get_mut(&number) else { return };
        if !group.tag_removed(outcome) {
            return;
        }
        out.groups.insert(number);
        let text = match &group.state {
            GroupState::Held { text, .. } => text.clone(),
            GroupState::Discarded { .. }
            | GroupState::Waiting
            | GroupState::CreatingTag
            | GroupState::Filling { .. }
            | GroupState::Posting { .. }
            | GroupState::Posted(_)
            | GroupState::Late { .. }
            | GroupState::Empty
            | GroupState::Ended { .. } => {
                let names = || group.packed.iter().map(|packed| packed.component.clone());
                self.left_out.extend(names().map(|component| (component, LeftOut::Discarded)));
                names()
                    .map(|component: Component| component.to_string())
                    .collect::<Vec<_>>()
                    .join(" ")
            }
        };
        let state = group.word();
        out.commands.push(Command::Notify(Notice::Group { number, state, text }));
    }
}
