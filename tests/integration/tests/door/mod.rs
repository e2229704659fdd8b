//! A driver's door behind which triggers and marks are stored in one commit, and nothing else is done.

use std::sync::Arc;

use anyhow::Result;
use ebs_coordinator::{
    driver::{Handle, Input, Sighting},
    store::{Change, NewTrigger, SqlStore, Store as _},
};
use ebs_domain::id::{Component, Epoch};
use ebs_shared::clock::{Clock as _, System};
use tokio::task::JoinSet;

/// Opens it, for as long as these tasks run.
pub(crate) fn door(store: &Arc<SqlStore>, epoch: Epoch, tasks: &mut JoinSet<()>) -> Handle {
    let (driver, mut inputs) = Handle::channel();
    let store = Arc::clone(store);
    tasks.spawn(async move {
        while let Some(input) = inputs.recv().await {
            let Input::Intake { sightings, marks, stored, .. } = input else { continue };
            let triggers = sightings.into_iter().map(|it| trigger(it).map(Change::AddTrigger));
            let Ok(mut changes) = triggers.collect::<Result<Vec<_>>>() else { return };
            changes.extend(marks.into_iter().map(|(name, value)| Change::PutMark { name, value }));
            if store.commit(epoch, changes).await.is_ok() {
                let _ = stored.send(());
            }
        }
    });
    driver
}

fn trigger(sighting: Sighting) -> Result<NewTrigger> {
    Ok(NewTrigger {
        component: Component::from(&sighting.package),
        tag: sighting.tag.to_string(),
        build: sighting.build,
        nvr: sighting.nvr,
        cause: serde_json::to_string(&sighting.cause)?,
        by_person: sighting.cause.is_deliberate(),
        message: sighting.message,
        created: System.now(),
        answer: None,
        shown: None,
    })
}
