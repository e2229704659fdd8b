//! Posting a held group again after its batch has ended. It gets no other errata tag any more: whatever stands against its update
//! holds it again, for a person.

use super::{
    effect::{Effect, Outcome, PostEnd},
    group::{Group, GroupState, Posted},
};

/// What is to be done to make the update of a held group again, from the tag it has; the group is being posted then. `None` if
/// it is not held.
pub fn retry_late(group: &mut Group, number: u32) -> Option<Effect> {
    let GroupState::Held { tag, .. } = &group.state else { return None };
    let tag = tag.clone();
    let effect = Effect::SubmitUpdate { tag: tag.clone(), group: number, builds: group.builds() };
    group.state = GroupState::Posting { tag, differed: 0 };
    Some(effect)
}

/// Takes the outcome of that. True if it changed anything.
pub fn late_posted(group: &mut Group, outcome: Outcome) -> bool {
    let GroupState::Posting { tag, .. } = group.state.clone() else { return false };
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
