//! How the work stands now, for metrics. Made of a term's state, at most once a second: a batch has thousands of builds, and a
//! term many turns.

use std::collections::BTreeMap;

use ebs_domain::{
    batch::{Batch, Phase},
    id::BatchId,
    time::Timestamp,
};

/// How the work stands.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// The batch that builds; none while the next is forming.
    pub batch: Option<BatchFigures>,
    /// Batches that only wait for builds that were detached.
    pub lingering: u64,
    /// Groups that wait for a person.
    pub groups_held: u64,
    /// Triggers without an answer, and when the first of them came.
    pub pending: (u64, Option<Timestamp>),
    /// Triggers that a batch works on, and when the first of them came.
    pub in_batch: (u64, Option<Timestamp>),
    /// When the oldest open effect was wished for, by kind.
    pub oldest_effects: BTreeMap<String, Timestamp>,
    /// Effects that may have happened without anybody having heard of it.
    pub in_doubt: u64,
    /// Whether the configuration says to pause.
    pub paused_by_configuration: bool,
    /// Whether a person does.
    pub paused_by_operator: bool,
    /// Jobs set aside that nobody has decided on.
    pub dead_jobs: u64,
}

/// The batch that builds.
#[derive(Clone, Debug)]
pub struct BatchFigures {
    /// Which.
    pub id: BatchId,
    /// When it was formed.
    pub formed: Timestamp,
    /// Its phase, in a word.
    pub phase: &'static str,
    /// Since when it is in it.
    pub since: Timestamp,
    /// The slice's order number, and the attempt, while it builds.
    pub attempt: Option<(i64, u32)>,
    /// Its builds, by where they are.
    pub builds: BTreeMap<&'static str, u64>,
    /// Its groups, by where they are.
    pub groups: BTreeMap<&'static str, u64>,
}

impl BatchFigures {
    pub(super) fn of(batch: &Batch) -> Self {
        let (mut builds, mut groups) = (BTreeMap::new(), BTreeMap::new());
        for member in batch.members.values() {
            *builds.entry(member.word()).or_default() += 1;
        }
        for group in batch.groups.values() {
            *groups.entry(group.word()).or_default() += 1;
        }
        let attempt = match &batch.phase {
            Phase::Building(building) => Some((building.order, building.attempt)),
            Phase::Preparing(_)
            | Phase::Publishing(_)
            | Phase::Settling { .. }
            | Phase::Lingering { .. }
            | Phase::Cleaning(_)
            | Phase::Aborting(_)
            | Phase::Ended { .. } => None,
        };
        let (phase, since) = (batch.phase.word(), batch.phase_since);
        Self { id: batch.id, formed: batch.formed, phase, since, attempt, builds, groups }
    }
}
