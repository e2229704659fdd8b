//! The figures of a batch, for its record and for people.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    group::{GroupState, Settled},
    member::{Build, End},
    phase::Phase,
    state::Batch,
};

/// The figures of one batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How it ended, or its phase.
    pub outcome: String,
    /// Components built, or to be built.
    pub components: usize,
    /// Slices that were begun.
    pub slices: usize,
    /// Attempts that were begun, summed over the slices.
    pub attempts: usize,
    /// Builds that succeeded.
    pub builds_succeeded: usize,
    /// Builds that failed, by class.
    pub builds_failed: BTreeMap<String, usize>,
    /// Builds that ran longer than they may.
    pub builds_timed_out: usize,
    /// Builds that somebody cancelled.
    pub builds_cancelled: usize,
    /// Builds that were there before, from the same commit.
    pub builds_adopted: usize,
    /// Builds that an operator took out.
    pub builds_dropped: usize,
    /// Builds that an operator detached.
    #[serde(default)]
    pub builds_detached: usize,
    /// Updates that were made.
    pub updates: usize,
    /// How they ended, or why they are late, or `posted`.
    pub updates_by_end: BTreeMap<String, usize>,
    /// Groups that wait for a person.
    pub groups_held: usize,
    /// Good builds that were not published, by reason.
    pub left_out: BTreeMap<String, usize>,
    /// Builds that are in the stable tag, themselves or as a newer one.
    pub stable: usize,
}

impl Batch {
    /// The figures as they are now.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let (running, first) = match &self.phase {
            Phase::Building(building) => (1, usize::from(building.attempt == 1)),
            Phase::Preparing(_)
            | Phase::Publishing(_)
            | Phase::Settling { .. }
            | Phase::Lingering { .. }
            | Phase::Cleaning(_)
            | Phase::Aborting(_)
            | Phase::Ended { .. } => (0, 0),
        };
        let begun = self.attempts.iter().filter(|attempted| attempted.attempt == 1).count();
        let mut summary = Summary {
            outcome: self.phase.word().to_owned(),
            components: self.members.len(),
            attempts: self.attempts.len() + running,
            slices: begun + first,
            ..Summary::default()
        };
        for member in self.members.values() {
            summary.builds_detached += usize::from(member.detached.is_some());
            if let Build::Ended { end, .. } = &member.build {
                summary.count(end);
            }
        }
        for left_out in self.left_out.values() {
            *summary.left_out.entry(left_out.word().to_owned()).or_default() += 1;
        }
        for group in self.groups.values() {
            if group.alias().is_some() {
                summary.updates += 1;
                *summary.updates_by_end.entry(group.word().to_owned()).or_default() += 1;
            }
            summary.groups_held += usize::from(matches!(group.state, GroupState::Held { .. }));
            summary.stable += match &group.state {
                GroupState::Ended { end: super::group::GroupEnd::Stable, .. } => group.packed.len(),
                GroupState::Waiting
                | GroupState::CreatingTag
                | GroupState::Filling { .. }
                | GroupState::Posting { .. }
                | GroupState::Posted(_)
                | GroupState::Late { .. }
                | GroupState::Held { .. }
                | GroupState::Discarded { .. }
                | GroupState::Empty
                | GroupState::Ended { .. } => {
                    group.packed.iter().filter(|packed| packed.settled != Settled::No).count()
                }
            };
        }
        summary
    }
}

impl Summary {
    fn count(&mut self, end: &End) {
        match end {
            End::Succeeded(built) => {
                self.builds_succeeded += 1;
                self.builds_adopted += usize::from(built.adopted);
            }
            End::ScratchSucceeded => self.builds_succeeded += 1,
            End::Failed(failure) => {
                *self.builds_failed.entry(failure.class.as_str().to_owned()).or_default() += 1;
            }
            End::TimedOut => self.builds_timed_out += 1,
            End::Cancelled => self.builds_cancelled += 1,
            End::Dropped => self.builds_dropped += 1,
        }
    }
}
