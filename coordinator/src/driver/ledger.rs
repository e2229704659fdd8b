//! The ledger in memory: open effects, when they are issued, and what is in doubt.
//!
//! Run 1 of a creating effect is just done. Every later run looks first; it creates only when `doubt_wait` has passed since
//! the last possible sending.

use std::{collections::BTreeMap, time::Duration};

use ebs_domain::{
    batch::Effect,
    id::{BatchId, RequestId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::now::Now;
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
    /// When the last look began that found nothing.
    #[serde(default)]
    pub(super) looked: Option<Timestamp>,
    /// Whether the batch is being aborted: it is settled by looking alone.
    #[serde(default)]
    pub(super) settle_only: bool,
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
        let entry = Entry {
            v: ENTRY_VERSION,
            no,
            effect,
            known: None,
            doubt: None,
            looked: None,
            settle_only: false,
        };
        let row = EffectRow {
            id: format!("b{batch}.{no}.{}", entry.effect.kind()),
            batch: Some(batch),
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
        Self { row, entry, due: Some(mono) }
    }

    /// A new wish of a group that has outlived its batch, made by a person's request. It has the group's number.
    pub(super) fn late(batch: BatchId, group: u32, by: RequestId, effect: Effect, at: Now) -> Self {
        let mut open = Self::new(batch, group, effect, at.wall, at.mono);
        // The batch counts its effects no more; a request's number comes only once.
        open.row.id = format!("b{batch}.r{by}.{}", open.row.kind);
        open
    }

    /// A wish that belongs to no batch: the n-th of this moment.
    pub(super) fn of_nobody(effect: Effect, number: usize, at: Now) -> Self {
        let mut open = Self::new(BatchId::new(0), 0, effect, at.wall, at.mono);
        open.row.batch = None;
        open.row.id = format!("o{}.{number}.{}", at.wall.millis(), open.row.kind);
        open
    }

    /// An effect as stored, after a start or a change of leader: what was issued, and has not come back, is in doubt.
    pub(super) fn restored(
        row: EffectRow,
        call_limit: Duration,
        mono: Instant,
    ) -> Result<Self, serde_json::Error> {
        let mut entry: Entry = serde_json::from_str(&row.payload)?;
        let by_leader = row.runner == Runner::Coordinator;
        let away = by_leader && row.due.is_none() && creates(&entry.effect);
        if let (true, Some(issued)) = (away, row.last_issued) {
            entry.doubt = entry.doubt.max(Some(issued + call_limit));
        }
        // A worker's run goes on without us, if the queue still has it; that is asked at once.
        let due = (by_leader || row.run == 0 || row.due.is_some()).then_some(mono);
        Ok(Self { row, entry, due })
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
        !self.entry.settle_only
            && self.entry.doubt.is_none_or(|last_sending| wall.since(last_sending) >= doubt_wait)
    }

    /// Whether nothing of it can be outside, now or later: it may simply be closed. Nothing was ever sent, or a look that
    /// began when a sending could have its effect no more has found nothing.
    pub(super) fn is_without_trace(&self, doubt_wait: Duration) -> bool {
        match (self.entry.doubt, self.entry.looked) {
            (None, _) => true,
            (Some(last_sending), Some(looked)) => looked.since(last_sending) >= doubt_wait,
            (Some(_), None) => false,
        }
    }

    /// To be issued again after a pause, since a neighbour was not available.
    pub(super) fn put_off(&mut self, why: &str, wall: Timestamp, mono: Instant, pause: Duration) {
        self.row.unavailable_since.get_or_insert(wall);
        self.again(why, wall, mono, pause);
    }

    /// To be looked for after a pause: its last run may have had its effect, or have it yet if it is sent as late as
    /// `last_sending`.
    pub(super) fn doubt(&mut self, why: &str, last_sending: Timestamp, at: Now, pause: Duration) {
        self.row.unavailable_since = None;
        self.entry.doubt = self.entry.doubt.max(Some(last_sending));
        self.entry.looked = None;
        self.again(why, at.wall, at.mono, pause);
    }

    /// A look found nothing: to be looked for again after a pause.
    pub(super) fn not_found(&mut self, why: &str, at: Now, pause: Duration) {
        self.row.unavailable_since = None;
        self.entry.looked = self.row.last_issued;
        self.again(why, at.wall, at.mono, pause);
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

/// Whether this effect makes a side tag, and has to wait until another has made its own: a lost answer then leaves one candidate
/// at most, whichever batch it is of. One that was begun goes first, then the older.
pub(super) fn another_tag_first(ledger: &Ledger, effect: &str) -> bool {
    let turn = |open: &Open| (open.row.run == 0, open.row.created, open.row.id.clone());
    let makers = || ledger.values().filter(|open| open.row.kind == "create_side_tag");
    let mine = makers().find(|open| open.row.id == effect).map(turn);
    mine.is_some_and(|mine| makers().any(|other| turn(other) < mine))
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

#[cfg(test)]
mod tests;
