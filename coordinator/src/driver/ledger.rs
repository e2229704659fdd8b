//! The ledger in memory: open effects, when they are issued, and what is in doubt.
//!
//! Run 1 of a creating effect is just done. Every later run looks first; it creates only when `doubt_wait` has passed since
//! the last possible sending.

use std::{collections::BTreeMap, time::Duration};

use ebs_domain::{batch::Effect, id::BatchId, time::Timestamp};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::store::{EffectRow, Runner};

/// What is stored of an effect beside its columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Version of this shape.
    pub(super) v: u32,
    /// The batch's number of it.
    pub(super) no: u32,
    /// What is to be done.
    pub(super) effect: Effect,
    /// For a side tag: the numbers of those that existed before the first run.
    pub(super) known: Option<Vec<i64>>,
    /// The last moment at which a sending whose outcome is unknown can have happened.
    pub(super) doubt: Option<Timestamp>,
}

/// The version of [`Entry`] that this program writes.
const ENTRY_VERSION: u32 = 1;

/// An open effect.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) row: EffectRow,
    pub(super) entry: Entry,
    /// When it is to be issued; `None` while a run is under way.
    pub(super) due: Option<Instant>,
    /// Whether the batch is being aborted: it is settled by looking alone.
    pub(super) settle_only: bool,
}

/// All open effects, by id.
pub(super) type Ledger = BTreeMap<String, Open>;

impl Open {
    /// A new wish of a batch.
    pub(super) fn new(
        batch: BatchId,
        no: u32,
        effect: Effect,
        wall: Timestamp,
        mono: Instant,
    ) -> Self {
        let entry = Entry { v: ENTRY_VERSION, no, effect, known: None, doubt: None };
        let row = EffectRow {
            id: format!("b{batch}.{no}.{}", entry.effect.kind()),
            batch,
            kind: entry.effect.kind().to_owned(),
            runner: runner(&entry.effect),
            payload: String::new(),
            run: 0,
            first_issued: None,
            last_issued: None,
            due: Some(wall),
            unavailable_since: None,
            last_error: None,
            created: wall,
            closed: None,
            outcome: None,
        };
        Self { row, entry, due: Some(mono), settle_only: false }
    }

    /// An effect as stored, after a start or a change of leader: what was issued is in doubt.
    pub(super) fn restored(
        row: EffectRow,
        call_limit: Duration,
        mono: Instant,
    ) -> Result<Self, serde_json::Error> {
        let mut entry: Entry = serde_json::from_str(&row.payload)?;
        let by_leader = row.runner == Runner::Coordinator;
        if let (true, true, Some(issued)) = (by_leader, creates(&entry.effect), row.last_issued) {
            entry.doubt = entry.doubt.max(Some(issued + call_limit));
        }
        // A worker's run goes on without us, if the queue still has it; that is asked at once.
        let due = (by_leader || row.run == 0 || row.due.is_some()).then_some(mono);
        Ok(Self { row, entry, due, settle_only: false })
    }

    /// Counts a new run, begun now.
    pub(super) fn issue(&mut self, wall: Timestamp) {
        self.row.run += 1;
        self.row.first_issued.get_or_insert(wall);
        self.row.last_issued = Some(wall);
        self.row.due = None;
        self.due = None;
    }

    /// Whether a run may create, or must only look.
    pub(super) fn may_create(&self, wall: Timestamp, doubt_wait: Duration) -> bool {
        !self.settle_only
            && self.entry.doubt.is_none_or(|last_sending| wall.since(last_sending) >= doubt_wait)
    }

    /// Whether nothing of it can be outside, now or later: it may simply be closed.
    pub(super) fn is_without_trace(&self, wall: Timestamp, doubt_wait: Duration) -> bool {
        self.row.run == 0
            || self.entry.doubt.is_some_and(|last_sending| wall.since(last_sending) >= doubt_wait)
    }

    /// To be issued again after a pause, since a neighbour was not available.
    pub(super) fn put_off(&mut self, why: &str, wall: Timestamp, mono: Instant, pause: Duration) {
        self.row.unavailable_since.get_or_insert(wall);
        self.again(why, wall, mono, pause);
    }

    /// To be looked for after a pause: its last run may have had its effect.
    pub(super) fn doubt(&mut self, why: &str, wall: Timestamp, mono: Instant, pause: Duration) {
        self.row.unavailable_since = None;
        self.entry.doubt = Some(wall);
        self.again(why, wall, mono, pause);
    }

    /// To be issued again after a pause, with nothing new known.
    pub(super) fn again(&mut self, why: &str, wall: Timestamp, mono: Instant, pause: Duration) {
        self.row.last_error = Some(why.to_owned());
        self.row.due = Some(wall + pause);
        self.due = Some(mono + pause);
    }

    /// The row to store.
    pub(super) fn to_row(&self) -> Result<EffectRow, serde_json::Error> {
        Ok(EffectRow { payload: serde_json::to_string(&self.entry)?, ..self.row.clone() })
    }

    /// The id of the job that carries the current run.
    pub(super) fn job(&self) -> String {
        job_id(&self.row.id, self.row.run)
    }
}

/// The id of the job that carries one run of an effect or one poll of a watch.
pub(super) fn job_id(of: &str, run: u32) -> String {
    format!("{of}#{run}")
}

fn runner(effect: &Effect) -> Runner {
    match effect {
        Effect::CreateSideTag { .. }
        | Effect::TagBuilds { .. }
        | Effect::PromoteBuilds { .. }
        | Effect::RequestRepo { .. }
        | Effect::RemoveSideTag { .. } => Runner::Coordinator,
        Effect::SubmitBuilds { .. } | Effect::CancelTasks { .. } | Effect::SubmitUpdate { .. } => {
            Runner::Worker
        }
    }
}

/// Whether running it twice would make something twice.
pub(super) fn creates(effect: &Effect) -> bool {
    match effect {
        Effect::CreateSideTag { .. }
        | Effect::SubmitBuilds { .. }
        | Effect::SubmitUpdate { .. } => true,
        Effect::TagBuilds { .. }
        | Effect::PromoteBuilds { .. }
        | Effect::RequestRepo { .. }
        | Effect::RemoveSideTag { .. }
        | Effect::CancelTasks { .. } => false,
    }
}
