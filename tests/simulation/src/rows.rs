//! What the store in memory holds, and how a commit changes it.

use std::collections::{BTreeMap, BTreeSet};

use ebs_coordinator::store::{
    AuditRow, BatchRow, Candidate, Change, DeadRow, DenyRow, EffectRow, Forget, GroupRow, Lease,
    ListRow, MAX_DEAD_LETTERS, MemberRow, NewTrigger, OrphanKind, OrphanRow, RequestRow,
    StoreErrorKind, TriggerRow,
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

impl Rows {
    /// Whether all of these can be written: there is never a second open batch, not even on the way.
    pub(crate) fn check(&self, changes: &[Change]) -> Result<(), StoreErrorKind> {
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

    pub(crate) fn add_trigger(&mut self, trigger: NewTrigger) -> Option<TriggerId> {
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

    pub(crate) fn put_dead(&mut self, row: DeadRow) {
        self.dead.insert(row.job.clone(), row);
        if self.dead.len() > size(MAX_DEAD_LETTERS)
            && let Some(oldest) = self.dead.values().min_by_key(|row| row.since)
        {
            let oldest = oldest.job.clone();
            self.dead.remove(&oldest);
        }
    }

    /// Triggers without an answer, oldest first.
    pub(crate) fn pending(&self) -> Vec<&TriggerRow> {
        let mut pending: Vec<&TriggerRow> =
            self.triggers.values().filter(|row| row.trigger.answer.is_none()).collect();
        pending.sort_by_key(|row| (row.trigger.created, row.id));
        pending
    }

    pub(crate) fn apply(&mut self, change: Change) -> Option<Option<TriggerId>> {
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

    pub(crate) fn deny(&mut self, mut row: DenyRow) {
        if let Some(old) = self.denied.get(&row.source) {
            if row.batch.is_none() && old.expires >= row.expires {
                return;
            }
            row.first = old.first;
            row.count = old.count + u32::from(old.batch != row.batch);
        }
        self.denied.insert(row.source.clone(), row);
    }

    /// How many rows there are of what can be forgotten.
    pub(crate) fn counted(&self) -> usize {
        let of_batches = self.batches.len() + self.members.len() + self.groups.len();
        let others = self.audit.len() + self.odd.len() + self.denied.len() + self.dead.len();
        of_batches + self.effects.len() + self.triggers.len() + others
    }

    /// Whether nothing open refers to this batch, which is over.
    pub(crate) fn can_go(&self, batch: BatchId) -> bool {
        let newest = self.triggers.keys().next_back();
        let held = |row: &TriggerRow| row.trigger.answer.is_none() || Some(&row.id) == newest;
        Some(&batch) != self.batches.keys().next_back()
            && !self.groups.values().any(|row| row.batch == batch && row.open)
            && !self.effects.values().any(|row| row.batch == Some(batch) && row.closed.is_none())
            && !self.dead.values().any(|row| row.batch == batch)
            && !self.triggers.values().any(|row| row.batch == Some(batch) && held(row))
    }

    /// Forgets all that is over and old, a batch at a time; how many rows went.
    pub(crate) fn forget(&mut self, forget: &Forget) -> usize {
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
    pub(crate) fn lead(&mut self, candidate: &Candidate) -> Lease {
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

/// Whether no other trigger of the same tagging is taken, but for those of people.
pub(crate) fn counts(trigger: &NewTrigger) -> bool {
    !trigger.by_person && trigger.shown.as_deref() != Some("withdrawn")
}

pub(crate) fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
