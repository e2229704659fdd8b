//! What an operator decides on a held group after its batch has ended. One that is posted again gets no other errata tag any
//! more: whatever stands against its update holds it again, for a person.

use super::{
    effect::{Effect, Outcome, PostEnd},
    group::{Group, GroupState, Posted},
    held::{Decision, Undecided},
};
use crate::id::BatchId;

/// Carries a decision on a held group out: what is to be done outside.
///
/// # Errors
///
/// It is not held.
pub fn decide_late(
    group: &mut Group,
    batch: BatchId,
    number: u32,
    decision: Decision,
) -> Result<Effect, Undecided> {
    group.waits_for_somebody(batch, number)?;
    let GroupState::Held { tag, .. } = group.state.clone() else {
        return Err(Undecided::NoGroup { batch, group: number });
    };
    Ok(match decision {
        Decision::Retry => {
            let builds = group.builds();
            group.state = GroupState::Posting { tag: tag.clone(), differed: 0 };
            Effect::SubmitUpdate { tag, group: number, builds }
        }
        Decision::Discard => {
            group.state = GroupState::Discarded { tag: Some(tag.clone()) };
            Effect::RemoveSideTag { tag }
        }
    })
}

/// Takes the outcome of that. True if it changed anything.
pub fn late_decided(group: &mut Group, outcome: Outcome) -> bool {
    let GroupState::Posting { tag, .. } = group.state.clone() else {
        return group.tag_removed(outcome);
    };
    let held = |text: String| GroupState::Held { tag: tag.clone(), text };
    group.state = match outcome {
        Outcome::UpdatePosted { end: PostEnd::Update(update) } => {
            GroupState::Posted(Posted::new(update, tag))
        }
        Outcome::UpdatePosted { end: PostEnd::TagDiffers } => {
            held("its errata tag does not hold the group".to_owned())
        }
        Outcome::UpdatePosted { end: PostEnd::Refused { text, .. } }
        | Outcome::Poisoned { text } => held(text),
        Outcome::TagCreated { .. }
        | Outcome::BuildsTagged { .. }
        | Outcome::BuildsPromoted { .. }
        | Outcome::RepoRequested { .. }
        | Outcome::TagRemoved
        | Outcome::BuildsSubmitted { .. }
        | Outcome::TasksCancelled
        | Outcome::Withdrawn
        | Outcome::TagGone => return false,
    };
    true
}
