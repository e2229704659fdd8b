//! Groups that are held: discarded by a person, in their batch and after it, whoever leads then.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ebs_coordinator::{store::GroupRow, wish::Wish};
use ebs_domain::{
    batch::{Batch, Decision, Group, LeftOut, Plan},
    id::{BatchId, TagName},
};
use ebs_shared::{
    bodhi::api::{NewUpdate, Updates as _},
    job::{Job, Work},
    queue::Lane,
};
use tokio::time::Instant;

use crate::{
    dead::{ask, begin, kill, one_each, result},
    world::{DOUBT_WAIT, Leader, World, plan},
};

const PACKAGES: [&str; 2] = ["bash", "sed"];

fn row_of(world: &World, shown: &str) -> Option<GroupRow> {
    world.store.rows().groups.values().find(|row| row.shown == shown).cloned()
}

fn shows(shown: &'static str) -> impl Fn(&World) -> bool {
    move |world| row_of(world, shown).is_some()
}

fn is_done(world: &World) -> bool {
    world.store.phase() == "done"
}

/// A world in which the job of an update has died, made or not; its group is held.
async fn held(plan: Plan, made: bool) -> Result<(World, Leader, u32, TagName)> {
    let mut world = World::with_plan(&PACKAGES, plan)?;
    let leader = begin(&mut world).await?;
    let submitted = |world: &World| world.store.effects("submit_builds") == (0, 1);
    world.until("all builds are submitted", submitted).await?;
    world.queue.hold_back(&[Lane::Submit]);
    let job = kill(&world, "submit_update").await?;
    if made {
        let job: Job = serde_json::from_str(&job.payload)?;
        let Work::SubmitUpdate { update, nvrs, .. } = job.work else { anyhow::bail!("{job:?}") };
        world.fedora.create(&update, &nvrs).await?;
    }
    world.until("it is held", shows("held")).await?;
    world.queue.hold_back(&[]);
    let row = row_of(&world, "held").context("it is held")?;
    let group: Group = serde_json::from_str(&row.state)?;
    let tag = group.tag().cloned().context("it keeps its tag")?;
    ensure!(world.fedora.state().side_tags.contains_key(&tag));
    Ok((world, leader, row.number, tag))
}

async fn decide(world: &World, group: u32, decision: Decision) -> Result<String> {
    let row = ask(world, Wish::on_group(BatchId::new(1), group, decision)).await?;
    Ok(result(&row).to_owned())
}

/// Discards it, under a leader that goes at once; how long it takes the next one.
async fn discarded(world: &World, leader: Leader, group: u32) -> Result<(Leader, Duration)> {
    leader.kill().await;
    let leader = world.lead().await?;
    let began = Instant::now();
    ensure!(decide(world, group, Decision::Discard).await? == "done");
    ensure!(world.store.rows().dead.is_empty(), "its job is decided on with it");
    world.until("it is being discarded", shows("discarding")).await?;
    let again = decide(world, group, Decision::Retry).await?;
    ensure!(again.starts_with("refused: group") && again.contains("is discarding"), "{again}");
    leader.kill().await;
    let leader = world.lead().await?;
    world.until("it is discarded", shows("discarded")).await?;
    Ok((leader, began.elapsed()))
}

#[tokio::test(start_paused = true)]
async fn a_group_discarded_in_its_batch_loses_its_tag_once_no_update_can_come_of_it() -> Result<()>
{
    let (world, leader, group, tag) = held(one_each(), false).await?;
    let (leader, took) = discarded(&world, leader, group).await?;
    ensure!(took >= DOUBT_WAIT, "the dead worker's call may still have had its effect: {took:?}");
    ensure!(!world.fedora.state().side_tags.contains_key(&tag), "{tag} is there");
    world.until("the batch is done", is_done).await?;
    ensure!(world.fedora.state().updates.len() == 1, "the other was published");
    let batch = world.store.rows().batches[&BatchId::new(1)].clone();
    let summary = batch.summary.context("it has ended")?;
    ensure!(summary.contains(r#""left_out":{"discarded":1}"#), "{summary}");
    let batch: Batch = serde_json::from_str(&batch.state)?;
    ensure!(batch.left_out.values().eq([&LeftOut::Discarded]), "{:?}", batch.left_out);
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_group_discarded_after_its_batch_has_ended_loses_its_tag_whoever_leads_then() -> Result<()>
{
    let (world, leader, group, tag) = held(plan(), false).await?;
    world.until("the batch is done", is_done).await?;
    let (leader, took) = discarded(&world, leader, group).await?;
    ensure!(took >= DOUBT_WAIT, "{took:?}");
    ensure!(!world.fedora.state().side_tags.contains_key(&tag), "{tag} is there");
    ensure!(world.fedora.state().updates.is_empty(), "nothing was published");
    let ids: Vec<String> = world.store.rows().effects.keys().cloned().collect();
    ensure!(ids.contains(&"b1.r1.remove_side_tag".to_owned()), "{ids:?}");
    let open = world.store.rows().groups.values().any(|row| row.open);
    ensure!(!open, "nothing of it is kept in memory");
    for decision in [Decision::Retry, Decision::Discard] {
        let said = decide(&world, group, decision).await?;
        ensure!(said.starts_with("refused: there is no group 1 of batch 1"), "{said}");
    }
    leader.kill().await;
    Ok(())
}

/// Discards a group whose update the dead worker had made; it is held again, and a retry takes the update on.
async fn adopted(plan: Plan, ended: bool) -> Result<()> {
    let (world, leader, group, tag) = held(plan, true).await?;
    if ended {
        world.until("the batch is done", is_done).await?;
    }
    ensure!(decide(&world, group, Decision::Discard).await? == "done");
    world.until("it is held again", shows("held")).await?;
    let row = row_of(&world, "held").context("it is held")?;
    ensure!(row.state.contains("not discarded: FEDORA-"), "{}", row.state);
    ensure!(world.fedora.state().side_tags.contains_key(&tag), "the tag is Bodhi's");
    ensure!(decide(&world, group, Decision::Retry).await? == "done");
    let stable = |world: &World| world.store.groups_shown().iter().all(|word| word == "stable");
    world.until("its builds are stable", stable).await?;
    let updates = world.fedora.state().updates.len();
    ensure!(updates == world.store.groups_shown().len(), "{updates}: each was made once");
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_group_whose_update_the_dead_worker_had_made_is_not_discarded_in_its_batch() -> Result<()>
{
    adopted(one_each(), false).await
}

#[tokio::test(start_paused = true)]
async fn a_group_whose_update_the_dead_worker_had_made_is_not_discarded_after_its_batch()
-> Result<()> {
    adopted(plan(), true).await
}

#[tokio::test(start_paused = true)]
async fn a_retried_group_whose_build_another_update_has_taken_is_held_again_and_says_which()
-> Result<()> {
    let (world, leader, group, _) = held(plan(), false).await?;
    world.until("the batch is done", is_done).await?;
    let row = row_of(&world, "held").context("it is held")?;
    let packed = serde_json::from_str::<Group>(&row.state)?.packed;
    let taken = packed.first().context("it has builds")?.nvr.to_string();
    let other = NewUpdate { from_tag: "eln-another".parse()?, notes: "a later batch".to_owned() };
    let other = world.fedora.create(&other, std::slice::from_ref(&taken)).await?;
    ensure!(decide(&world, group, Decision::Retry).await? == "done");
    let said = format!("{taken} is in {} already", other.alias);
    let again = |world: &World| row_of(world, "held").is_some_and(|row| row.state.contains(&said));
    world.until("it is held again, and says why", again).await?;
    ensure!(world.fedora.state().updates.len() == 1, "nothing was posted");
    leader.kill().await;
    Ok(())
}
