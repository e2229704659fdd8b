//! What becomes of one build that ELN lacks. Pure: what is known of it goes in, its fate and a sentence come out.

use ebs_domain::{
    failure::FailureClass,
    id::{BatchId, BuildId},
    scm::ScmUrl,
    time::Timestamp,
    trigger::{Answer, Cause},
};

use crate::findings::Fate;

/// How often one commit may come back this way.
const MOST_TIMES: usize = 2;

/// A fate, and the same in words.
pub(super) type Judgement = (Fate, String);

/// What is known of a component without looking into its past.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// Whether a trigger of it has no answer.
    pub(super) waits: bool,
    /// The batch that has not ended, if it is in it.
    pub(super) in_batch: Option<BatchId>,
    /// The class of the failure for which its source is denied, and until when.
    pub(super) denied: Option<(String, Timestamp)>,
}

/// A trigger of before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Earlier {
    /// The build that was tagged.
    pub(super) build: BuildId,
    /// How we came to know.
    pub(super) cause: Cause,
    /// Its answer; pending without one.
    pub(super) answer: Option<Answer>,
}

/// What stands in the way at this moment, and will not for ever.
pub(super) fn now(known: &Known) -> Option<Judgement> {
    if known.waits {
        return Some((Fate::Waits, "it waits for the next batch already".to_owned()));
    }
    if let Some(batch) = known.in_batch {
        return Some((Fate::InBatch, format!("it is in batch {batch}")));
    }
    let (class, until) = known.denied.as_ref()?;
    let text =
        format!("denied until {until}, since it failed ({class}); `ebsctl deny remove` ends that");
    Some((Fate::Denied, text))
}

/// What its triggers of before, newest first, say against another one for this build of this source.
pub(super) fn before(earlier: &[Earlier], build: BuildId, source: &ScmUrl) -> Option<Judgement> {
    let of_commit = |it: &&Earlier| it.build == build || came_back(it, source);
    // One that gave way to another of the same build says nothing.
    let says = |answer: &&Answer| !matches!(answer, Answer::Superseded { .. });
    let last = earlier.iter().filter(of_commit).filter_map(|it| it.answer.as_ref()).find(says);
    if let Some(text) = last.and_then(for_a_person) {
        return Some((
            Fate::Ended,
            format!("{text}: build it with `ebsctl trigger` if it is to be"),
        ));
    }
    let times = earlier.iter().filter(|it| came_back(it, source)).count();
    (times >= MOST_TIMES).then(|| {
        let text = format!(
            "this commit was triggered {times} times by reconcile: build it with `ebsctl trigger` if it is to be"
        );
        (Fate::CameBack, text)
    })
}

/// Whether this was reconcile's, for this commit.
fn came_back(earlier: &Earlier, source: &ScmUrl) -> bool {
    match &earlier.cause {
        Cause::Reconcile { source: of, .. } => source.same_commit(of.as_str()),
        Cause::Message
        | Cause::CatchUp
        | Cause::KojiRecord
        | Cause::Person { .. }
        | Cause::Import { .. } => false,
    }
}

/// An end after which nothing is built again by itself; none for one that says nothing against trying again.
fn for_a_person(answer: &Answer) -> Option<String> {
    match answer {
        // It is on its way into ELN, or somebody has taken it out of ELN.
        Answer::Built { batch, nvr } => {
            Some(format!("built in batch {batch} as {nvr}, which is not latest in ELN"))
        }
        Answer::ScratchBuilt { batch } => {
            Some(format!("built in batch {batch}, as a scratch build"))
        }
        Answer::AlreadyBuilt { nvr } => {
            Some(format!("built before as {nvr}, which is not latest in ELN"))
        }
        Answer::Dropped { batch } => Some(format!("an operator took it out of batch {batch}")),
        Answer::Shadowed { batch } => {
            Some(format!("shadow batch {batch} would have built it, and nothing was done"))
        }
        Answer::InBatch { batch } => Some(format!("its build of batch {batch} has not ended")),
        Answer::NoSource => Some("Koji knew no source of it".to_owned()),
        Answer::Failed { batch, class } => match class {
            FailureClass::Tagging | FailureClass::Policy => {
                Some(format!("it failed in batch {batch} ({})", class.as_str()))
            }
            FailureClass::Operator => {
                Some(format!("an operator declared it failed in batch {batch}"))
            }
            // A neighbour's fault; or it was denied for it, and is not any more.
            FailureClass::Infrastructure
            | FailureClass::Source
            | FailureClass::Srpm
            | FailureClass::Dependency
            | FailureClass::Build
            | FailureClass::Unknown => None,
        },
        Answer::TimedOut { .. }
        | Answer::Cancelled { .. }
        | Answer::Superseded { .. }
        | Answer::NotListed
        | Answer::Excluded { .. }
        | Answer::Denied { .. }
        | Answer::Withdrawn => None,
    }
}

#[cfg(test)]
mod tests;
