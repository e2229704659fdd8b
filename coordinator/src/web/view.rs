//! What the page and `/status.json` show. Made by whoever knows the domain's state; nothing here reads the store.
//!
//! Times are milliseconds since the Unix epoch, UTC.

use std::collections::BTreeMap;

use async_trait::async_trait;
use ebs_domain::{
    batch::Summary,
    id::{BatchId, Component, TagName, TaskId, TriggerId},
    time::Timestamp,
};
use ebs_shared::credentials::Standing;
use serde::Serialize;

use super::{ListView, PauseView, ReconcileView};
use crate::{
    shadow::Report,
    store::{DeadRow, OrphanRow, StoreError},
};

/// Where the overview comes from.
#[async_trait]
pub trait Pages: Send + Sync {
    /// The state of things now.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    async fn snapshot(&self) -> Result<Overview, StoreError>;
}

/// All that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// The version of the program.
    pub version: String,
    /// When this was true.
    pub now: Timestamp,
    /// Who leads; nobody at the moment if absent.
    pub leader: Option<LeaderView>,
    /// How the configuration of this instance stands.
    pub configuration: ConfigurationView,
    /// Why no new batch begins, if that was decided: all sources in a line.
    pub paused: Option<String>,
    /// The same, each source by itself.
    pub pauses: Vec<PauseView>,
    /// The builds that the next batch waits for, in sentences, by update.
    pub awaited: Vec<String>,
    /// Koji's pages for people, such as `https://koji.fedoraproject.org/koji`, without a slash at its end.
    pub web_url: String,
    /// The tags that trigger, the one that the configuration names first.
    pub trigger_tags: Vec<TagView>,
    /// The batch under way.
    pub current: Option<BatchView>,
    /// Batches of which only detached builds are still waited for, oldest first. They hold up no batch.
    pub lingering: Vec<BatchView>,
    /// How many triggers wait.
    pub pending_total: u64,
    /// The first of them, oldest first.
    pub pending: Vec<TriggerView>,
    /// Groups of batches before that are still to be done: held, or late. They hold up no batch.
    pub earlier_groups: Vec<EarlierGroupView>,
    /// The batches before, newest first.
    pub recent: Vec<RecentView>,
    /// How many triggers have which answer; `pending` are those without one.
    pub triggers_by_answer: BTreeMap<String, u64>,
    /// Jobs set aside that nobody has decided on, oldest first.
    pub dead: Vec<DeadView>,
    /// Certificates and tokens of this instance that end within 30 days, are over, or cannot be read.
    pub credentials: Vec<Standing>,
    /// What is ours in Koji and Bodhi and belongs to nobody here, oldest first.
    pub orphans: Vec<OrphanView>,
    /// Package lists, by name.
    pub lists: Vec<ListView>,
    /// What ELN lacks, as it was found last; absent if it was never looked for.
    pub reconcile: Option<ReconcileView>,
    /// What shadow mode has compared last; absent in a service that builds.
    pub shadow: Option<Report>,
    /// Effects whose outcome is not known.
    pub effects_open: u64,
    /// Results for closed effects, older runs and past polls, since this process began to lead.
    pub stale_results: u64,
    /// Triggers that the archive of the bus told of, since this process began to lead.
    pub caught_up: u64,
    /// Triggers that only Koji's own record told of, since this process began to lead.
    pub late_found: u64,
    /// Results by worker, since this process began to lead.
    pub jobs_by_worker: BTreeMap<String, u64>,
}

/// How the configuration of an instance stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConfigurationView {
    /// The number of the snapshot in use, which no other snapshot of any instance has; none yet if absent.
    pub snapshot: Option<u64>,
    /// Which commit, or which text, of which place it comes from.
    pub origin: Option<String>,
    /// When it was accepted.
    pub loaded: Option<Timestamp>,
    /// When it was last tried to make one.
    pub tried: Option<Timestamp>,
    /// Why the last try was refused; it was not if absent.
    pub refused: Option<String>,
    /// What has changed lately, the newest first, as far as this process has seen it.
    pub changes: Vec<ConfigurationChange>,
}

/// How a snapshot differs from the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigurationChange {
    /// Its number.
    pub snapshot: u64,
    /// Which commit, or which text, of which place it comes from, and by whom.
    pub origin: String,
    /// When it was accepted.
    pub at: Timestamp,
    /// The difference: a sentence for each kind.
    pub sentences: Vec<String>,
}

/// Who leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeaderView {
    /// The instance's name.
    pub instance: String,
    /// Whether this very process is it.
    pub here: bool,
}

/// A tag whose builds trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TagView {
    /// The tag.
    pub tag: TagName,
    /// Since when the configuration names it; absent for a former one.
    pub since: Option<Timestamp>,
    /// The one that it took the place of, if that triggers too.
    pub instead_of: Option<TagName>,
    /// Until when a former one triggers.
    pub until: Option<Timestamp>,
    /// When Koji's own record of it was last compared with what we heard; absent before the first time.
    pub compared: Option<Timestamp>,
    /// When that was done for the first time.
    pub first_compared: Option<Timestamp>,
    /// How many builds were in it then that have triggered nothing: they are built on a person's word only.
    pub untriggered: u64,
}

/// A batch under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BatchView {
    /// Its number.
    pub id: BatchId,
    /// Its phase, such as `building`.
    pub phase: String,
    /// Since when it is in this phase.
    pub phase_since: Timestamp,
    /// When it was formed.
    pub created: Timestamp,
    /// Its build side tag, once there is one.
    pub side_tag: Option<String>,
    /// What it waits for that should not be: an outage, and since when. In words.
    pub waiting: Option<String>,
    /// Its slices, in their order.
    pub slices: Vec<SliceView>,
    /// Its builds.
    pub builds: Vec<BuildView>,
    /// Its updates.
    pub groups: Vec<GroupView>,
}

/// A slice of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SliceView {
    /// Its order number.
    pub order: i64,
    /// Its current or last attempt; 0 before the first.
    pub attempt: u32,
    /// How many of its builds are in which state; those with none left out.
    pub builds: Vec<StateCount>,
}

/// How many builds are in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StateCount {
    /// The state.
    pub state: BuildState,
    /// How many.
    pub count: u32,
}

/// Where a build is, as shown. The order is that of the page: what needs eyes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildState {
    /// It ended as failed.
    Failed,
    /// It took too long.
    TimedOut,
    /// Somebody else cancelled it.
    Cancelled,
    /// A task of it runs.
    Building,
    /// It is on its way into Koji.
    Submitting,
    /// It goes on without the batch waiting for it.
    Detached,
    /// It has not begun.
    Waiting,
    /// An operator took it out.
    Dropped,
    /// It is built.
    Succeeded,
}

/// One component of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BuildView {
    /// Which component.
    pub component: Component,
    /// The order number of its slice.
    pub order: i64,
    /// Its current or last attempt; 0 before the first.
    pub attempt: u32,
    /// Where it is.
    pub state: BuildState,
    /// Whether its batch goes on, or has gone on, without waiting for its end.
    pub detached: bool,
    /// Since when.
    pub since: Timestamp,
    /// The class of its failure.
    pub class: Option<String>,
    /// The failure, in words.
    pub text: Option<String>,
    /// Its current or last task.
    pub task: Option<TaskId>,
    /// What was built, or is to be.
    pub nvr: Option<String>,
}

/// One update of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupView {
    /// Its number in the batch, from 1.
    pub number: u32,
    /// Bodhi's name for it, once it is posted.
    pub alias: Option<String>,
    /// Its page in Bodhi.
    pub url: Option<String>,
    /// Where it is, in a word.
    pub status: String,
    /// How many builds it has.
    pub builds: u32,
    /// Why it is held, or ended otherwise than stable.
    pub text: Option<String>,
}

/// A group that has outlived its batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EarlierGroupView {
    /// Its batch.
    pub batch: BatchId,
    /// The group.
    pub group: GroupView,
}

/// A job that was set aside after it had used up its attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadView {
    /// Its id.
    pub job: String,
    /// What kind of work.
    pub kind: String,
    /// The work in a line.
    pub what: String,
    /// How often it began.
    pub attempts: u32,
    /// The last error.
    pub error: String,
    /// When it was set aside.
    pub since: Timestamp,
    /// Its batch.
    pub batch: BatchId,
    /// Who held it, the latest last.
    pub workers: Vec<String>,
    /// What suffers for it: builds, tasks or a group, and nothing else.
    pub suffers: String,
}

impl From<DeadRow> for DeadView {
    fn from(row: DeadRow) -> Self {
        let DeadRow { job, batch, kind, what, attempts, error, since, suffers, .. } = row;
        let workers = row.workers.split_whitespace().map(str::to_owned).collect();
        Self { job, kind, what, attempts, error, since, batch, workers, suffers }
    }
}

/// Something of ours in Koji or Bodhi that belongs to nobody here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrphanView {
    /// `side_tag`, `task` or `update`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it is, in words.
    pub what: String,
    /// When it was first found.
    pub first_seen: Timestamp,
    /// When it was last found.
    pub last_seen: Timestamp,
    /// From when on it is removed or cancelled by policy; absent, a person must decide.
    pub removal: Option<Timestamp>,
}

impl From<OrphanRow> for OrphanView {
    fn from(row: OrphanRow) -> Self {
        let OrphanRow { kind, name, what, first_seen, last_seen, removal } = row;
        Self { kind: kind.word().to_owned(), name, what, first_seen, last_seen, removal }
    }
}

/// A trigger that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TriggerView {
    /// Its number.
    pub id: TriggerId,
    /// Which component.
    pub component: Component,
    /// The build that was tagged.
    pub nvr: String,
    /// Where it came from, in a word or two.
    pub cause: String,
    /// Whether it was found late, in the archive of the bus or in Koji's own record.
    pub late: bool,
    /// When it came.
    pub created: Timestamp,
}

/// A batch that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecentView {
    /// Its number.
    pub id: BatchId,
    /// How it ended: `done`, `empty`, `aborted`.
    pub outcome: String,
    /// When it was formed.
    pub created: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// How many components it had.
    pub components: u32,
    /// How many were built.
    pub succeeded: u32,
    /// How many failed.
    pub failed: u32,
    /// How many took too long, were cancelled or dropped.
    pub others: u32,
    /// How many updates it made.
    pub updates: u32,
    /// All its figures.
    pub summary: Summary,
    /// Its builds; only of the newest batches, empty for others.
    pub builds: Vec<BuildView>,
}
