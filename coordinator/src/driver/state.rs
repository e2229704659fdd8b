//! What a term holds in memory: all of it read from the store at its beginning, and again after a doubtful commit.

use std::collections::{BTreeMap, btree_map::Entry};

use anyhow::Context as _;
use ebs_domain::{
    batch::{Batch, Group, Plan, Watch, watch_updates},
    id::{BatchId, Component, RequestId, TriggerId},
    time::Timestamp,
};
use tokio::time::Instant;

use super::{
    foreseen::{Formed, MAX_FORMED},
    ledger::{Ledger, Open},
    parts::Parts,
    siblings::Siblings,
    underway::Underway,
};
use crate::{
    awaited::AWAITED,
    pause::{OperatorPause, PAUSE},
    store::{
        BatchRow, DeadRow, GroupRow, MAX_DEAD_LETTERS, MAX_ORPHANS, OrphanKind, OrphanRow, Store,
        TriggerRow,
    },
};

/// Most pending triggers that are taken into memory; more wait in the store for the next batch.
const MAX_PENDING: u32 = 100_000;

/// Groups of a batch that has ended, which are still on their way or held.
#[derive(Debug)]
pub(super) struct Late {
    pub(super) plan: Plan,
    /// When the build that triggered each component was heard of.
    pub(super) heard: BTreeMap<Component, Timestamp>,
    pub(super) groups: BTreeMap<u32, Group>,
}

/// The state of a term.
#[derive(Debug)]
pub(super) struct State {
    /// The batches that have not ended: at most one builds, others linger.
    pub(super) underway: BTreeMap<BatchId, Underway>,
    pub(super) newest_batch: i64,
    pub(super) last_ended: Option<Timestamp>,
    pub(super) late: BTreeMap<BatchId, Late>,
    pub(super) ledger: Ledger,
    pub(super) pending: BTreeMap<TriggerId, TriggerRow>,
    pub(super) last_eligible: Option<Timestamp>,
    /// Jobs set aside that nobody has decided on, by id.
    pub(super) dead: BTreeMap<String, DeadRow>,
    /// What belongs to nobody, by kind and name.
    pub(super) orphans: BTreeMap<(OrphanKind, String), OrphanRow>,
    /// The pause that a person asked for.
    pub(super) pause: Option<OperatorPause>,
    /// What is known of builds that belong with those that wait.
    pub(super) siblings: Siblings,
    /// The batches that were formed last.
    pub(super) formed: Formed,
    /// The newest request that this term has looked at.
    pub(super) looked_at: Option<RequestId>,
}

impl State {
    /// Reads it all.
    pub(super) async fn load(parts: &Parts, mono: Instant) -> anyhow::Result<Self> {
        let store = &*parts.store;
        let lingering = store.lingering_batches().await?;
        let lingers_since = lingering.iter().map(|row| row.phase_since).max();
        let mut underway = BTreeMap::new();
        for row in lingering.into_iter().chain(store.open_batch().await?) {
            underway.insert(row.id, load_batch(store, row, mono).await?);
        }
        let recent = store.recent_batches(MAX_FORMED).await?;
        let mut ledger = Ledger::new();
        for row in store.open_effects().await? {
            let id = row.id.clone();
            let open = Open::restored(row, parts.settings.call_limit, mono)
                .with_context(|| format!("cannot read effect {id} from the store"))?;
            ledger.insert(id, open);
        }
        let pending: BTreeMap<TriggerId, TriggerRow> = store
            .pending_triggers(MAX_PENDING)
            .await?
            .into_iter()
            .map(|row| (row.id, row))
            .collect();
        let dead = store.dead_letters(MAX_DEAD_LETTERS).await?;
        let orphans = store.orphans(MAX_ORPHANS).await?;
        let pause = OperatorPause::read(store.mark(PAUSE).await?.as_deref())?;
        let shown = store.mark(AWAITED).await?;
        Ok(Self {
            pause,
            siblings: Siblings::new(shown.unwrap_or_default(), mono),
            newest_batch: recent.iter().map(|row| row.id.get()).max().unwrap_or(0),
            last_ended: recent.iter().take(2).filter_map(|row| row.ended).max().max(lingers_since),
            formed: Formed::of(recent.iter().map(|row| (row.id, row.created))),
            late: load_late(store, &underway).await?,
            last_eligible: pending.values().map(|row| row.trigger.created).max(),
            underway,
            ledger,
            pending,
            looked_at: None,
            orphans: orphans.into_iter().map(|row| ((row.kind, row.name.clone()), row)).collect(),
            dead: dead.into_iter().map(|row| (row.job.clone(), row)).collect(),
        })
    }

    /// A batch that has not ended.
    pub(super) fn batch(&self, id: BatchId) -> Option<&Batch> {
        self.underway.get(&id).map(|underway| &underway.batch)
    }

    /// All that have not ended.
    pub(super) fn batches(&self) -> impl Iterator<Item = &Batch> {
        self.underway.values().map(|underway| &underway.batch)
    }

    /// Whether there is one that the next has to wait for. One that has ended makes room when that is stored.
    pub(super) fn is_held_up(&self) -> bool {
        self.batches().any(|batch| !batch.lingers)
    }

    /// Everything that is to be watched.
    pub(super) fn watches(&self) -> impl Iterator<Item = (BatchId, Watch)> {
        let of_batch = self
            .batches()
            .flat_map(|batch| batch.watches().into_iter().map(|watch| (batch.id, watch)));
        let of_late = self
            .late
            .iter()
            .filter_map(|(id, late)| Some((*id, watch_updates(late.groups.values())?)));
        of_batch.chain(of_late)
    }

    /// The plan of a batch that is open, or has groups that are.
    pub(super) fn batch_plan(&self, id: BatchId) -> Option<&Plan> {
        let of_late = || self.late.get(&id).map(|late| &late.plan);
        self.batch(id).map(|batch| &batch.plan).or_else(of_late)
    }
}

async fn load_batch(store: &dyn Store, row: BatchRow, mono: Instant) -> anyhow::Result<Underway> {
    let batch: Batch = serde_json::from_str(&row.state)
        .with_context(|| format!("cannot read batch {} from the store", row.id))?;
    let mut members: BTreeMap<Component, _> = BTreeMap::new();
    for row in store.members(row.id).await? {
        let member = serde_json::from_str(&row.state).with_context(|| {
            format!("cannot read `{}` of batch {} from the store", row.component, row.batch)
        })?;
        members.insert(row.component, member);
    }
    let groups =
        store.groups(row.id).await?.into_iter().map(load_group).collect::<anyhow::Result<_>>()?;
    let mut underway = Underway::new(batch.restore(members, groups), Some(row.state), mono);
    let taken = store.batch_triggers(row.id).await?;
    underway.taken = taken.into_iter().map(|row| (row.id, row)).collect();
    Ok(underway)
}

fn load_group(row: GroupRow) -> anyhow::Result<(u32, Group)> {
    let group = serde_json::from_str(&row.state).with_context(|| {
        format!("cannot read group {} of batch {} from the store", row.number, row.batch)
    })?;
    Ok((row.number, group))
}

async fn load_late(
    store: &dyn Store,
    underway: &BTreeMap<BatchId, Underway>,
) -> anyhow::Result<BTreeMap<BatchId, Late>> {
    let mut late: BTreeMap<BatchId, Late> = BTreeMap::new();
    let ended = |row: &GroupRow| !underway.contains_key(&row.batch);
    for row in store.open_groups().await?.into_iter().filter(ended) {
        let id = row.batch;
        let (number, group) = load_group(row)?;
        let of_batch = match late.entry(id) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(load_ended(store, id).await?),
        };
        of_batch.groups.insert(number, group);
    }
    Ok(late)
}

async fn load_ended(store: &dyn Store, id: BatchId) -> anyhow::Result<Late> {
    let row = store.batch(id).await?.with_context(|| format!("batch {id} is not in the store"))?;
    let batch: Batch = serde_json::from_str(&row.state)
        .with_context(|| format!("cannot read batch {id} from the store"))?;
    let taken = store.batch_triggers(id).await?.into_iter();
    let heard = taken.map(|row| (row.trigger.component, row.trigger.created)).collect();
    Ok(Late { plan: batch.plan, heard, groups: BTreeMap::new() })
}
