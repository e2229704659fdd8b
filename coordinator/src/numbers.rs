//! Numbers of snapshots: one sequence for all instances and all their starts, kept in the store. Does *not* make snapshots.

use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use serde::Deserialize;

use crate::store::Store;

/// The name of the newest number in the store.
pub const NEWEST: &str = "newest_snapshot";

/// The most batches that are looked at for numbers of before they were kept.
const BATCHES: u32 = 1_000;

/// What a stored batch says of its snapshot, whatever the version of the rest.
#[derive(Deserialize)]
struct Shown {
    plan: Numbered,
}

#[derive(Deserialize)]
struct Numbered {
    snapshot: u64,
}

/// Gives numbers that no snapshot has had.
#[async_trait]
pub trait Numbers: Send + Sync {
    /// One above all that any instance was given, and above `own`, the caller's last.
    ///
    /// # Errors
    ///
    /// None can be given now.
    async fn next(&self, own: u64) -> anyhow::Result<u64>;
}

/// Numbers as the store keeps them.
pub struct KeptNumbers {
    /// The store.
    pub store: Arc<dyn Store>,
}

#[async_trait]
impl Numbers for KeptNumbers {
    async fn next(&self, own: u64) -> anyhow::Result<u64> {
        const WHAT: &str = "cannot number the snapshot";
        // Above `own`, should the store be an older one than that: restored from a backup beneath us.
        let number = self.store.next_number(NEWEST, own).await.context(WHAT)?;
        if number > 1 {
            return Ok(number);
        }
        // The first that is kept. Batches may be older: each start of a program counted anew then.
        let batches = self.store.recent_batches(BATCHES).await.context(WHAT)?;
        let shown = batches.iter().filter_map(|row| serde_json::from_str::<Shown>(&row.state).ok());
        match shown.map(|shown| shown.plan.snapshot).max() {
            None => Ok(number),
            Some(shown) => self.store.next_number(NEWEST, shown).await.context(WHAT),
        }
    }
}

#[cfg(test)]
mod tests;
