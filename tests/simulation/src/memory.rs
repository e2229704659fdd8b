//! The third store, in memory: it keeps the same contract and passes the same suite as those on databases. Its clock is tokio's,
//! so virtual time where that is paused.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use ebs_coordinator::store::{
    AuditRow, BatchRow, Candidate, Change, Committed, DeadRow, DenyRow, EffectRow, Forget,
    GroupRow, Lease, ListRow, MAX_REQUESTS, MemberRow, NewRequest, OrphanRow, RequestRow, Store,
    StoreError, StoreErrorKind, TriggerRow,
};
use ebs_domain::{
    id::{BatchId, BuildId, Component, Epoch, RequestId, TagName},
    scm::ScmUrl,
    time::Timestamp,
};

pub use crate::rows::Rows;
use crate::rows::{counts, size};

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

    /// Those of these jobs whose run is under way, as far as is stored. Polls are not stored, so they are none.
    pub fn jobs_waited_for(&self, jobs: &[String]) -> Vec<String> {
        let rows = self.rows();
        let waits = |job: &&String| {
            let Some((of, run)) = job.rsplit_once('#') else { return false };
            rows.effects.get(of).is_some_and(|row| {
                row.closed.is_none() && row.due.is_none() && run.parse() == Ok(row.run)
            })
        };
        jobs.iter().filter(waits).cloned().collect()
    }

    /// Notes that something has just been written under this epoch.
    pub fn written_under(&self, epoch: Epoch) {
        let mut rows = self.rows();
        let newest = rows.epoch;
        if epoch.get() != newest {
            rows.late_writes.push((epoch.get(), newest));
        }
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

type Answer<T> = Result<T, StoreError>;

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
        let open = |row: &&BatchRow| row.ended.is_none() && !row.lingers;
        Ok(self.rows().batches.values().find(open).cloned())
    }
    async fn lingering_batches(&self) -> Answer<Vec<BatchRow>> {
        let lingers = |row: &&BatchRow| row.ended.is_none() && row.lingers;
        Ok(self.rows().batches.values().filter(lingers).cloned().collect())
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
    async fn triggered(&self, tag: &TagName, builds: &[BuildId]) -> Answer<BTreeSet<BuildId>> {
        let rows = self.rows();
        let there = rows.triggers.values().map(|row| &row.trigger);
        let there = there.filter(|trigger| counts(trigger) && trigger.tag == tag.as_str());
        let there: BTreeSet<BuildId> = there.map(|trigger| trigger.build).collect();
        Ok(builds.iter().copied().filter(|build| there.contains(build)).collect())
    }
    async fn component_triggers(
        &self,
        component: &Component,
        limit: u32,
    ) -> Answer<Vec<TriggerRow>> {
        let rows = self.rows();
        let of = rows.triggers.values().rev().filter(|row| row.trigger.component == *component);
        Ok(of.take(size(limit)).cloned().collect())
    }
    async fn component_members(&self, component: &Component, limit: u32) -> Answer<Vec<MemberRow>> {
        let rows = self.rows();
        let of = rows.members.values().rev().filter(|row| row.component == *component);
        Ok(of.take(size(limit)).cloned().collect())
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
    async fn denials(&self, now: Timestamp, limit: u32) -> Answer<Vec<DenyRow>> {
        let rows = self.rows();
        let mut denied: Vec<_> = rows.denied.values().filter(|row| row.expires > now).collect();
        denied.sort_by_key(|row| (std::cmp::Reverse(row.last), &row.source));
        Ok(denied.into_iter().take(size(limit)).cloned().collect())
    }
    async fn odd_messages(&self) -> Answer<u64> {
        Ok(u64::try_from(self.rows().odd.len()).unwrap_or(u64::MAX))
    }
    async fn ask(&self, request: NewRequest) -> Answer<Option<RequestId>> {
        let mut rows = self.rows();
        if rows.requests.len() >= size(MAX_REQUESTS) {
            return Ok(None);
        }
        let last = rows.audit.keys().next_back().map_or(0, |last| last.get());
        let id = RequestId::new(last + 1);
        let NewRequest { who, asked, action, subject, why, payload } = request;
        let entry = AuditRow { id, who, asked, action, subject, why, done: None, result: None };
        rows.audit.insert(id, entry);
        rows.requests.insert(id, RequestRow { id, payload });
        Ok(Some(id))
    }
    async fn note(&self, entry: AuditRow) -> Answer<RequestId> {
        let mut rows = self.rows();
        let last = rows.audit.keys().next_back().map_or(0, |last| last.get());
        let id = RequestId::new(last + 1);
        rows.audit.insert(id, AuditRow { id, ..entry });
        Ok(id)
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
    async fn orphans(&self, limit: u32) -> Answer<Vec<OrphanRow>> {
        let rows = self.rows();
        let mut orphans: Vec<_> = rows.orphans.values().collect();
        orphans.sort_by_key(|row| (row.first_seen, row.kind.word(), &row.name));
        Ok(orphans.into_iter().take(size(limit)).cloned().collect())
    }
    async fn group_names(&self, name: &str) -> Answer<bool> {
        Ok(self.rows().groups.values().any(|row| row.state.contains(&format!("\"{name}\""))))
    }
    async fn lists(&self) -> Answer<Vec<ListRow>> {
        Ok(self.rows().lists.values().cloned().collect())
    }
    async fn put_list(&self, mut list: ListRow) -> Answer<bool> {
        let mut rows = self.rows();
        if let Some(old) = rows.lists.get(&list.name) {
            if old.revision != list.revision - 1 {
                return Ok(false);
            }
            list.confirmed = old.confirmed;
        }
        rows.lists.insert(list.name.clone(), list);
        Ok(true)
    }
    async fn next_number(&self, name: &str, above: u64) -> Answer<u64> {
        let mut rows = self.rows();
        let last = rows.marks.entry(name.to_owned()).or_default();
        let next = above.max(last.parse().unwrap_or(0)) + 1;
        *last = next.to_string();
        Ok(next)
    }
    async fn mark(&self, name: &str) -> Answer<Option<String>> {
        Ok(self.rows().marks.get(name).cloned())
    }
    async fn forget(&self, epoch: Epoch, forget: &Forget) -> Answer<u64> {
        let mut rows = self.rows();
        if epoch.get() != rows.epoch || rows.leader.is_none() {
            return Err(StoreError { what: "forget", kind: StoreErrorKind::Fenced });
        }
        Ok(u64::try_from(rows.forget(forget)).unwrap_or(u64::MAX))
    }
    async fn ping(&self) -> Answer<()> {
        Ok(())
    }
}
