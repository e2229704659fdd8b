//! A store on a file that somebody leads, for tests of the ways in.

use std::time::Duration;

use anyhow::Result;
use ebs_coordinator::store::{Candidate, Lease, Location, SqlStore, Store as _, StoreOptions};
use ebs_domain::id::Epoch;
use tempfile::TempDir;

/// Opens one in a folder of its own, and leads for ten minutes.
pub(crate) async fn led_store() -> Result<(TempDir, SqlStore, Epoch)> {
    let folder = TempDir::with_prefix("ebs-led-")?;
    let location = Location::Sqlite(folder.path().join("ebs.sqlite"));
    let store = SqlStore::open(&StoreOptions::new(location)).await?;
    let candidate = Candidate {
        owner: "a".to_owned(),
        instance: "a".to_owned(),
        ttl: Duration::from_secs(600),
    };
    match store.lead(&candidate).await? {
        Lease::Leading { epoch } => Ok((folder, store, epoch)),
        Lease::Following { leader, .. } => anyhow::bail!("{leader} leads a store of our own"),
    }
}
