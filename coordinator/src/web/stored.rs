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
pub fn read<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| {
        let kind = StoreErrorKind::Broken(format!("cannot read {what}: {error}"));
        StoreError { what: "read state", kind }
    })
}

/// A batch with its components and groups.
pub(super) async fn batch(store: &dyn Store, row: &BatchRow) -> Result<Batch, StoreError> {
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
