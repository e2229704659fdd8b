//! What a store promises.
//!
//! All changes of one decision are written by one [`Store::commit`], in one transaction that also checks the leader's epoch.
//! State is opaque JSON text here; what is in it is the domain's business. Columns beside it are for finding and showing.
//! Nothing outside is ever awaited inside a transaction.

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use ebs_domain::{
    id::{BatchId, BuildId, Component, Epoch, RequestId, TagName, TriggerId},
    scm::ScmUrl,
    time::Timestamp,
};

use super::{ListRow, OrphanKind, OrphanRow, StoreError};

/// A batch as stored: its own state, without its members, effects and groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRow {
    /// Our number.
    pub id: BatchId,
    /// Its phase, for finding and showing.
    pub phase: String,
    /// Its state, JSON.
    pub state: String,
    /// When it was formed.
    pub created: Timestamp,
    /// When it entered its phase.
    pub phase_since: Timestamp,
    /// When it ended; open until then.
    pub ended: Option<Timestamp>,
    /// Figures and outcome once it has ended, JSON.
    pub summary: Option<String>,
    /// Whether it waits for nothing but builds that were detached: the next may run beside it.
    pub lingers: bool,
}

/// One component of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// Its batch.
    pub batch: BatchId,
    /// Which component.
    pub component: Component,
    /// Its state, JSON.
    pub state: String,
    /// A short word for where it is, for showing and counting.
    pub shown: String,
}

/// One group of builds on its way through one Bodhi update. It can outlive its batch (held, or late).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// Its batch.
    pub batch: BatchId,
    /// Its number in the batch, from 1.
    pub number: u32,
    /// Its state, JSON.
    pub state: String,
    /// A short word for where it is.
    pub shown: String,
    /// Whether something is still to be done or watched.
    pub open: bool,
}

/// Who runs an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// The leader itself.
    Coordinator,
    /// A worker, through the queue.
    Worker,
}

/// One entry of the ledger: a stored wish to change the outside world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectRow {
    /// Its id, readable, unique for ever, such as `b12.submit.s1000.a1.3`.
    pub id: String,
    /// Its batch; `None` for what is done about orphans.
    pub batch: Option<BatchId>,
    /// Its kind, such as `create_side_tag`.
    pub kind: String,
    /// Who runs it.
    pub runner: Runner,
    /// What is to be done, JSON.
    pub payload: String,
    /// How often it was issued; the current run.
    pub run: u32,
    /// When it was first issued.
    pub first_issued: Option<Timestamp>,
    /// When it was last issued: a creating call can have been sent until then and its time limit after.
    pub last_issued: Option<Timestamp>,
    /// When it is to be issued (again); `None` while an issued run is under way.
    pub due: Option<Timestamp>,
    /// Since when its neighbour has been unavailable, if it is.
    pub unavailable_since: Option<Timestamp>,
    /// The last thing that went wrong, for people.
    pub last_error: Option<String>,
    /// When it was wished for.
    pub created: Timestamp,
    /// When its outcome was known; open until then.
    pub closed: Option<Timestamp>,
    /// Its outcome, JSON.
    pub outcome: Option<String>,
}

/// A reason to rebuild one component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTrigger {
    /// Which component.
    pub component: Component,
    /// The tag the build was tagged into; with the build it is unique, but for triggers by people and by reconcile.
    pub tag: String,
    /// The build that was tagged.
    pub build: BuildId,
    /// Its NVR, as far as it was told.
    pub nvr: String,
    /// Where it came from, JSON; see the domain's `Cause`.
    pub cause: String,
    /// Whether a person asked, or reconcile: such a trigger is never swallowed as a repetition.
    pub by_person: bool,
    /// The bus message's id, if it came from one.
    pub message: Option<String>,
    /// When it came.
    pub created: Timestamp,
    /// Its answer, JSON, if it is answered at once; pending otherwise.
    pub answer: Option<String>,
    /// A short word for the answer, for counting.
    pub shown: Option<String>,
}

/// A trigger as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerRow {
    /// Our number.
    pub id: TriggerId,
    /// As it came.
    pub trigger: NewTrigger,
    /// The batch it is in, or was.
    pub batch: Option<BatchId>,
}

/// A bus message that could not be understood: kept, counted, not lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OddMessage {
    /// The message's id, or one made up.
    pub id: String,
    /// Its topic.
    pub topic: String,
    /// Its body, as text, cut at 64 KiB.
    pub body: String,
    /// What is wrong with it.
    pub fault: String,
    /// When it came.
    pub received: Timestamp,
}

/// A source that is not built again for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenyRow {
    /// The exact source.
    pub source: ScmUrl,
    /// Which component.
    pub component: Component,
    /// The failure's class.
    pub class: String,
    /// The last lines of the failure.
    pub text: String,
    /// The batch it failed in last; `None` if that was none of ours.
    pub batch: Option<BatchId>,
    /// The task it failed in last.
    pub task: Option<i64>,
    /// When it failed first.
    pub first: Timestamp,
    /// When it failed last.
    pub last: Timestamp,
    /// In how many batches it failed.
    pub count: u32,
    /// Until when it is not built.
    pub expires: Timestamp,
}

/// What a person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRequest {
    /// Who asks: the name of the token.
    pub who: String,
    /// When.
    pub asked: Timestamp,
    /// What is to be done, in a word.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Why, in the person's words.
    pub why: String,
    /// The same as the leader reads it, JSON.
    pub payload: String,
}

/// A request that the leader has not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRow {
    /// Its number.
    pub id: RequestId,
    /// What is to be done, JSON.
    pub payload: String,
}

/// An entry of the audit: it stays when its request is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number.
    pub id: RequestId,
    /// Who asked.
    pub who: String,
    /// When.
    pub asked: Timestamp,
    /// What was to be done, in a word.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Why.
    pub why: String,
    /// When it was answered; open until then.
    pub done: Option<Timestamp>,
    /// What came of it: `done`, or `refused: ` and a sentence.
    pub result: Option<String>,
}

/// A job that was set aside after it had used up its attempts, until a person decides on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadRow {
    /// The job's id.
    pub job: String,
    /// Its batch.
    pub batch: BatchId,
    /// The group whose update it was to make, if that was its work.
    pub update_group: Option<u32>,
    /// What kind of work.
    pub kind: String,
    /// The line for people.
    pub what: String,
    /// How often it began.
    pub attempts: u32,
    /// The last error.
    pub error: String,
    /// When it was set aside.
    pub since: Timestamp,
    /// Who held it, names with spaces between, the latest last; empty if that is not known.
    pub workers: String,
    /// What suffers for it, in words; empty if that is not known.
    pub suffers: String,
}

/// One change, to be written with others in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Inserts or replaces a batch.
    PutBatch(BatchRow),
    /// Inserts or replaces members, in bulk.
    PutMembers(Vec<MemberRow>),
    /// Inserts or replaces a group.
    PutGroup(GroupRow),
    /// Inserts or replaces effects, in bulk. One that is closed in the store stays as it is.
    PutEffects(Vec<EffectRow>),
    /// Inserts a trigger, unless the same (tag, build) is there from somewhere else than a person and was not answered
    /// `withdrawn`, or the same message is.
    AddTrigger(NewTrigger),
    /// Answers triggers: (which, answer as JSON, short word, batch). An answer once final is replaced only by a later
    /// step of the same batch. A trigger that a batch took is also made pending by an answer that names neither answer nor
    /// batch; one that was answered without a batch stays answered.
    AnswerTriggers(Vec<TriggerAnswer>),
    /// Keeps a message that could not be understood.
    KeepMessage(OddMessage),
    /// Denies a source: inserts, or raises `count` if it failed in another batch now, keeps `first` and replaces the rest. What
    /// failed in no batch of ours never replaces what lasts as long.
    Deny(DenyRow),
    /// Takes sources off the deny list.
    Undeny(Vec<ScmUrl>),
    /// Keeps a job that was set aside. Of more than [`MAX_DEAD_LETTERS`] the oldest go.
    PutDead(DeadRow),
    /// A person has decided on a job that was set aside: it leaves the list.
    DropDead {
        /// Which job.
        job: String,
    },
    /// Inserts or replaces something that belongs to nobody.
    PutOrphan(OrphanRow),
    /// It is gone, or belongs to somebody.
    DropOrphan {
        /// What kind of thing.
        kind: OrphanKind,
        /// Its name.
        name: String,
    },
    /// A person has confirmed the jump of a list. Nothing if there is no such list.
    ConfirmList {
        /// Which list.
        name: String,
        /// Which jump: since when it has been held.
        since: Timestamp,
    },
    /// Answers a person's request: it leaves the table of requests, and its audit entry is completed. One that is answered
    /// stays as it is.
    AnswerRequest {
        /// Which.
        id: RequestId,
        /// When.
        done: Timestamp,
        /// What came of it, see [`AuditRow::result`].
        result: String,
    },
    /// Remembers a named text, such as how far catch-up has come.
    PutMark {
        /// Its name.
        name: String,
        /// The text.
        value: String,
    },
}

/// The answer to one trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerAnswer {
    /// Which trigger.
    pub id: TriggerId,
    /// The answer, JSON; `None` makes it pending again.
    pub answer: Option<String>,
    /// A short word for it.
    pub shown: Option<String>,
    /// The batch that took it, if one did.
    pub batch: Option<BatchId>,
}

/// What may be forgotten: what is over, and older than these times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forget {
    /// Batches that ended before, with all that is theirs; denials that ran out before; terms that began before.
    pub history: Timestamp,
    /// Triggers that came before, and were answered without a batch; messages that came before and were not understood.
    pub triggers: Timestamp,
    /// Entries of the audit that were made before, and are answered.
    pub audit: Timestamp,
    /// Jobs that were set aside before.
    pub dead: Timestamp,
    /// Most rows of one kind in one call.
    pub most: u32,
}

/// What a commit did beyond what was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// For each `AddTrigger`, in order: its number, or `None` if it was there already.
    pub triggers: Vec<Option<TriggerId>>,
}

/// Who wants to lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Unique per start of a process.
    pub owner: String,
    /// The configured name of the instance: its own older lease is taken over at once.
    pub instance: String,
    /// How long a lease lasts without renewal.
    pub ttl: Duration,
}

/// The answer to a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lease {
    /// The candidate leads, from now for `ttl`.
    Leading {
        /// The term's number, higher than any before.
        epoch: Epoch,
    },
    /// Someone else does.
    Following {
        /// The leader's instance name.
        leader: String,
        /// How long until its lease runs out, if it is not renewed.
        remaining: Duration,
    },
}

/// Most jobs set aside that are kept.
pub const MAX_DEAD_LETTERS: u32 = 1_000;

/// Most entries of the deny list that are shown, or taken off it by one request.
pub const MAX_DENIALS: u32 = 5_000;

/// Most requests that wait for the leader.
pub const MAX_REQUESTS: u32 = 1_000;

/// The store.
///
/// # Errors
///
/// All methods fail with a [`StoreError`] whose kind says what to do.
#[async_trait]
pub trait Store: Send + Sync {
    /// Takes the lease if it is free, run out, the candidate's own, or an older start's of the same instance; renews it if
    /// it is the candidate's own. By the database's clock. A start that has led before does not take it from another start of
    /// its instance: so the older one never snatches it back.
    async fn lead(&self, candidate: &Candidate) -> Result<Lease, StoreError>;
    /// Gives the lease up, if it is the candidate's; its epoch can write nothing more.
    async fn resign(&self, candidate: &Candidate) -> Result<(), StoreError>;
    /// Writes all of this in one transaction, if `epoch` still leads.
    async fn commit(&self, epoch: Epoch, changes: Vec<Change>) -> Result<Committed, StoreError>;

    /// The batch that has not ended and does not linger, if there is one (there is never a second).
    async fn open_batch(&self) -> Result<Option<BatchRow>, StoreError>;
    /// The batches that have not ended and linger, oldest first.
    async fn lingering_batches(&self) -> Result<Vec<BatchRow>, StoreError>;
    /// A batch by number.
    async fn batch(&self, id: BatchId) -> Result<Option<BatchRow>, StoreError>;
    /// The batches that began last, newest first.
    async fn recent_batches(&self, limit: u32) -> Result<Vec<BatchRow>, StoreError>;
    /// The members of a batch, by component.
    async fn members(&self, batch: BatchId) -> Result<Vec<MemberRow>, StoreError>;
    /// The groups of a batch, by number.
    async fn groups(&self, batch: BatchId) -> Result<Vec<GroupRow>, StoreError>;
    /// Groups that are still open, of all batches.
    async fn open_groups(&self) -> Result<Vec<GroupRow>, StoreError>;
    /// Effects that are not closed, oldest first.
    async fn open_effects(&self) -> Result<Vec<EffectRow>, StoreError>;
    /// An effect by id.
    async fn effect(&self, id: &str) -> Result<Option<EffectRow>, StoreError>;
    /// Triggers without an answer, oldest first, at most `limit`.
    async fn pending_triggers(&self, limit: u32) -> Result<Vec<TriggerRow>, StoreError>;
    /// How many triggers have no answer, and since when the oldest waits.
    async fn pending_count(&self) -> Result<(u64, Option<Timestamp>), StoreError>;
    /// The triggers that a batch took.
    async fn batch_triggers(&self, batch: BatchId) -> Result<Vec<TriggerRow>, StoreError>;
    /// Which of these builds have a trigger for this tag, but for those that people or reconcile asked for, or that were
    /// withdrawn.
    async fn triggered(
        &self,
        tag: &TagName,
        builds: &[BuildId],
    ) -> Result<BTreeSet<BuildId>, StoreError>;
    /// The triggers of a component, newest first, at most `limit`.
    async fn component_triggers(
        &self,
        component: &Component,
        limit: u32,
    ) -> Result<Vec<TriggerRow>, StoreError>;
    /// What became of a component, newest batch first, at most `limit`.
    async fn component_members(
        &self,
        component: &Component,
        limit: u32,
    ) -> Result<Vec<MemberRow>, StoreError>;
    /// How many triggers there are by short word of answer (`pending` without one).
    async fn triggers_by_answer(&self) -> Result<Vec<(String, u64)>, StoreError>;
    /// The entries of the deny list for these sources that have not expired.
    async fn denied(&self, sources: &[ScmUrl], now: Timestamp) -> Result<Vec<DenyRow>, StoreError>;
    /// The deny list without what has expired, the latest failure first, at most `limit`.
    async fn denials(&self, now: Timestamp, limit: u32) -> Result<Vec<DenyRow>, StoreError>;
    /// How many messages could not be understood.
    async fn odd_messages(&self) -> Result<u64, StoreError>;
    /// Stores a person's request and its audit entry, in one transaction. Any instance may: no epoch is asked for. `None`, and
    /// nothing is stored, if [`MAX_REQUESTS`] wait already.
    async fn ask(&self, request: NewRequest) -> Result<Option<RequestId>, StoreError>;
    /// Writes an entry of the audit about what an instance does by itself; its number, which the store gives.
    async fn note(&self, entry: AuditRow) -> Result<RequestId, StoreError>;
    /// Requests without an answer, oldest first, at most `limit`.
    async fn requests(&self, limit: u32) -> Result<Vec<RequestRow>, StoreError>;
    /// The audit, newest first, at most `limit`.
    async fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError>;
    /// One entry of the audit.
    async fn audited(&self, id: RequestId) -> Result<Option<AuditRow>, StoreError>;
    /// Jobs set aside that nobody has decided on, oldest first, at most `limit`.
    async fn dead_letters(&self, limit: u32) -> Result<Vec<DeadRow>, StoreError>;
    /// What belongs to nobody, by kind and name, at most `limit`.
    async fn orphans(&self, limit: u32) -> Result<Vec<OrphanRow>, StoreError>;
    /// Whether the state of any group, over or not, has this text in it as a whole: a tag's name, an alias.
    async fn group_names(&self, name: &str) -> Result<bool, StoreError>;
    /// All package lists, by name.
    async fn lists(&self) -> Result<Vec<ListRow>, StoreError>;
    /// Writes a package list, but for what a person has confirmed, if nobody has written it since it was read; whether it was
    /// written. Whoever fetches may: no epoch is asked for.
    async fn put_list(&self, list: ListRow) -> Result<bool, StoreError>;
    /// Gives a number: one above the last of this name and above `above`, kept as a named text. Any instance may ask.
    async fn next_number(&self, name: &str, above: u64) -> Result<u64, StoreError>;
    /// A named text.
    async fn mark(&self, name: &str) -> Result<Option<String>, StoreError>;
    /// Removes a portion of what is over and old, if `epoch` still leads; how many rows went, 0 when nothing is left. What
    /// open work refers to stays: a batch with an open group or effect, with a trigger that is pending or a job set aside;
    /// a job set aside whose batch runs or whose group is open. So do the newest batch, trigger and entry of the audit: no
    /// number is given twice.
    async fn forget(&self, epoch: Epoch, forget: &Forget) -> Result<u64, StoreError>;
    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;
}
