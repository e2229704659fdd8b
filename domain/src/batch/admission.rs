//! Which triggers become members of a batch, and the answer to those that do not. Does *not* ask Koji: the facts come in.

use std::collections::BTreeMap;

use super::{
    candidate::{Admission, Candidate, Facts, LatestBuild},
    effect::Command,
    member::Member,
};
use crate::{
    id::{BatchId, BuildId, Component, TriggerId},
    policy::Eligibility,
    scm::ScmUrl,
    trigger::Answer,
};

/// What admission decided.
pub(super) struct Admitted {
    pub(super) members: BTreeMap<Component, Member>,
    pub(super) answers: Vec<Command>,
}

/// Decides about all candidates.
pub(super) fn admit(batch: BatchId, candidates: &[Candidate], admission: &Admission) -> Admitted {
    let nothing = Facts::default();
    let mut admitted = Admitted { members: BTreeMap::new(), answers: Vec::new() };
    for candidate in candidates {
        let facts = admission.facts.get(&candidate.component).unwrap_or(&nothing);
        match verdict(candidate, facts) {
            Err(answer) => {
                for (trigger, _) in &candidate.triggers {
                    admitted
                        .answers
                        .push(Command::Answer { trigger: *trigger, answer: answer.clone() });
                }
            }
            Ok((latest, source)) => {
                let taken = carrier(candidate, latest.build);
                for (trigger, _) in &candidate.triggers {
                    let answer = if Some(*trigger) == taken {
                        Answer::InBatch { batch }
                    } else {
                        Answer::Superseded { by: latest.nvr.clone() }
                    };
                    admitted.answers.push(Command::Answer { trigger: *trigger, answer });
                }
                let member = Member::new(candidate, latest, source, taken);
                admitted.members.insert(candidate.component.clone(), member);
            }
        }
    }
    admitted
}

/// The trigger that stands for the component: that of the latest build, or else the newest.
fn carrier(candidate: &Candidate, latest: BuildId) -> Option<TriggerId> {
    let of_latest = candidate.triggers.iter().rev().find(|(_, build)| *build == latest);
    of_latest.or(candidate.triggers.last()).map(|(trigger, _)| *trigger)
}

fn verdict<'a>(
    candidate: &Candidate,
    facts: &'a Facts,
) -> Result<(&'a LatestBuild, &'a ScmUrl), Answer> {
    match &candidate.eligibility {
        Eligibility::Yes => {}
        Eligibility::NotListed => return Err(Answer::NotListed),
        Eligibility::Excluded { pattern } => {
            return Err(Answer::Excluded { pattern: pattern.clone() });
        }
    }
    let latest = facts.latest.as_ref().ok_or(Answer::Withdrawn)?;
    let source = latest.source.as_ref().ok_or(Answer::NoSource)?;
    // What is latest was there before all that was announced: none of that is tagged, perhaps never was. Who sets something
    // aside has seen what is latest.
    let insisted = candidate.forced || candidate.again;
    if !insisted && candidate.triggers.iter().all(|(_, build)| *build > latest.build) {
        return Err(Answer::Withdrawn);
    }
    if let Some(since) = facts.denied_since.filter(|_| !candidate.forced) {
        return Err(Answer::Denied { since });
    }
    match facts.stable.as_ref().filter(|_| !candidate.again) {
        Some(stable) if stable.source.as_deref().is_some_and(|built| source.same_commit(built)) => {
            Err(Answer::AlreadyBuilt { nvr: stable.nvr.clone() })
        }
        Some(_) | None => Ok((latest, source)),
    }
}
