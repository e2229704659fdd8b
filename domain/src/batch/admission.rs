//! Which triggers become members of a batch, and the answer to those that do not. Does *not* ask Koji: the facts come in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{effect::Command, member::Member};
use crate::{
    id::{BatchId, BuildId, Component, PackageName, TagName, TriggerId},
    policy::Eligibility,
    scm::ScmUrl,
    time::Timestamp,
    trigger::Answer,
};

/// A component with pending triggers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Which component.
    pub component: Component,
    /// Its upstream name, under which Koji's trigger tag has it.
    pub package: PackageName,
    /// Its order number.
    pub order: i64,
    /// Whether its Rawhide build may be put into the side tag.
    pub may_seed: bool,
    /// Whether it is to be rebuilt.
    pub eligibility: Eligibility,
    /// Whether a person overrides deny list and "already built".
    pub forced: bool,
    /// Its pending triggers, oldest first.
    pub triggers: Vec<(TriggerId, BuildId)>,
}

/// The latest build of a package in the trigger tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatestBuild {
    /// The build.
    pub build: BuildId,
    /// Its NVR.
    pub nvr: String,
    /// Its source; `None` if Koji knows none that can be built.
    pub source: Option<ScmUrl>,
}

/// The latest build of a component in the stable tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StableSource {
    /// Its NVR.
    pub nvr: String,
    /// Its source, as text.
    pub source: Option<String>,
}

/// What Koji and our deny list say of one candidate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Latest in the trigger tag.
    pub latest: Option<LatestBuild>,
    /// Latest in the stable tag.
    pub stable: Option<StableSource>,
    /// Since when the latest build's source is denied.
    pub denied_since: Option<Timestamp>,
}

/// The facts about all candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The build tag of the target.
    pub base: TagName,
    /// By component; one that is absent here is taken as not in the trigger tag.
    pub facts: BTreeMap<Component, Facts>,
}

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
    if candidate.forced {
        return Ok((latest, source));
    }
    // What is latest was there before all that was announced: none of that is tagged, perhaps never was.
    if candidate.triggers.iter().all(|(_, build)| *build > latest.build) {
        return Err(Answer::Withdrawn);
    }
    if let Some(since) = facts.denied_since {
        return Err(Answer::Denied { since });
    }
    match &facts.stable {
        Some(stable) if stable.source.as_deref().is_some_and(|built| source.same_commit(built)) => {
            Err(Answer::AlreadyBuilt { nvr: stable.nvr.clone() })
        }
        Some(_) | None => Ok((latest, source)),
    }
}
