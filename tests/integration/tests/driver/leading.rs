//! One batch from its triggers to its end, whoever leads.

use std::time::Duration;

use anyhow::{Context as _, Result};
use ebs_coordinator::driver::{Done, Input, TermEnd};
use tokio::time::Instant;

use crate::world::{World, intake};

/// All kinds of effects that a batch without mishap has.
const KINDS: [&str; 7] = [
    "create_side_tag",
    "tag_builds",
    "request_repo",
    "submit_builds",
    "promote_builds",
    "submit_update",
    "remove_side_tag",
];

const PACKAGES: [&str; 3] = ["bash", "sed", "zlib-ng"];

fn is_done(world: &World) -> bool {
    world.store.phase() == "done"
}

#[tokio::test(start_paused = true)]
async fn a_batch_runs_from_its_triggers_to_its_end() -> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    world.start_worker()?;
    let leader = world.lead().await?;
    leader.sight(world.sightings(&PACKAGES)?).await?;
    world.until("the batch is done", is_done).await?;
    world.assert_clean(PACKAGES.len());
    assert_eq!(world.store.groups_shown(), ["stable"]);
    assert!(world.fedora.state().side_tags.len() <= 1, "the tag it was built in is gone");
    assert_eq!(leader.stop().await?, TermEnd::Over);
    Ok(())
}

/// A moment of a turn at which a leader can die.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    Stored,
    Acted,
}

/// Takes turns one by one until `dies` says so, at any moment of any turn. False if the batch was done before.
async fn lead_until(world: &World, mut dies: impl FnMut(Moment) -> bool) -> Result<bool> {
    let mut term = world.term().await?;
    let mut inputs = vec![intake(world.sightings(&PACKAGES)?)];
    let mut done: Vec<Done> = Vec::new();
    loop {
        let decided = term.decide(std::mem::take(&mut done), std::mem::take(&mut inputs));
        let stored = term.store(decided).await?;
        if dies(Moment::Stored) {
            return Ok(true);
        }
        let acted = term.act(stored).await;
        anyhow::ensure!(acted.end.is_none(), "the term ended");
        if is_done(world) || dies(Moment::Acted) {
            return Ok(!is_done(world));
        }
        for call in acted.calls {
            done.push(call.run().await);
        }
        if done.is_empty() {
            tokio::time::sleep_until(term.wake()).await;
            let results = world.parts.queue.results(64, Duration::ZERO, false).await?;
            inputs.push(Input::Results(results));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_dies_between_storing_and_acting_does_nothing_twice() -> Result<()> {
    for kind in KINDS {
        let mut world = World::new(&PACKAGES)?;
        world.fedora.state().stable_time = Some(Duration::from_secs(60));
        world.start_worker()?;
        let wished = |moment| moment == Moment::Stored && world.store.effects(kind) == (1, 0);
        anyhow::ensure!(lead_until(&world, wished).await.context(kind)?, "{kind} was never wished");
        let leader = world.lead().await?;
        world.until("the batch is done", is_done).await.context(kind)?;
        world.assert_clean(PACKAGES.len());
        leader.kill().await;
    }
    Ok(())
}

/// What a leader that begins anew would find.
fn stored(world: &World) -> String {
    let rows = world.store.rows();
    format!("{:?} {:?} {:?} {:?}", rows.batches, rows.members, rows.groups, rows.effects)
}

/// Leads until what is stored has changed so often, and dies after acting on it. False if the batch was done before.
async fn die_after_changes(world: &World, mut changes: u32) -> Result<bool> {
    let mut last = stored(world);
    lead_until(world, |moment| {
        let now = if moment == Moment::Acted { stored(world) } else { last.clone() };
        changes -= u32::from(now != last);
        last = now;
        changes == 0
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_dies_after_any_change_leaves_all_that_the_next_one_needs() -> Result<()> {
    for changes in 1.. {
        let mut world = World::new(&PACKAGES)?;
        // The same waiting again and again shows nothing more.
        world.fedora.state().stable_time = Some(Duration::from_secs(60));
        world.start_worker()?;
        if !die_after_changes(&world, changes).await? {
            assert!(changes > 15, "the batch was done after {changes} changes");
            return Ok(());
        }
        let leader = world.lead().await?;
        let ended = world.until("the batch is done", is_done).await;
        ended.with_context(|| format!("after {changes} changes"))?;
        world.assert_clean(PACKAGES.len());
        leader.kill().await;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_lease_too_short_for_a_call_does_not_make_the_loop_spin() -> Result<()> {
    let world = World::new(&PACKAGES)?;
    let mut term = world.term_of(Duration::from_secs(1)).await?;
    let decided = term.decide(Vec::new(), vec![intake(world.sightings(&PACKAGES)?)]);
    let _ = term.store(decided).await?;
    tokio::time::advance(Duration::from_secs(60)).await;
    let decided = term.decide(Vec::new(), Vec::new());
    let stored = term.store(decided).await?;
    assert_eq!(world.store.phase(), "preparing");
    assert_eq!(term.act(stored).await.calls.len(), 0, "nothing may be called");
    assert!(term.wake() > Instant::now());
    Ok(())
}
