//! What a term holds in memory: all of it read from the store at its beginning, and again after a doubtful commit.

use std::collections::{BTreeMap, btree_map::Entry};

use anyhow::Context as _;
use ebs_domain::{
    batch::{Batch, Group, Plan, Watch, watch_updates},
    id::{BatchId, Component, RequestId, TriggerId},
    time::Timestamp,
};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    ledger::{Ledger, Open},
    parts::Parts,
    siblings::Siblings,
};
use crate::{
    awaited::AWAITED,
    pause::{OperatorPause, PAUSE},
    store::{
        BatchRow, DeadRow, MAX_DEAD_LETTERS, MAX_ORPHANS, OrphanKind, OrphanRow, Store, TriggerRow,
    },
};

/// Most pending triggers that are taken into memory; more wait in the store for the next batch.
const MAX_PENDING: u32 = 100_000;

/// Groups of a batch that has ended, which are still on their way or held.
#[derive(Debug)]
pub(super) struct Late {
    pub(super) plan: Plan,
    pub(super) uuid: Uuid,
    pub(super) groups: BTreeMap<u32, Group>,
}

/// The state of a term.
#[derive(Debug)]
pub(super) struct State {
    pub(super) batch: Option<Batch>,
    /// The batch's own state as it is stored.
    pub(super) stored_batch: Option<String>,
    pub(super) newest_batch: i64,
    pub(super) last_ended: Option<Timestamp>,
    pub(super) late: BTreeMap<BatchId, Late>,
    pub(super) ledger: Ledger,
    pub(super) pending: BTreeMap<TriggerId, TriggerRow>,
    /// The triggers that the open batch took: they are pending again if it gives them back.
    pub(super) taken: BTreeMap<TriggerId, TriggerRow>,
    pub(super) last_eligible: Option<Timestamp>,
    /// Jobs set aside that nobody has decided on, by id.
    pub(super) dead: BTreeMap<String, DeadRow>,
    /// What belongs to nobody, by kind and name.
    pub(super) orphans: BTreeMap<(OrphanKind, String), OrphanRow>,
    /// The pause that a person asked for.
    pub(super) pause: Option<OperatorPause>,
    /// What is known of builds that belong with those that wait.
    pub(super) siblings: Siblings,
    /// The newest request that this term has looked at.
    pub(super) looked_at: Option<RequestId>,
}

impl State {
    /// Reads it all.
    pub(super) async fn load(parts: &Parts, mono: Instant) -> anyhow::Result<Self> {
        let store = &*parts.store;
        let row = store.open_batch().await?;
        let stored_batch = row.as_ref().map(|row| row.state.clone());
        let batch = match row {
            Some(row) => Some(load_batch(store, row).await?),
            None => None,
        };
        let recent = store.recent_batches(2).await?;
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
        let taken = match &batch {
            Some(batch) => store.batch_triggers(batch.id).await?,
            None => Vec::new(),
        };
        let dead = store.dead_letters(MAX_DEAD_LETTERS).await?;
        let orphans = store.orphans(MAX_ORPHANS).await?;
        let pause = OperatorPause::read(store.mark(PAUSE).await?.as_deref())?;
        let shown = store.mark(AWAITED).await?;
        Ok(Self {
            pause,
            siblings: Siblings::new(shown.unwrap_or_default(), mono),
            newest_batch: recent.iter().map(|row| row.id.get()).max().unwrap_or(0),
            last_ended: recent.iter().filter_map(|row| row.ended).max(),
            late: load_late(store, batch.as_ref().map(|batch| batch.id)).await?,
            last_eligible: pending.values().map(|row| row.trigger.created).max(),
            batch,
            stored_batch,
            ledger,
            pending,
            taken: taken.into_iter().map(|row| (row.id, row)).collect(),
            looked_at: None,
            orphans: orphans.into_iter().map(|row| ((row.kind, row.name.clone()), row)).collect(),
            dead: dead.into_iter().map(|row| (row.job.clone(), row)).collect(),
        })
    }

    /// Everything that is to be watched.
    pub(super) fn watches(&self) -> impl Iterator<Item = (BatchId, Watch)> {
        let of_batch = self
            .batch
            .iter()
            .flat_map(|batch| batch.watches().into_iter().map(|watch| (batch.id, watch)));
        let of_late = self
            .late
            .iter()
            .filter_map(|(id, late)| Some((*id, watch_updates(late.groups.values())?)));
        of_batch.chain(of_late)
    }

    /// The plan and UUID of a batch that is open, or has groups that are.
    pub(super) fn batch_plan(&self, id: BatchId) -> Option<(&Plan, Uuid)> {
        match &self.batch {
            Some(batch) if batch.id == id => Some((&batch.plan, batch.uuid)),
            Some(_) | None => self.late.get(&id).map(|late| (&late.plan, late.uuid)),
        }
    }
}

async fn load_batch(store: &dyn Store, row: BatchRow) -> anyhow::Result<Batch> {
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
    Ok(batch.restore(members, groups))
}

fn load_group(row: crate::store::GroupRow) -> anyhow::Result<(u32, Group)> {
    let group = serde_json::from_str(&row.state).with_context(|| {
        format!("cannot read group {} of batch {} from the store", row.number, row.batch)
    })?;
    Ok((row.number, group))
}

async fn load_late(
    store: &dyn Store,
    open: Option<BatchId>,
) -> anyhow::Result<BTreeMap<BatchId, Late>> {
    let mut late: BTreeMap<BatchId, Late> = BTreeMap::new();
    for row in store.open_groups().await?.into_iter().filter(|row| Some(row.batch) != open) {
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
    Ok(Late { plan: batch.plan, uuid: batch.uuid, groups: BTreeMap::new() })
}
