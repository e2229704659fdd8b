//! The store.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use ebs_coordinator::{
    findings::Mode,
    store::{
        AuditRow, BatchRow, Candidate, Change, Committed, DeadRow, DenyRow, EffectRow, Forget,
        GroupRow, Lease, ListRow, MemberRow, NewRequest, OrphanRow, RequestRow, Store, StoreError,
        StoreErrorKind, TriggerRow,
    },
};
use ebs_domain::{
    id::{BatchId, BuildId, Component, Epoch, RequestId, TagName},
    scm::ScmUrl,
    time::Timestamp,
};

use crate::{
    chaos::{OF_SERVERS, Share},
    lacking,
    memory::Memory,
    process::{Call, Gate, Neighbour},
};

type Answer<T> = Result<T, StoreError>;

/// The store as one life of a coordinator has it.
pub struct StoreDoor {
    /// Its gate.
    pub gate: Gate,
    /// The store behind it.
    pub memory: Arc<Memory>,
}

impl StoreDoor {
    async fn pass<T>(
        &self,
        name: &'static str,
        share: Share,
        work: impl Future<Output = Answer<T>>,
    ) -> Answer<T> {
        let call = Call { of: Neighbour::Store, name, share, kinds: OF_SERVERS };
        let away = || StoreError {
            what: name,
            kind: StoreErrorKind::Unavailable(sqlx::Error::PoolTimedOut),
        };
        self.gate.pass(call, work, away).await
    }

    async fn read<T>(&self, work: impl Future<Output = Answer<T>>) -> Answer<T> {
        self.pass("read", Share::Full, work).await
    }
}

#[async_trait]
impl Store for StoreDoor {
    async fn lead(&self, candidate: &Candidate) -> Answer<Lease> {
        self.pass("lead", Share::Small, self.memory.lead(candidate)).await
    }
    async fn resign(&self, candidate: &Candidate) -> Answer<()> {
        self.pass("resign", Share::Full, self.memory.resign(candidate)).await
    }
    async fn commit(&self, epoch: Epoch, changes: Vec<Change>) -> Answer<Committed> {
        self.gate.ground.story.tell(self.gate.who, format!("commit {}", told(&changes)));
        let work = async {
            let late = lacking::too_late(&self.memory.rows(), &changes);
            let committed = self.memory.commit(epoch, changes).await?;
            self.memory.written_under(epoch);
            self.memory.rows().late_finds.extend(late);
            Ok(committed)
        };
        let committed = self.pass("commit", Share::Full, work).await;
        if let Err(error) = &committed {
            self.gate.ground.story.tell(self.gate.who, format!("not committed: {}", error.kind));
        }
        committed
    }
    async fn open_batch(&self) -> Answer<Option<BatchRow>> {
        self.read(self.memory.open_batch()).await
    }
    async fn lingering_batches(&self) -> Answer<Vec<BatchRow>> {
        self.read(self.memory.lingering_batches()).await
    }
    async fn batch(&self, id: BatchId) -> Answer<Option<BatchRow>> {
        self.read(self.memory.batch(id)).await
    }
    async fn recent_batches(&self, limit: u32) -> Answer<Vec<BatchRow>> {
        self.read(self.memory.recent_batches(limit)).await
    }
    async fn members(&self, batch: BatchId) -> Answer<Vec<MemberRow>> {
        self.read(self.memory.members(batch)).await
    }
    async fn groups(&self, batch: BatchId) -> Answer<Vec<GroupRow>> {
        self.read(self.memory.groups(batch)).await
    }
    async fn open_groups(&self) -> Answer<Vec<GroupRow>> {
        self.read(self.memory.open_groups()).await
    }
    async fn open_effects(&self) -> Answer<Vec<EffectRow>> {
        self.read(self.memory.open_effects()).await
    }
    async fn effect(&self, id: &str) -> Answer<Option<EffectRow>> {
        self.read(self.memory.effect(id)).await
    }
    async fn pending_triggers(&self, limit: u32) -> Answer<Vec<TriggerRow>> {
        self.read(self.memory.pending_triggers(limit)).await
    }
    async fn pending_count(&self) -> Answer<(u64, Option<Timestamp>)> {
        self.read(self.memory.pending_count()).await
    }
    async fn batch_triggers(&self, batch: BatchId) -> Answer<Vec<TriggerRow>> {
        self.read(self.memory.batch_triggers(batch)).await
    }
    async fn triggered(&self, tag: &TagName, builds: &[BuildId]) -> Answer<BTreeSet<BuildId>> {
        self.read(self.memory.triggered(tag, builds)).await
    }
    async fn component_triggers(
        &self,
        component: &Component,
        limit: u32,
    ) -> Answer<Vec<TriggerRow>> {
        self.read(self.memory.component_triggers(component, limit)).await
    }
    async fn component_members(&self, component: &Component, limit: u32) -> Answer<Vec<MemberRow>> {
        self.read(self.memory.component_members(component, limit)).await
    }
    async fn triggers_by_answer(&self) -> Answer<Vec<(String, u64)>> {
        self.read(self.memory.triggers_by_answer()).await
    }
    async fn denied(&self, sources: &[ScmUrl], now: Timestamp) -> Answer<Vec<DenyRow>> {
        self.read(self.memory.denied(sources, now)).await
    }
    async fn denials(&self, now: Timestamp, limit: u32) -> Answer<Vec<DenyRow>> {
        self.read(self.memory.denials(now, limit)).await
    }
    async fn odd_messages(&self) -> Answer<u64> {
        self.read(self.memory.odd_messages()).await
    }
    async fn ask(&self, request: NewRequest) -> Answer<Option<RequestId>> {
        self.pass("ask", Share::Full, self.memory.ask(request)).await
    }
    async fn note(&self, entry: AuditRow) -> Answer<RequestId> {
        self.pass("note", Share::Full, self.memory.note(entry)).await
    }
    async fn requests(&self, limit: u32) -> Answer<Vec<RequestRow>> {
        self.pass("requests", Share::Small, self.memory.requests(limit)).await
    }
    async fn audit(&self, limit: u32) -> Answer<Vec<AuditRow>> {
        self.read(self.memory.audit(limit)).await
    }
    async fn audited(&self, id: RequestId) -> Answer<Option<AuditRow>> {
        self.read(self.memory.audited(id)).await
    }
    async fn dead_letters(&self, limit: u32) -> Answer<Vec<DeadRow>> {
        self.read(self.memory.dead_letters(limit)).await
    }
    async fn orphans(&self, limit: u32) -> Answer<Vec<OrphanRow>> {
        self.read(self.memory.orphans(limit)).await
    }
    async fn group_names(&self, name: &str) -> Answer<bool> {
        self.read(self.memory.group_names(name)).await
    }
    async fn lists(&self) -> Answer<Vec<ListRow>> {
        self.pass("lists", Share::Small, self.memory.lists()).await
    }
    async fn put_list(&self, list: ListRow) -> Answer<bool> {
        self.pass("put list", Share::Small, self.memory.put_list(list)).await
    }
    async fn next_number(&self, name: &str, above: u64) -> Answer<u64> {
        self.pass("next number", Share::Small, self.memory.next_number(name, above)).await
    }
    async fn mark(&self, name: &str) -> Answer<Option<String>> {
        // Reconcile looks all the time whether somebody asks.
        if name.starts_with(Mode::Real.report()) {
            return self.pass("mark", Share::Small, self.memory.mark(name)).await;
        }
        self.read(self.memory.mark(name)).await
    }
    async fn forget(&self, epoch: Epoch, forget: &Forget) -> Answer<u64> {
        self.pass("forget", Share::Small, self.memory.forget(epoch, forget)).await
    }
    async fn ping(&self) -> Answer<()> {
        self.read(self.memory.ping()).await
    }
}

/// Changes in a few words.
fn told(changes: &[Change]) -> String {
    let words: Vec<String> = changes.iter().map(word).collect();
    words.join(", ")
}

fn word(change: &Change) -> String {
    match change {
        Change::PutBatch(row) => format!("batch {} {}", row.id, row.phase),
        Change::PutMembers(rows) => {
            let shown: Vec<String> =
                rows.iter().map(|row| format!("{} {}", row.component, row.shown)).collect();
            format!("members [{}]", shown.join("; "))
        }
        Change::PutGroup(row) => format!("group {}.{} {}", row.batch, row.number, row.shown),
        Change::PutEffects(rows) => {
            let shown: Vec<String> = rows
                .iter()
                .map(|row| {
                    let end = if row.closed.is_some() { " closed" } else { "" };
                    format!("{} run {}{end}", row.id, row.run)
                })
                .collect();
            format!("effects [{}]", shown.join("; "))
        }
        Change::AddTrigger(trigger) => format!("trigger {}", trigger.nvr),
        Change::AnswerTriggers(answers) => {
            let shown: Vec<String> = answers
                .iter()
                .map(|answer| {
                    format!("{} {}", answer.id, answer.shown.as_deref().unwrap_or("pending"))
                })
                .collect();
            format!("answers [{}]", shown.join("; "))
        }
        Change::KeepMessage(message) => format!("odd message {}", message.id),
        Change::Deny(row) => format!("deny {}", row.component),
        Change::Undeny(sources) => format!("no more denied: {}", sources.len()),
        Change::PutDead(row) => format!("dead {}", row.job),
        Change::PutOrphan(row) => format!("orphan {} {}", row.kind.word(), row.name),
        Change::DropOrphan { kind, name } => format!("no more orphan {} {name}", kind.word()),
        Change::DropDead { job } => format!("no more dead {job}"),
        Change::ConfirmList { name, .. } => format!("confirmed {name}"),
        Change::AnswerRequest { id, result, .. } => format!("request {id} {result}"),
        Change::PutMark { name, value } => format!("mark {name} {value}"),
    }
}
