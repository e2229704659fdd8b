//! The third store, in memory: it keeps the same contract and passes the same suite as those on databases. Its clock is tokio's,
//! so virtual time where that is paused.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use ebs_coordinator::store::{
    AuditRow, BatchRow, Candidate, Change, Committed, DeadRow, DenyRow, EffectRow, Forget,
    GroupRow, Lease, ListRow, MAX_DEAD_LETTERS, MAX_REQUESTS, MemberRow, NewRequest, NewTrigger,
    OrphanKind, OrphanRow, RequestRow, Store, StoreError, StoreErrorKind, TriggerRow,
};
use ebs_domain::{
    id::{BatchId, BuildId, Component, Epoch, RequestId, TagName, TriggerId},
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
    /// What belongs to nobody.
    pub orphans: BTreeMap<(OrphanKind, String), OrphanRow>,
    /// Package lists.
    pub lists: BTreeMap<String, ListRow>,
    /// Messages nobody understood.
    pub odd: BTreeMap<String, Timestamp>,
    /// What was written under an epoch that was not the newest: the epoch, and the newest.
    pub late_writes: Vec<(i64, i64)>,
    /// What reconcile has triggered though it waited or was in the batch.
    pub late_finds: Vec<String>,
    /// Requests that were answered when they had an answer.
    pub answered_twice: Vec<RequestId>,
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

impl Rows {
    /// Whether all of these can be written: there is never a second open batch, not even on the way.
    fn check(&self, changes: &[Change]) -> Result<(), StoreErrorKind> {
        let open = self.batches.values().filter(|row| row.ended.is_none() && !row.lingers);
        let mut open: BTreeSet<BatchId> = open.map(|row| row.id).collect();
        for change in changes {
            let Change::PutBatch(row) = change else { continue };
            if row.ended.is_none() && !row.lingers {
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
            (same && !trigger.by_person && counts(old)) || heard
        });
        if there {
            return None;
        }
        let last = self.triggers.keys().next_back().map_or(0, |last| last.get());
        let id = TriggerId::new(last + 1);
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
            Change::KeepMessage(message) => {
                self.odd.entry(message.id).or_insert(message.received);
            }
            Change::Deny(row) => self.deny(row),
            Change::Undeny(sources) => {
                self.denied.retain(|source, _| !sources.contains(source));
            }
            Change::PutDead(row) => self.put_dead(row),
            Change::PutOrphan(row) => {
                self.orphans.insert((row.kind, row.name.clone()), row);
            }
            Change::DropOrphan { kind, name } => drop(self.orphans.remove(&(kind, name))),
            Change::DropDead { job } => drop(self.dead.remove(&job)),
            Change::ConfirmList { name, since } => {
                if let Some(row) = self.lists.get_mut(&name) {
                    row.confirmed = Some(since);
                }
            }
            Change::AnswerRequest { id, done, result } => {
                self.requests.remove(&id);
                match self.audit.get_mut(&id).filter(|row| row.done.is_none()) {
                    Some(row) => (row.done, row.result) = (Some(done), Some(result)),
                    None => self.answered_twice.push(id),
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

    /// How many rows there are of what can be forgotten.
    fn counted(&self) -> usize {
        let of_batches = self.batches.len() + self.members.len() + self.groups.len();
        let others = self.audit.len() + self.odd.len() + self.denied.len() + self.dead.len();
        of_batches + self.effects.len() + self.triggers.len() + others
    }

    /// Whether nothing open refers to this batch, which is over.
    fn can_go(&self, batch: BatchId) -> bool {
        let newest = self.triggers.keys().next_back();
        let held = |row: &TriggerRow| row.trigger.answer.is_none() || Some(&row.id) == newest;
        Some(&batch) != self.batches.keys().next_back()
            && !self.groups.values().any(|row| row.batch == batch && row.open)
            && !self.effects.values().any(|row| row.batch == Some(batch) && row.closed.is_none())
            && !self.dead.values().any(|row| row.batch == batch)
            && !self.triggers.values().any(|row| row.batch == Some(batch) && held(row))
    }

    /// Forgets all that is over and old, a batch at a time; how many rows went.
    fn forget(&mut self, forget: &Forget) -> usize {
        let before = self.counted();
        let newest = self.audit.keys().next_back().copied();
        self.audit.retain(|id, row| {
            row.asked >= forget.audit || row.done.is_none() || Some(*id) == newest
        });
        let newest = self.triggers.keys().next_back().copied();
        self.triggers.retain(|id, row| {
            let open = row.trigger.answer.is_none() || row.batch.is_some();
            row.trigger.created >= forget.triggers || open || Some(*id) == newest
        });
        self.odd.retain(|_, received| *received >= forget.triggers);
        self.denied.retain(|_, row| row.expires >= forget.history);
        let lasts = |closed: Option<Timestamp>| closed.is_none_or(|at| at >= forget.history);
        self.effects.retain(|_, row| row.batch.is_some() || lasts(row.closed));
        let (batches, groups) = (&self.batches, &self.groups);
        self.dead.retain(|_, row| {
            let runs = batches.get(&row.batch).is_some_and(|batch| batch.ended.is_none());
            let group = row.update_group.and_then(|group| groups.get(&(row.batch, group)));
            row.since >= forget.dead || runs || group.is_some_and(|group| group.open)
        });
        let old = |row: &&BatchRow| row.ended.is_some_and(|ended| ended < forget.history);
        let goes = self.batches.values().filter(old).find(|row| self.can_go(row.id));
        if let Some(batch) = goes.map(|row| row.id) {
            self.batches.remove(&batch);
            self.members.retain(|_, row| row.batch != batch);
            self.groups.retain(|_, row| row.batch != batch);
            self.effects.retain(|_, row| row.batch != Some(batch));
            self.triggers.retain(|_, row| row.batch != Some(batch));
        }
        before - self.counted()
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

/// Whether no other trigger of the same tagging is taken, but for those of people.
fn counts(trigger: &NewTrigger) -> bool {
    !trigger.by_person && trigger.shown.as_deref() != Some("withdrawn")
}

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
