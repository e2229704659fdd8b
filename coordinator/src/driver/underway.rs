//! A batch that has not ended, with what a term knows of it beside its state: one that builds, and any that linger.

use std::{collections::BTreeMap, time::Duration};

use ebs_domain::{
    batch::{Batch, Phase},
    id::{Component, TriggerId},
    time::Timestamp,
};
use tokio::time::Instant;

use super::record;
use crate::store::{BatchRow, TriggerRow};

/// A batch that has not ended.
#[derive(Debug)]
pub(super) struct Underway {
    pub(super) batch: Batch,
    /// Its own state as it is stored; nothing before it is.
    pub(super) stored: Option<String>,
    /// The phase in which it is stored, and since when it was in it.
    pub(super) entered: (&'static str, Timestamp),
    /// The triggers that it took: they are pending again if it gives them back.
    pub(super) taken: BTreeMap<TriggerId, TriggerRow>,
    /// When its read is due; `None` while it runs.
    pub(super) read_due: Option<Instant>,
    /// Since when the read has failed, for its pauses.
    pub(super) read_failing: Option<Instant>,
}

impl Underway {
    /// A batch that has just been formed, or was put together again from the store.
    pub(super) fn new(batch: Batch, stored: Option<String>, mono: Instant) -> Self {
        let (taken, read_due, read_failing) = (BTreeMap::new(), Some(mono), None);
        let entered = (batch.phase.word(), batch.phase_since);
        Self { batch, stored, entered, taken, read_due, read_failing }
    }

    /// The phase that it has left since it was stored last, and how long it was in it.
    pub(super) fn left(&mut self) -> Option<(&'static str, Duration)> {
        let entered = (self.batch.phase.word(), self.batch.phase_since);
        let (phase, since) = std::mem::replace(&mut self.entered, entered);
        (phase != entered.0).then(|| (phase, entered.1.since(since)))
    }

    /// When the build that triggered each component was heard of.
    pub(super) fn heard(&self) -> BTreeMap<Component, Timestamp> {
        let mut heard = BTreeMap::new();
        // The latest triggers last: it is their builds that are rebuilt.
        for row in self.taken.values() {
            heard.insert(row.trigger.component.clone(), row.trigger.created);
        }
        heard
    }

    /// Its row, if that differs from what is stored. A step can change the batch's own state and say nothing else, so the rows
    /// are compared: what a step says is about members, groups and commands.
    pub(super) fn changed(&self, at: Timestamp) -> Result<Option<BatchRow>, serde_json::Error> {
        let row = record::batch(&self.batch, at)?;
        Ok(Some(row).filter(|row| self.stored.as_ref() != Some(&row.state)))
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self.batch.phase, Phase::Ended { .. })
    }

    /// When its read is due, if it wants one and none runs.
    pub(super) fn reading(&self) -> Option<Instant> {
        self.read_due.filter(|_| self.batch.reads().is_some())
    }
}
