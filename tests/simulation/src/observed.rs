//! What can be seen of a run from outside: the stored rows, what Fedora tells, what was announced.

use std::collections::{BTreeMap, BTreeSet};

use ebs_domain::{
    batch::{Batch, Member},
    id::BatchId,
    time::Timestamp,
    trigger::Answer,
};
use ebs_shared::queue::Depths;
use fedora_sim::control::{Announce, Report, TagAnswer};

use crate::memory::Rows;

/// A build that entered Rawhide, or was said to.
#[derive(Clone, Debug)]
pub struct Announced {
    /// What was made.
    pub made: TagAnswer,
    /// How it was told.
    pub announce: Announce,
}

/// All of it, at one moment.
pub struct Observed {
    /// What is stored.
    pub rows: Rows,
    /// What Fedora tells.
    pub report: Report,
    /// What was announced so far.
    pub announced: Vec<Announced>,
    /// Messages that nobody has acknowledged.
    pub unacknowledged: usize,
    /// Builds whose messages were acknowledged while nothing was stored of them.
    pub acknowledged_too_early: Vec<i64>,
    /// Jobs whose results were forgotten while the ledger still waited for them.
    pub forgotten_too_early: Vec<String>,
    /// The time of day.
    pub now: Timestamp,
    /// Since when the world is well, if it is.
    pub well: Option<Timestamp>,
    /// Most builds of ours that may be open at once.
    pub window: usize,
    /// What the queue holds.
    pub queue: Depths,
    /// Side tags that somebody else has removed.
    pub removed_by_others: BTreeSet<String>,
    /// Processes that ended though nobody killed or stopped them.
    pub ended: Vec<String>,
}

impl Observed {
    /// The answer to the newest trigger of a build: absent, pending, or what it is.
    #[must_use]
    pub fn answer(&self, build: i64) -> Option<Option<Answer>> {
        let row = self.rows.triggers.values().rev().find(|row| row.trigger.build.get() == build)?;
        let text = row.trigger.answer.as_deref();
        Some(text.and_then(|text| serde_json::from_str(text).ok()))
    }

    /// The member of a batch that the trigger of a build stands for: the newest build of its component, not always its own.
    #[must_use]
    pub fn member(&self, build: i64, batch: BatchId) -> Option<Member> {
        let row = self.rows.triggers.values().rev().find(|row| row.trigger.build.get() == build)?;
        let key = (batch, row.trigger.component.clone());
        serde_json::from_str(&self.rows.members.get(&key)?.state).ok()
    }

    /// All batches that can be read.
    pub fn batches(&self) -> impl Iterator<Item = Batch> {
        self.rows.batches.values().filter_map(|row| serde_json::from_str(&row.state).ok())
    }

    /// All finished builds of all batches, by NVR.
    #[must_use]
    pub fn built(&self) -> BTreeMap<String, BTreeSet<BatchId>> {
        let mut built: BTreeMap<String, BTreeSet<BatchId>> = BTreeMap::new();
        for ((batch, _), row) in &self.rows.members {
            let member = serde_json::from_str::<Member>(&row.state).ok();
            if let Some(nvr) = member.and_then(|member| Some(member.built()?.nvr.clone())) {
                built.entry(nvr).or_default().insert(*batch);
            }
        }
        built
    }

    /// Whether nothing is under way any more.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.unacknowledged == 0
            && self.rows.batches.values().all(|batch| batch.ended.is_some())
            && self.rows.effects.values().all(|effect| effect.closed.is_some())
            && self.rows.triggers.values().all(|row| row.trigger.answer.is_some())
            && self.announced.iter().all(|one| self.answer(one.made.build_id).is_some())
    }
}
