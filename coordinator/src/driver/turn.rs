//! What one turn of the loop gathers: all that is to be stored in one transaction, and all that is to be done after it.

use std::collections::{BTreeMap, BTreeSet};

use ebs_domain::id::{BatchId, Component};
use tokio::{sync::oneshot, time::Instant};

use ebs_domain::time::Timestamp;
use ebs_shared::queue::NewJob;

use super::{effects::Running, reads::Reading};
use crate::store::{Change, EffectRow, NewTrigger, TriggerAnswer};

/// Both clocks, read once a turn: the time of day for what is stored, the monotonic one for waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) wall: Timestamp,
    pub(super) mono: Instant,
}

/// What a turn gathers.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// Whether the batch's own row has changed.
    pub(super) batch: bool,
    pub(super) members: BTreeSet<Component>,
    pub(super) groups: BTreeSet<u32>,
    pub(super) effects: BTreeMap<String, EffectRow>,
    pub(super) answers: Vec<TriggerAnswer>,
    pub(super) triggers: Vec<NewTrigger>,
    /// Changes that need no merging.
    pub(super) others: Vec<Change>,
    /// To be told once all is stored.
    pub(super) stored: Vec<oneshot::Sender<()>>,
    /// Results to acknowledge once all is stored.
    pub(super) acknowledge: Vec<String>,
    pub(super) jobs: Vec<NewJob>,
    pub(super) start: Vec<Start>,
    /// Results that came too late for what they are about.
    pub(super) stale: u64,
}

/// A call to start beside the loop, once all is stored.
#[derive(Debug)]
pub(super) enum Start {
    /// List side tags before one is made.
    List { effect: String, run: u32, wish: ebs_domain::batch::Effect },
    /// Run an effect of the leader's.
    Effect { effect: String, run: u32, running: Running },
    /// Read something.
    Read { batch: BatchId, reading: Reading },
    /// Ask the queue which jobs it does not know.
    Missing(Vec<String>),
}

impl Turn {
    /// Whether anything is to be stored.
    pub(super) fn has_changes(&self) -> bool {
        self.batch
            || !self.members.is_empty()
            || !self.groups.is_empty()
            || !self.effects.is_empty()
            || !self.answers.is_empty()
            || !self.triggers.is_empty()
            || !self.others.is_empty()
    }
}
