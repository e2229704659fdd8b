//! What can be seen of a run from outside: the stored rows, what Fedora tells, what was announced.

use std::collections::{BTreeMap, BTreeSet};

use ebs_coordinator::{store::TriggerRow, wish::Wish};
use ebs_domain::{
    batch::{Batch, Member, Operation},
    id::{BatchId, Component, RequestId},
    time::Timestamp,
    trigger::{Answer, Cause},
};
use ebs_shared::queue::Depths;
use fedora_sim::control::{Announce, Report, TagAnswer};

use crate::{
    lacking,
    memory::Rows,
    player::{Order, Played},
};

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
    /// What ELN lacked before the first start, and nobody tells of: package and build.
    pub lacking: Vec<(String, i64)>,
    /// Whether reconcile looks by itself.
    pub reconciles: bool,
    /// What an operator asked for.
    pub orders: Vec<Order>,
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

    /// What an operator asked for and was carried out.
    pub fn carried_out(&self) -> impl Iterator<Item = &Order> {
        self.orders.iter().filter(|order| self.result(order.id) == Some("done"))
    }

    /// How many builds reconcile has triggered.
    #[must_use]
    pub fn found(&self) -> usize {
        let causes =
            self.rows.triggers.values().map(|row| serde_json::from_str(&row.trigger.cause));
        causes.filter(|cause| matches!(cause, Ok(Cause::Reconcile { .. }))).count()
    }

    /// How often what was asked for was carried out, and was refused.
    #[must_use]
    pub fn played(&self) -> Played {
        let mut played = Played::new();
        for order in &self.orders {
            let (done, refused) = played.entry(order.word).or_default();
            match self.result(order.id) {
                Some("done") => *done += 1,
                Some(_) => *refused += 1,
                None => {}
            }
        }
        played
    }

    /// What the leader answered to a request.
    #[must_use]
    pub fn result(&self, id: RequestId) -> Option<&str> {
        self.rows.audit.get(&id)?.result.as_deref()
    }

    /// Whether an operator asked for this to be done to a batch, and it was carried out.
    pub fn operated(&self, batch: BatchId, is: impl Fn(&Operation) -> bool) -> bool {
        self.carried_out().any(|order| {
            let Wish::OnBatch { batch: of, operation, .. } = &order.wish else { return false };
            *of == batch && is(operation)
        })
    }

    /// All triggers that have an answer, with it.
    pub fn answers(&self) -> impl Iterator<Item = (&TriggerRow, Answer)> {
        let rows = self.rows.triggers.values();
        rows.filter_map(|row| {
            let answer = serde_json::from_str(row.trigger.answer.as_deref()?).ok()?;
            Some((row, answer))
        })
    }

    /// The member of a batch.
    #[must_use]
    pub fn member(&self, batch: BatchId, component: &Component) -> Option<Member> {
        serde_json::from_str(&self.rows.members.get(&(batch, component.clone()))?.state).ok()
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
            && (!self.reconciles
                || self.well.is_some_and(|well| lacking::is_done(&self.rows, well)))
            && self.rows.requests.is_empty()
            && self.rows.effects.values().all(|effect| effect.closed.is_some())
            && self.rows.triggers.values().all(|row| row.trigger.answer.is_some())
            && self.announced.iter().all(|one| self.answer(one.made.build_id).is_some())
    }
}

/// That nothing of a kind was found.
///
/// # Errors
///
/// What was found.
pub fn none(what: &str, found: Vec<String>) -> Result<(), String> {
    if found.is_empty() { Ok(()) } else { Err(format!("{what}: {}", found.join("; "))) }
}
