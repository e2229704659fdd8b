//! What was open in the service before: judged row by row, stored once, built by the next batch.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ebs_coordinator::{
    manual::import::{FailedRow, Fate, WaitingRow},
    wish::Wish,
};

use crate::{
    dead::{ask, result},
    manual::asking,
    world::World,
};

#[tokio::test(start_paused = true)]
async fn what_comes_over_while_a_batch_runs_is_stored_once_and_built_by_the_next() -> Result<()> {
    let mut world = World::new(&["bash", "sed"])?;
    let leader = world.lead().await?;
    leader.sight(world.sightings(&["bash"])?).await?;
    // There is no worker yet.
    world.until("a batch runs", |world| world.store.phase() == "preparing").await?;
    let now = world.parts.clock.now();
    let sed = world.sighting("rawhide", "sed", "1")?;
    let row = [WaitingRow { component: "sed".to_owned(), build: sed.build, created: now }];
    let source = "git+https://src.example.org/rpms/bash#old".to_owned();
    let failed = [FailedRow { source, created: now }];
    let judged = asking(&world)?.judge_rows(&row, &failed).await?;
    let wish = Wish::Import {
        what: "triggers: 1, denied sources: 1".to_owned(),
        triggers: judged.waited,
        denied: judged.failed,
    };
    // As if it had been asked for twice at the same moment.
    for _ in 0..2 {
        let told = ask(&world, wish.clone()).await?;
        ensure!(result(&told) == "done", "{told:?}");
    }
    let denied: Vec<_> = world.store.rows().denied.values().cloned().collect();
    ensure!(denied.len() == 1 && denied[0].batch.is_none() && denied[0].count == 1, "{denied:?}");
    ensure!(denied[0].text == "taken over by token/alice from the service before (it is mended)");
    let again = asking(&world)?.judge_rows(&row, &failed).await?;
    ensure!(again.waited.is_empty() && again.failed.is_empty(), "{again:?}");
    world.start_worker()?;
    let answers = |world: &World| -> Vec<Option<String>> {
        world.store.rows().triggers.values().map(|row| row.trigger.shown.clone()).collect()
    };
    let built = Some("built".to_owned());
    world.until("both are built", |world| answers(world) == [built.clone(), built.clone()]).await?;
    let trigger = world.store.rows().triggers.values().next_back().cloned().context("a trigger")?;
    ensure!(!trigger.trigger.by_person && trigger.trigger.created >= now, "{trigger:?}");
    ensure!(trigger.trigger.cause.contains("\"cause\":\"import\""), "{trigger:?}");
    let over = asking(&world)?.judge_rows(&row, &[]).await?;
    ensure!(over.triggers[0].fate == Fate::Here, "{over:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_denial_that_comes_over_keeps_a_build_from_being_made_until_its_time() -> Result<()> {
    let mut world = World::new(&["bash"])?;
    world.start_worker()?;
    let leader = world.lead().await?;
    let bash = world.sighting("rawhide", "bash", "1")?;
    let ids = [bash.build];
    let source = world.parts.hub.builds(&ids).await?.remove(0).and_then(|build| build.source);
    let source = source.context("it has a source")?;
    let created = world.parts.clock.now() - Duration::from_secs(24 * 3600);
    let rows = [FailedRow { source: source.clone(), created }, FailedRow { source, created }];
    let judged = asking(&world)?.judge_rows(&[], &rows).await?;
    let fates: Vec<Fate> = judged.denied.iter().map(|verdict| verdict.fate).collect();
    ensure!(fates == [Fate::Taken, Fate::Here], "{judged:?}");
    let what = "denied sources: 1".to_owned();
    let wish = Wish::Import { what, triggers: judged.waited, denied: judged.failed };
    ask(&world, wish).await?;
    leader.sight(vec![bash]).await?;
    let answer = |world: &World| {
        world.store.rows().triggers.values().next().and_then(|row| row.trigger.shown.clone())
    };
    world.until("it is answered", |world| answer(world).is_some()).await?;
    ensure!(answer(&world).as_deref() == Some("denied"), "{:?}", answer(&world));
    Ok(())
}
