//! A store in memory, with the promises of the contract that the driver relies on.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use ebs_coordinator::store::{
    AuditRow, BatchRow, Candidate, Change, Committed, DeadRow, DenyRow, EffectRow, GroupRow, Lease,
    MemberRow, NewRequest, RequestRow, Store, StoreError, StoreErrorKind, TriggerRow,
};
use ebs_domain::{
    id::{BatchId, Component, Epoch, RequestId, TriggerId},
    scm::ScmUrl,
    time::Timestamp,
};

/// What is stored.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) epoch: i64,
    pub(crate) batches: BTreeMap<BatchId, BatchRow>,
    pub(crate) members: BTreeMap<(BatchId, Component), MemberRow>,
    pub(crate) groups: BTreeMap<(BatchId, u32), GroupRow>,
    pub(crate) effects: BTreeMap<String, EffectRow>,
    pub(crate) triggers: BTreeMap<TriggerId, TriggerRow>,
    pub(crate) denied: Vec<DenyRow>,
    pub(crate) marks: BTreeMap<String, String>,
    pub(crate) commits: u64,
    pub(crate) audit: BTreeMap<RequestId, AuditRow>,
    pub(crate) requests: BTreeMap<RequestId, RequestRow>,
    pub(crate) dead: BTreeMap<String, DeadRow>,
    odd: u64,
}

/// The store.
#[derive(Default)]
pub(crate) struct Memory(Mutex<Rows>);

impl Memory {
    pub(crate) fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many effects of a kind are open, and are closed.
    pub(crate) fn effects(&self, kind: &str) -> (usize, usize) {
        let rows = self.rows();
        let of_kind = || rows.effects.values().filter(|row| row.kind == kind);
        let open = of_kind().filter(|row| row.closed.is_none()).count();
        (open, of_kind().count() - open)
    }

    /// The words of a batch's groups.
    pub(crate) fn groups_shown(&self) -> Vec<String> {
        self.rows().groups.values().map(|row| row.shown.clone()).collect()
    }

    /// The phase of the newest batch.
    pub(crate) fn phase(&self) -> String {
        self.rows().batches.values().next_back().map(|row| row.phase.clone()).unwrap_or_default()
    }
}

impl Rows {
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
            Change::AddTrigger(trigger) => {
                let there = self.triggers.values().any(|row| {
                    (&row.trigger.tag, row.trigger.build) == (&trigger.tag, trigger.build)
                });
                let id = TriggerId::new(i64::try_from(self.triggers.len()).unwrap_or(0) + 1);
                if !there {
                    self.triggers.insert(id, TriggerRow { id, trigger, batch: None });
                }
                return Some((!there).then_some(id));
            }
            Change::AnswerTriggers(answers) => {
                for answer in answers {
                    if let Some(row) = self.triggers.get_mut(&answer.id) {
                        row.trigger.answer = answer.answer;
                        row.trigger.shown = answer.shown;
                        row.batch = answer.batch;
                    }
                }
            }
            Change::KeepMessage(_) => self.odd += 1,
            Change::Deny(row) => self.denied.push(row),
            Change::PutDead(row) => drop(self.dead.insert(row.job.clone(), row)),
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
}

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Store for Memory {
    async fn lead(&self, _: &Candidate) -> Answer<Lease> {
        let mut rows = self.rows();
        rows.epoch += 1;
        Ok(Lease::Leading { epoch: Epoch::new(rows.epoch) })
    }
    async fn resign(&self, _: &Candidate) -> Answer<()> {
        Ok(())
    }
    async fn commit(&self, epoch: Epoch, changes: Vec<Change>) -> Answer<Committed> {
        let mut rows = self.rows();
        if epoch.get() != rows.epoch {
            return Err(StoreError { what: "commit", kind: StoreErrorKind::Fenced });
        }
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
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(self.rows().batches.values().rev().take(limit).cloned().collect())
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
        Ok(self.rows().effects.values().filter(|row| row.closed.is_none()).cloned().collect())
    }
    async fn effect(&self, id: &str) -> Answer<Option<EffectRow>> {
        Ok(self.rows().effects.get(id).cloned())
    }
    async fn pending_triggers(&self, _: u32) -> Answer<Vec<TriggerRow>> {
        let pending = |row: &&TriggerRow| row.trigger.answer.is_none();
        Ok(self.rows().triggers.values().filter(pending).cloned().collect())
    }
    async fn pending_count(&self) -> Answer<(u64, Option<Timestamp>)> {
        Ok((0, None))
    }
    async fn batch_triggers(&self, batch: BatchId) -> Answer<Vec<TriggerRow>> {
        Ok(self.rows().triggers.values().filter(|row| row.batch == Some(batch)).cloned().collect())
    }
    async fn triggers_by_answer(&self) -> Answer<Vec<(String, u64)>> {
        Ok(Vec::new())
    }
    async fn denied(&self, sources: &[ScmUrl], _: Timestamp) -> Answer<Vec<DenyRow>> {
        let asked = |row: &&DenyRow| sources.contains(&row.source);
        Ok(self.rows().denied.iter().filter(asked).cloned().collect())
    }
    async fn odd_messages(&self) -> Answer<u64> {
        Ok(self.rows().odd)
    }
    async fn ask(&self, request: NewRequest) -> Answer<Option<RequestId>> {
        let mut rows = self.rows();
        let id = RequestId::new(i64::try_from(rows.audit.len()).unwrap_or(0) + 1);
        let NewRequest { who, asked, action, subject, why, payload } = request;
        let entry = AuditRow { id, who, asked, action, subject, why, done: None, result: None };
        rows.audit.insert(id, entry);
        rows.requests.insert(id, RequestRow { id, payload });
        Ok(Some(id))
    }
    async fn requests(&self, _: u32) -> Answer<Vec<RequestRow>> {
        Ok(self.rows().requests.values().cloned().collect())
    }
    async fn audit(&self, _: u32) -> Answer<Vec<AuditRow>> {
        Ok(self.rows().audit.values().rev().cloned().collect())
    }
    async fn audited(&self, id: RequestId) -> Answer<Option<AuditRow>> {
        Ok(self.rows().audit.get(&id).cloned())
    }
    async fn dead_letters(&self, _: u32) -> Answer<Vec<DeadRow>> {
        Ok(self.rows().dead.values().cloned().collect())
    }
    async fn mark(&self, name: &str) -> Answer<Option<String>> {
        Ok(self.rows().marks.get(name).cloned())
    }
    async fn ping(&self) -> Answer<()> {
        Ok(())
    }
}

/// A candidate; the store in memory gives the lease to whoever asks.
pub(crate) fn candidate() -> Candidate {
    Candidate { owner: "a".to_owned(), instance: "a".to_owned(), ttl: Duration::from_secs(60) }
}
