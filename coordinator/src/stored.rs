//! State read back from the store's texts, for showing and judging. Does *not* change any.

use std::collections::BTreeMap;

use ebs_domain::batch::Batch;
use serde::de::DeserializeOwned;

use crate::store::{BatchRow, Store, StoreError, StoreErrorKind};

/// What a text of the store holds.
///
/// # Errors
///
/// It cannot be read: what it is, and why.
pub(crate) fn read<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| {
        let kind = StoreErrorKind::Broken(format!("cannot read {what}: {error}"));
        StoreError { what: "read state", kind }
    })
}

/// The batches that have not ended: those that linger, oldest first, and the one that holds up the next.
pub(crate) async fn at_work(store: &dyn Store) -> Result<Vec<Batch>, StoreError> {
    let mut batches = Vec::new();
    for row in store.lingering_batches().await?.iter().chain(&store.open_batch().await?) {
        batches.push(batch(store, row).await?);
    }
    Ok(batches)
}

/// A batch with its components and groups.
pub(crate) async fn batch(store: &dyn Store, row: &BatchRow) -> Result<Batch, StoreError> {
    let batch: Batch = read("a batch", &row.state)?;
    let (mut members, mut groups) = (BTreeMap::new(), BTreeMap::new());
    for row in store.members(row.id).await? {
        members.insert(row.component, read("a component of a batch", &row.state)?);
    }
    for row in store.groups(row.id).await? {
        groups.insert(row.number, read("a group", &row.state)?);
    }
    Ok(batch.restore(members, groups))
}
