//! What one turn gathers: all that is to be stored in one transaction, and all that is to be done after it.

use std::collections::{BTreeMap, BTreeSet};

use ebs_domain::id::{BatchId, Component};
use ebs_shared::queue::NewJob;
use tokio::sync::oneshot;

use super::{call::Start, ledger::Open, tally::Counts};
use crate::store::{Change, EffectRow, NewTrigger, TriggerAnswer};

/// What a turn gathers.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// The batches that were told something, so that their own rows may have changed, and what of them has.
    pub(super) touched: BTreeMap<BatchId, Touched>,
    pub(super) effects: BTreeMap<String, EffectRow>,
    pub(super) answers: Vec<TriggerAnswer>,
    pub(super) triggers: Vec<NewTrigger>,
    /// Changes that need no merging.
    pub(super) others: Vec<Change>,
    /// To be told once all is stored.
    pub(super) stored: Vec<oneshot::Sender<()>>,
    /// To be counted then.
    pub(super) counts: Counts,
    /// What is done then.
    pub(super) after: After,
}

/// What of a batch has changed.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) members: BTreeSet<Component>,
    pub(super) groups: BTreeSet<u32>,
}

/// What is done only once the turn is stored.
#[derive(Debug, Default)]
pub(super) struct After {
    /// Results to acknowledge.
    pub(super) acknowledge: Vec<String>,
    /// Jobs to put on the queue.
    pub(super) jobs: Vec<NewJob>,
    /// Calls to make beside the loop.
    pub(super) start: Vec<Start>,
    /// Results that came too late for what they are about.
    pub(super) stale: u64,
}

impl Turn {
    /// Whether anything may have to be stored.
    pub(super) fn may_have_changes(&self) -> bool {
        !self.touched.is_empty()
            || !self.effects.is_empty()
            || !self.answers.is_empty()
            || !self.triggers.is_empty()
            || !self.others.is_empty()
    }

    /// Takes note that a batch was told something.
    pub(super) fn touch(&mut self, batch: BatchId) -> &mut Touched {
        self.touched.entry(batch).or_default()
    }

    /// Puts an effect's row among the changes.
    pub(super) fn put_effect(&mut self, open: &Open) {
        match open.to_row() {
            Ok(row) => drop(self.effects.insert(row.id.clone(), row)),
            Err(error) => {
                tracing::error!(effect.id = open.row.id, %error, "cannot write an effect down");
            }
        }
    }

    /// Puts any other change among them.
    pub(super) fn put(&mut self, change: Result<Change, serde_json::Error>) {
        match change {
            Ok(change) => self.others.push(change),
            Err(error) => tracing::error!(%error, "cannot write a state down"),
        }
    }

    /// Puts a job among what is sent.
    pub(super) fn send(&mut self, job: Result<NewJob, serde_json::Error>) {
        match job {
            Ok(job) => self.after.jobs.push(job),
            Err(error) => tracing::error!(%error, "cannot write a job down"),
        }
    }
}
