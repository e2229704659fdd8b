//! The driver's part in reconcile: what waits or is being built is not let in again, and what a person asks for is kept.

use anyhow::{Context as _, Result, ensure};
use ebs_coordinator::{
    driver::Sighting,
    findings::{Demand, Mode},
    wish::Wish,
};
use ebs_domain::trigger::Cause;

use crate::{dead::ask, fedora::source, world::World};

/// The same build as reconcile finds it.
fn found(heard: &Sighting) -> Result<Sighting> {
    let source = source(heard.package.as_str()).parse()?;
    let cause = Cause::Reconcile { why: "ELN has none".to_owned(), source };
    Ok(Sighting { cause, ..heard.clone() })
}

fn answers(world: &World) -> Vec<Option<String>> {
    world.store.rows().triggers.values().map(|row| row.trigger.shown.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_waits_or_is_in_the_batch_is_not_let_in_again_and_what_has_ended_is() -> Result<()> {
    let mut world = World::new(&["bash"])?;
    let leader = world.lead().await?;
    let heard = world.sightings(&["bash"])?;
    let again = found(heard.first().context("a build")?)?;
    // Heard and found in one turn, and found once more while it waits.
    leader.sight([heard, vec![again.clone()]].concat()).await?;
    leader.sight(vec![again.clone()]).await?;
    ensure!(answers(&world) == [None], "{:?}", answers(&world));
    world.until("the batch runs", |world| world.store.phase() == "preparing").await?;
    leader.sight(vec![again.clone()]).await?;
    ensure!(answers(&world).len() == 1, "{:?}", answers(&world));
    world.start_worker()?;
    world.until("the batch is done", |world| world.store.phase() == "done").await?;
    // The same tagging: a repetition from anywhere else, and none from here.
    leader.sight(vec![again]).await?;
    world
        .until("it is answered", |world| answers(world).get(1).is_some_and(Option::is_some))
        .await?;
    ensure!(answers(&world)[1].as_deref() == Some("already_built"), "{:?}", answers(&world));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_person_who_asks_for_a_run_is_answered_and_the_demand_is_kept_for_it() -> Result<()> {
    let world = World::new(&["bash"])?;
    let _leader = world.lead().await?;
    let entry = ask(&world, Wish::Reconcile { dry_run: true }).await?;
    ensure!(entry.result.as_deref() == Some("done"), "{entry:?}");
    let demand = Demand::read(&*world.store, Mode::Dry).await?.context("it is kept")?;
    ensure!((demand.request, demand.who.as_str()) == (entry.id, "token/alice"), "{demand:?}");
    ensure!(Demand::read(&*world.store, Mode::Real).await?.is_none());
    Ok(())
}
