//! A build that an operator detaches: its batch goes on, the next runs beside it, and it is published when it ends.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ebs_coordinator::{store::Store as _, wish::Wish};
use ebs_domain::{batch::Operation, id::BatchId};
use tokio::time::Instant;

use crate::{
    dead::{ask, begin, result},
    world::{Leader, World, tag},
};

/// How long the build that is detached takes.
const LONG_BUILD: Duration = Duration::from_secs(40_000);

/// The phase of a batch.
fn phase(world: &World, batch: i64) -> String {
    let rows = world.store.rows();
    rows.batches.get(&BatchId::new(batch)).map(|row| row.phase.clone()).unwrap_or_default()
}

/// The answers that triggers have, in their order.
fn answers(world: &World) -> Vec<String> {
    let rows = world.store.rows();
    let shown = |row: &Option<String>| row.clone().unwrap_or_else(|| "pending".to_owned());
    rows.triggers.values().map(|row| shown(&row.trigger.shown)).collect()
}

async fn operate(world: &World, batch: i64, operation: Operation) -> Result<String> {
    let row = ask(world, Wish::on_batch(BatchId::new(batch), operation)).await?;
    Ok(result(&row).to_owned())
}

fn detach_bash() -> Result<Operation> {
    Ok(Operation::Detach { component: "bash".parse()? })
}

/// A world whose first batch lingers: `sed` is published, `bash` was detached and builds for long.
async fn lingering() -> Result<(World, Leader)> {
    let mut world = World::new(&["bash", "sed", "zsh"])?;
    let leader = begin(&mut world).await?;
    let submitted = |world: &World| world.store.effects("submit_builds") == (0, 1);
    world.until("all builds are submitted", submitted).await?;
    {
        let mut state = world.fedora.state();
        let slow = state.tasks.values_mut().find(|task| task.own.source.contains("/bash#"));
        slow.context("bash has a task")?.due = Instant::now() + LONG_BUILD;
    }
    ensure!(operate(&world, 1, detach_bash()?).await? == "done");
    let again = operate(&world, 1, detach_bash()?).await?;
    ensure!(again == "refused: bash is detached already: detached", "{again}");
    world.until("the batch lingers", |world| phase(world, 1) == "lingering").await?;
    ensure!(answers(&world) == ["in_batch", "built"], "{:?}", answers(&world));
    Ok((world, leader))
}

/// What is left in the end: no effect that is open, no side tag but those of updates, nothing asked for twice.
fn assert_clean(world: &World, updates: usize) -> Result<()> {
    let rows = world.store.rows();
    let open: Vec<_> = rows.effects.values().filter(|row| row.closed.is_none()).collect();
    ensure!(open.is_empty(), "{open:?}");
    let state = world.fedora.state();
    let of_updates: Vec<_> = state.updates.iter().map(|(update, _)| &update.from_tag).collect();
    let left: Vec<_> = state
        .side_tags
        .keys()
        .filter(|side| !of_updates.contains(&&Some(side.to_string())))
        .collect();
    ensure!(left.is_empty(), "{left:?}");
    ensure!(state.updates.len() == updates, "{:?}", state.updates);
    drop(state);
    ensure!(world.fedora.submissions().values().all(|count| *count == 1));
    Ok(())
}

/// The next batch runs and ends while the first lingers, and the detached build is published after.
async fn beside(change_leader: bool) -> Result<()> {
    let (world, mut leader) = lingering().await?;
    if change_leader {
        leader.kill().await;
        leader = world.lead().await?;
    }
    leader.sight(vec![world.sighting("rawhide", "zsh", "1")?]).await?;
    world.until("the next batch is done", |world| phase(world, 2) == "done").await?;
    ensure!(phase(&world, 1) == "lingering", "{}", phase(&world, 1));
    if change_leader {
        leader.kill().await;
        leader = world.lead().await?;
    }
    world.until("the first is done too", |world| phase(world, 1) == "done").await?;
    ensure!(answers(&world) == ["built", "built", "built"], "{:?}", answers(&world));
    assert_clean(&world, 3)?;
    let stable = world.fedora.state().tags[&tag("eln")].len();
    ensure!(stable == 3, "{stable}");
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_next_batch_runs_beside_a_detached_build_which_is_published_when_it_ends() -> Result<()>
{
    beside(false).await
}

#[tokio::test(start_paused = true)]
async fn a_detached_build_is_watched_and_published_by_whoever_leads() -> Result<()> {
    beside(true).await
}

#[tokio::test(start_paused = true)]
async fn a_new_build_of_a_detached_component_is_built_in_the_next_batch() -> Result<()> {
    let (world, leader) = lingering().await?;
    leader.sight(vec![world.sighting("rawhide", "bash", "2")?]).await?;
    world.until("the next batch is done", |world| phase(world, 2) == "done").await?;
    world.until("the first is done too", |world| phase(world, 1) == "done").await?;
    ensure!(answers(&world) == ["built", "built", "built"], "{:?}", answers(&world));
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_lingering_batch_that_is_aborted_cancels_its_task_and_gives_the_trigger_back()
-> Result<()> {
    let (world, leader) = lingering().await?;
    ensure!(operate(&world, 1, Operation::Abort { requeue: true }).await? == "done");
    world.until("it is over", |world| phase(world, 1) == "done").await?;
    ensure!(answers(&world) == ["pending", "built"], "{:?}", answers(&world));
    assert_clean(&world, 1)?;
    ensure!(result(&ask(&world, Wish::Unpause).await?) == "done");
    world.until("it is built in the next", |world| phase(world, 2) == "done").await?;
    ensure!(answers(&world) == ["built", "built"], "{:?}", answers(&world));
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_builds_no_more_cannot_be_detached() -> Result<()> {
    let (world, leader) = lingering().await?;
    let operation = Operation::Detach { component: "sed".parse()? };
    let told = operate(&world, 1, operation).await?;
    ensure!(told == "refused: the build of sed has ended: succeeded", "{told}");
    let told = operate(&world, 7, detach_bash()?).await?;
    ensure!(told.starts_with("refused: batch 7 does not run"), "{told}");
    ensure!(world.store.lingering_batches().await?.len() == 1);
    leader.kill().await;
    Ok(())
}
