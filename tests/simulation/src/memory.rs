//! The third store, in memory: it keeps the same contract and passes the same suite as those on databases. Its clock is tokio's,
//! so virtual time where that is paused.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use ebs_coordinator::store::{
    AuditRow, BatchRow, Candidate, Change, Committed, DeadRow, DenyRow, EffectRow, GroupRow, Lease,
    MAX_DEAD_LETTERS, MAX_REQUESTS, MemberRow, NewRequest, NewTrigger, RequestRow, Store,
    StoreError, StoreErrorKind, TriggerRow,
};
use ebs_domain::{
    id::{BatchId, Component, Epoch, RequestId, TriggerId},
    scm::ScmUrl,
    time::Timestamp,
};
use tokio::time::Instant;

/// Epochs are above this, as if a database's clock had given them.
const BEFORE_ALL_EPOCHS: i64 = 1_700_000_000_000;

/// What is stored.
#[derive(Clone, Default)]
pub struct Rows {
    /// The newest epoch.
    pub epoch: i64,
    /// Who leads, and until when.
    pub leader: Option<(Candidate, Instant)>,
    /// Starts that have led.
    pub led: BTreeSet<String>,
    /// Batches.
    pub batches: BTreeMap<BatchId, BatchRow>,
    /// Their members.
    pub members: BTreeMap<(BatchId, Component), MemberRow>,
    /// Their groups.
    pub groups: BTreeMap<(BatchId, u32), GroupRow>,
    /// The ledger.
    pub effects: BTreeMap<String, EffectRow>,
    /// Triggers.
    pub triggers: BTreeMap<TriggerId, TriggerRow>,
    /// The deny list.
    pub denied: BTreeMap<ScmUrl, DenyRow>,
    /// Named texts.
    pub marks: BTreeMap<String, String>,
    /// How often something was written.
    pub commits: u64,
    /// What people asked for, and what became of it.
    pub audit: BTreeMap<RequestId, AuditRow>,
    /// Requests of people that wait for the leader.
    pub requests: BTreeMap<RequestId, RequestRow>,
    /// Jobs that were set aside.
    pub dead: BTreeMap<String, DeadRow>,
    /// Messages nobody understood.
    pub odd: BTreeSet<String>,
}

/// The store.
#[derive(Default)]
pub struct Memory(Mutex<Rows>);

impl Memory {
    /// What is stored now.
    pub fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many effects of a kind are open, and are closed.
    pub fn effects(&self, kind: &str) -> (usize, usize) {
        let rows = self.rows();
        let of_kind = || rows.effects.values().filter(|row| row.kind == kind);
        let open = of_kind().filter(|row| row.closed.is_none()).count();
        (open, of_kind().count() - open)
    }

    /// The words of all groups.
    pub fn groups_shown(&self) -> Vec<String> {
        self.rows().groups.values().map(|row| row.shown.clone()).collect()
    }

    /// The phase of the newest batch.
    pub fn phase(&self) -> String {
        self.rows().batches.values().next_back().map(|row| row.phase.clone()).unwrap_or_default()
    }
}

impl Rows {
    /// Whether all of these can be written: there is never a second open batch, not even on the way.
    fn check(&self, changes: &[Change]) -> Result<(), StoreErrorKind> {
        let open = self.batches.values().filter(|row| row.ended.is_none());
        let mut open: BTreeSet<BatchId> = open.map(|row| row.id).collect();
        for change in changes {
            let Change::PutBatch(row) = change else { continue };
            if row.ended.is_none() {
                open.insert(row.id);
            } else {
                open.remove(&row.id);
            }
            if open.len() > 1 {
                return Err(StoreErrorKind::Broken("a second open batch".to_owned()));
            }
        }
        Ok(())
    }

    fn add_trigger(&mut self, trigger: NewTrigger) -> Option<TriggerId> {
        let there = self.triggers.values().any(|row| {
            let old = &row.trigger;
            let same = (old.build, &old.tag) == (trigger.build, &trigger.tag);
            let heard = old.message.is_some() && old.message == trigger.message;
            (same && !trigger.by_person && !old.by_person) || heard
        });
        if there {
            return None;
        }
        let id = TriggerId::new(i64::try_from(self.triggers.len()).unwrap_or(0) + 1);
        self.triggers.insert(id, TriggerRow { id, trigger, batch: None });
        Some(id)
    }

    fn put_dead(&mut self, row: DeadRow) {
        self.dead.insert(row.job.clone(), row);
        if self.dead.len() > size(MAX_DEAD_LETTERS)
            && let Some(oldest) = self.dead.values().min_by_key(|row| row.since)
        {
            let oldest = oldest.job.clone();
            self.dead.remove(&oldest);
        }
    }

    /// Triggers without an answer, oldest first.
    fn pending(&self) -> Vec<&TriggerRow> {
        let mut pending: Vec<&TriggerRow> =
            self.triggers.values().filter(|row| row.trigger.answer.is_none()).collect();
        pending.sort_by_key(|row| (row.trigger.created, row.id));
        pending
    }

    fn apply(&mut self, change: Change) -> Option<Option<TriggerId>> {
        match change {
            Change::PutBatch(row) => drop(self.batches.insert(row.id, row)),
            Change::PutMembers(rows) => {
                let keyed = rows.into_iter().map(|row| ((row.batch, row.component.clone()), row));
                self.members.extend(keyed);
            }
            Change::PutGroup(row) => drop(self.groups.insert((row.batch, row.number), row)),
            Change::PutEffects(rows) => {
                for row in rows {
                    if self.effects.get(&row.id).is_none_or(|old| old.closed.is_none()) {
                        self.effects.insert(row.id.clone(), row);
                    }
                }
            }
            Change::AddTrigger(trigger) => return Some(self.add_trigger(trigger)),
            Change::AnswerTriggers(answers) => {
                for answer in answers {
                    let Some(row) = self.triggers.get_mut(&answer.id) else { continue };
                    let own = row.batch.is_some() && row.batch == answer.batch;
                    let leaves =
                        answer.answer.is_none() && answer.batch.is_none() && row.batch.is_some();
                    if row.trigger.answer.is_none() || own || leaves {
                        row.trigger.answer = answer.answer;
                        row.trigger.shown = answer.shown;
                        row.batch = answer.batch;
                    }
                }
            }
            Change::KeepMessage(message) => drop(self.odd.insert(message.id)),
            Change::Deny(row) => self.deny(row),
            Change::PutDead(row) => self.put_dead(row),
            Change::DropDead { job } => drop(self.dead.remove(&job)),
            Change::AnswerRequest { id, done, result } => {
                self.requests.remove(&id);
                if let Some(row) = self.audit.get_mut(&id).filter(|row| row.done.is_none()) {
                    (row.done, row.result) = (Some(done), Some(result));
                }
            }
            Change::PutMark { name, value } => drop(self.marks.insert(name, value)),
        }
        None
    }

    fn deny(&mut self, mut row: DenyRow) {
        if let Some(old) = self.denied.get(&row.source) {
            row.first = old.first;
            row.count = old.count + u32::from(old.batch != row.batch);
        }
        self.denied.insert(row.source.clone(), row);
    }

    /// Gives the lease as the contract says.
    fn lead(&mut self, candidate: &Candidate) -> Lease {
        let now = Instant::now();
        let until = now + candidate.ttl;
        let epoch = match &mut self.leader {
            Some((held, lasts)) if held.owner == candidate.owner => {
                *lasts = until;
                self.epoch
            }
            Some((held, lasts))
                if *lasts > now
                    && (held.instance != candidate.instance
                        || self.led.contains(&candidate.owner)) =>
            {
                return Lease::Following { leader: held.instance.clone(), remaining: *lasts - now };
            }
            leader => {
                *leader = Some((candidate.clone(), until));
                self.led.insert(candidate.owner.clone());
                self.epoch = self.epoch.max(BEFORE_ALL_EPOCHS) + 1;
                self.epoch
            }
        };
        Lease::Leading { epoch: Epoch::new(epoch) }
    }
}

type Answer<T> = Result<T, StoreError>;

fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[async_trait]
impl Store for Memory {
    async fn lead(&self, candidate: &Candidate) -> Answer<Lease> {
        Ok(self.rows().lead(candidate))
    }
    async fn resign(&self, candidate: &Candidate) -> Answer<()> {
        let mut rows = self.rows();
        if rows.leader.as_ref().is_some_and(|(held, _)| held.owner == candidate.owner) {
            rows.leader = None;
            rows.epoch += 1;
        }
        Ok(())
    }
    async fn commit(&self, epoch: Epoch, changes: Vec<Change>) -> Answer<Committed> {
        let mut rows = self.rows();
        if epoch.get() != rows.epoch || rows.leader.is_none() {
            return Err(StoreError { what: "commit", kind: StoreErrorKind::Fenced });
        }
        rows.check(&changes).map_err(|kind| StoreError { what: "commit", kind })?;
        rows.commits += 1;
        let triggers = changes.into_iter().filter_map(|change| rows.apply(change)).collect();
        Ok(Committed { triggers })
    }
    async fn open_batch(&self) -> Answer<Option<BatchRow>> {
        Ok(self.rows().batches.values().find(|row| row.ended.is_none()).cloned())
    }
    async fn batch(&self, id: BatchId) -> Answer<Option<BatchRow>> {
        Ok(self.rows().batches.get(&id).cloned())
    }
    async fn recent_batches(&self, limit: u32) -> Answer<Vec<BatchRow>> {
        Ok(self.rows().batches.values().rev().take(size(limit)).cloned().collect())
    }
    async fn members(&self, batch: BatchId) -> Answer<Vec<MemberRow>> {
        Ok(self.rows().members.values().filter(|row| row.batch == batch).cloned().collect())
    }
    async fn groups(&self, batch: BatchId) -> Answer<Vec<GroupRow>> {
        Ok(self.rows().groups.values().filter(|row| row.batch == batch).cloned().collect())
    }
    async fn open_groups(&self) -> Answer<Vec<GroupRow>> {
        Ok(self.rows().groups.values().filter(|row| row.open).cloned().collect())
    }
    async fn open_effects(&self) -> Answer<Vec<EffectRow>> {
        let rows = self.rows();
        let mut open: Vec<_> = rows.effects.values().filter(|row| row.closed.is_none()).collect();
        open.sort_by_key(|row| row.created);
        Ok(open.into_iter().cloned().collect())
    }
    async fn effect(&self, id: &str) -> Answer<Option<EffectRow>> {
        Ok(self.rows().effects.get(id).cloned())
    }
    async fn pending_triggers(&self, limit: u32) -> Answer<Vec<TriggerRow>> {
        Ok(self.rows().pending().into_iter().take(size(limit)).cloned().collect())
    }
    async fn pending_count(&self) -> Answer<(u64, Option<Timestamp>)> {
        let rows = self.rows();
        let pending = rows.pending();
        let count = u64::try_from(pending.len()).unwrap_or(u64::MAX);
        Ok((count, pending.first().map(|row| row.trigger.created)))
    }
    async fn batch_triggers(&self, batch: BatchId) -> Answer<Vec<TriggerRow>> {
        Ok(self.rows().triggers.values().filter(|row| row.batch == Some(batch)).cloned().collect())
    }
    async fn triggers_by_answer(&self) -> Answer<Vec<(String, u64)>> {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for row in self.rows().triggers.values() {
            let word = row.trigger.shown.as_deref().unwrap_or("pending");
            *counts.entry(word.to_owned()).or_default() += 1;
        }
        Ok(counts.into_iter().collect())
    }
    async fn denied(&self, sources: &[ScmUrl], now: Timestamp) -> Answer<Vec<DenyRow>> {
        let asked = |row: &&DenyRow| sources.contains(&row.source) && row.expires > now;
        Ok(self.rows().denied.values().filter(asked).cloned().collect())
    }
    async fn odd_messages(&self) -> Answer<u64> {
        Ok(u64::try_from(self.rows().odd.len()).unwrap_or(u64::MAX))
    }
    async fn ask(&self, request: NewRequest) -> Answer<Option<RequestId>> {
        let mut rows = self.rows();
        if rows.requests.len() >= size(MAX_REQUESTS) {
            return Ok(None);
        }
        let id = RequestId::new(i64::try_from(rows.audit.len()).unwrap_or(0) + 1);
        let NewRequest { who, asked, action, subject, why, payload } = request;
        let entry = AuditRow { id, who, asked, action, subject, why, done: None, result: None };
        rows.audit.insert(id, entry);
        rows.requests.insert(id, RequestRow { id, payload });
        Ok(Some(id))
    }
    async fn requests(&self, limit: u32) -> Answer<Vec<RequestRow>> {
        Ok(self.rows().requests.values().take(size(limit)).cloned().collect())
    }
    async fn audit(&self, limit: u32) -> Answer<Vec<AuditRow>> {
        Ok(self.rows().audit.values().rev().take(size(limit)).cloned().collect())
    }
    async fn audited(&self, id: RequestId) -> Answer<Option<AuditRow>> {
        Ok(self.rows().audit.get(&id).cloned())
    }
    async fn dead_letters(&self, limit: u32) -> Answer<Vec<DeadRow>> {
        let rows = self.rows();
        let mut dead: Vec<_> = rows.dead.values().collect();
        dead.sort_by_key(|row| (row.since, &row.job));
        Ok(dead.into_iter().take(size(limit)).cloned().collect())
    }
    async fn mark(&self, name: &str) -> Answer<Option<String>> {
        Ok(self.rows().marks.get(name).cloned())
    }
    async fn ping(&self) -> Answer<()> {
        Ok(())
    }
}
