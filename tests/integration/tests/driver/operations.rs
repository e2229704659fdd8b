//! What operators ask of the batch under way: it is ended, a component is taken out, a build is declared failed; whoever leads.

use anyhow::{Context as _, Result, ensure};
use ebs_coordinator::{
    pause::{OperatorPause, PAUSE},
    store::Store as _,
    wish::Wish,
};
use ebs_domain::{batch::Operation, id::BatchId};

use crate::{
    dead::{ask, begin, result},
    world::{Leader, World},
};

const PACKAGES: [&str; 2] = ["bash", "sed"];

/// A world in which a batch builds.
async fn building() -> Result<(World, Leader)> {
    let mut world = World::new(&PACKAGES)?;
    let leader = begin(&mut world).await?;
    let submitted = |world: &World| world.store.effects("submit_builds") == (0, 1);
    world.until("all builds are submitted", submitted).await?;
    Ok((world, leader))
}

/// What comes of asking this of the first batch.
async fn operate(world: &World, operation: Operation) -> Result<String> {
    let row = ask(world, Wish::on_batch(BatchId::new(1), operation)).await?;
    Ok(result(&row).to_owned())
}

/// The answers that triggers have, in their order.
fn answers(world: &World) -> Vec<Option<String>> {
    world.store.rows().triggers.values().map(|row| row.trigger.shown.clone()).collect()
}

fn drop_of(name: &str) -> Result<Operation> {
    Ok(Operation::Drop { component: name.parse()? })
}

/// Aborts a batch whose triggers wait again then, and has them built once nobody pauses any more.
async fn requeued(change_leader: bool) -> Result<()> {
    let (world, mut leader) = building().await?;
    if change_leader {
        leader.kill().await;
        leader = world.lead().await?;
    }
    ensure!(operate(&world, Operation::Abort { requeue: true }).await? == "done");
    world.until("it is aborted", |world| world.store.phase() == "aborted").await?;
    ensure!(answers(&world) == [None, None], "{:?}", answers(&world));
    let pause = OperatorPause::read(world.store.mark(PAUSE).await?.as_deref())?;
    let pause = pause.context("nothing begins until somebody has looked")?;
    ensure!(pause.who == "token/alice" && pause.why.contains("batch 1 was aborted"), "{pause:?}");
    ensure!(world.store.rows().batches.len() == 1);
    ensure!(result(&ask(&world, Wish::Unpause).await?) == "done");
    let again =
        |world: &World| world.store.rows().batches.len() == 2 && world.store.phase() == "done";
    world.until("the next batch is done", again).await?;
    let built = || Some("built".to_owned());
    ensure!(answers(&world) == [built(), built()], "{:?}", answers(&world));
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn triggers_of_an_aborted_batch_wait_again_and_are_built_by_the_same_leader() -> Result<()> {
    requeued(false).await
}

#[tokio::test(start_paused = true)]
async fn triggers_of_an_aborted_batch_wait_again_and_are_built_by_another_leader() -> Result<()> {
    requeued(true).await
}

#[tokio::test(start_paused = true)]
async fn an_aborted_batch_leaves_no_task_and_no_side_tag_and_its_triggers_are_dropped() -> Result<()>
{
    let (world, leader) = building().await?;
    ensure!(operate(&world, Operation::Abort { requeue: false }).await? == "done");
    world.until("it is aborted", |world| world.store.phase() == "aborted").await?;
    let dropped = || Some("dropped".to_owned());
    ensure!(answers(&world) == [dropped(), dropped()], "{:?}", answers(&world));
    ensure!(world.fedora.state().side_tags.is_empty() && world.fedora.state().updates.is_empty());
    ensure!(world.store.mark(PAUSE).await?.is_none(), "nothing waits, nothing is paused");
    let again = operate(&world, Operation::Abort { requeue: false }).await?;
    ensure!(again.starts_with("refused: batch 1 does not run"), "{again}");
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_dropped_component_is_not_published_and_the_rest_goes_on() -> Result<()> {
    let (world, leader) = building().await?;
    ensure!(operate(&world, drop_of("bash")?).await? == "done");
    let again = operate(&world, drop_of("bash")?).await?;
    ensure!(again == "refused: bash is taken out already", "{again}");
    let stranger = operate(&world, drop_of("zsh")?).await?;
    ensure!(stranger.starts_with("refused: zsh is not in batch 1"), "{stranger}");
    world.until("the batch is done", |world| world.store.phase() == "done").await?;
    let words = ["dropped", "built"].map(|word| Some(word.to_owned()));
    ensure!(answers(&world) == words, "{:?}", answers(&world));
    ensure!(world.fedora.state().updates[0].0.builds.len() == 1);
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_build_that_is_declared_failed_ends_as_failed_by_that_word_and_is_not_denied()
-> Result<()> {
    let (world, leader) = building().await?;
    ensure!(operate(&world, Operation::Fail { component: "sed".parse()? }).await? == "done");
    world.until("the batch is done", |world| world.store.phase() == "done").await?;
    let words = ["built", "failed"].map(|word| Some(word.to_owned()));
    ensure!(answers(&world) == words, "{:?}", answers(&world));
    {
        let rows = world.store.rows();
        let told = rows
            .members
            .values()
            .any(|row| row.state.contains("declared failed by token/alice: it is mended"));
        ensure!(told, "the word and whose it is");
        ensure!(rows.denied.is_empty(), "{:?}", rows.denied);
    }
    leader.kill().await;
    Ok(())
}
