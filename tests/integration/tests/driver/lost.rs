//! What gets lost on the way, and what comes too late.

use anyhow::{Context as _, Result, ensure};
use ebs_coordinator::driver::Input;
use ebs_shared::queue::{Delivered, Lane};
use tokio::time::Instant;

use crate::{
    fedora::STABLE_TIME,
    world::{DOUBT_WAIT, Leader, POLL_DEADLINE, RECONCILE, World},
};

const PACKAGES: [&str; 2] = ["bash", "sed"];

fn is_done(world: &World) -> bool {
    world.store.phase() == "done"
}

/// Whether a poll of tasks was asked for since then.
fn looks_at_tasks(world: &World, since: Instant) -> bool {
    world.queue.asked_since(since).iter().any(|job| job.contains(".tasks."))
}

/// A batch whose builds run in Koji.
async fn building(world: &mut World) -> Result<Leader> {
    world.start_worker()?;
    let leader = world.lead().await?;
    leader.sight(world.sightings(&PACKAGES)?).await?;
    let submitted = |world: &World| world.store.effects("submit_builds") == (0, 1);
    world.until("all builds are submitted", submitted).await?;
    Ok(leader)
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_a_wiped_queue_lost_is_asked_again_at_once() -> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    let _leader = building(&mut world).await?;
    world.queue.hold_back(&Lane::ALL);
    let held = Instant::now();
    world.until("a poll waits for a worker", |world| looks_at_tasks(world, held)).await?;
    world.queue.wipe();
    world.queue.hold_back(&[]);
    let wiped = Instant::now();
    world.until("it is asked for again", |world| looks_at_tasks(world, wiped)).await?;
    assert!(wiped.elapsed() <= RECONCILE * 2, "{:?}", wiped.elapsed());
    world.until("the batch is done", is_done).await?;
    world.assert_clean(PACKAGES.len());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_submission_that_a_wiped_queue_lost_is_looked_for_and_made_once() -> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    world.start_worker()?;
    world.queue.hold_back(&[Lane::Submit]);
    let leader = world.lead().await?;
    leader.sight(world.sightings(&PACKAGES)?).await?;
    let asked = |world: &World| world.store.effects("submit_builds") == (1, 0);
    world.until("builds are asked for", asked).await?;
    world.queue.wipe();
    world.queue.hold_back(&[]);
    world.until("the batch is done", is_done).await?;
    world.assert_clean(PACKAGES.len());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_job_that_has_ended_is_not_sent_again_to_a_wiped_queue_that_was_not_heard_to_take_it()
-> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    world.queue.be_unheard("submit_builds");
    let _leader = building(&mut world).await?;
    world.queue.wipe();
    world.until("the batch is done", is_done).await?;
    world.assert_clean(PACKAGES.len());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_job_that_a_worker_has_is_not_sent_again_to_a_wiped_queue_that_was_not_heard_to_take_it()
-> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    world.start_worker()?;
    world.queue.hold_back(&[Lane::Submit]);
    world.queue.be_unheard("submit_builds");
    let leader = world.lead().await?;
    leader.sight(world.sightings(&PACKAGES)?).await?;
    let asked = |world: &World| world.store.effects("submit_builds") == (1, 0);
    world.until("builds are asked for", asked).await?;
    let held = world.queue.take_held_back().await?.context("the queue has the job")?;
    world.queue.wipe();
    let wiped = Instant::now();
    world.queue.hold_back(&[]);
    world.until("the batch is done", is_done).await?;
    ensure!(!world.queue.asked_since(wiped).contains(&held.id), "it is looked for first");
    world.assert_clean(PACKAGES.len());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_job_that_did_not_reach_the_queue_is_sent_again_without_a_doubt() -> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    world.queue.be_unreachable("submit_builds");
    let begun = Instant::now();
    let _leader = building(&mut world).await?;
    assert!(begun.elapsed() < DOUBT_WAIT, "{:?}", begun.elapsed());
    let runs = world.queue.asked_since(begun);
    assert!(runs.iter().filter(|job| job.contains("submit_builds")).all(|job| job.ends_with("#1")));
    world.until("the batch is done", is_done).await?;
    world.assert_clean(PACKAGES.len());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_poll_whose_result_is_lost_is_asked_again_after_its_deadline() -> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    let _leader = building(&mut world).await?;
    world.queue.lose_result(".tasks.");
    world.until("a result is lost", |world| world.queue.has_lost_all()).await?;
    let lost = Instant::now();
    world.until("it is asked for again", |world| looks_at_tasks(world, lost)).await?;
    assert!(lost.elapsed() <= POLL_DEADLINE, "{:?}", lost.elapsed());
    world.until("the batch is done", is_done).await?;
    world.assert_clean(PACKAGES.len());
    Ok(())
}

/// Seed 3713 of the simulation: the queue counted the result as read, and knew the job; so nobody ever asked again.
#[tokio::test(start_paused = true)]
async fn a_result_that_was_read_unheard_is_read_again() -> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    world.queue.be_unread("submit_builds");
    let begun = Instant::now();
    let _leader = building(&mut world).await?;
    assert!(begun.elapsed() < DOUBT_WAIT, "{:?}", begun.elapsed());
    world.until("the batch is done", is_done).await?;
    world.assert_clean(PACKAGES.len());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_update_that_bodhi_knows_no_more_is_shown_and_not_waited_for() -> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    let leader = building(&mut world).await?;
    world.until("the batch settles", |world| world.store.phase() == "settling").await?;
    let alias = world.fedora.state().updates[0].0.alias.clone();
    world.fedora.state().forgotten.insert(alias.clone());
    let posted = Instant::now();
    world.until("the batch is done", is_done).await?;
    assert!(posted.elapsed() < STABLE_TIME, "{:?}", posted.elapsed());
    assert_eq!(world.store.groups_shown(), ["vanished"]);
    // It is watched all the same: should it come back, or its builds arrive, it ends well.
    world.fedora.state().forgotten.remove(&alias);
    let stable = |world: &World| world.store.groups_shown() == ["stable"];
    world.until("its builds are stable", stable).await?;
    world.assert_clean(PACKAGES.len());
    leader.kill().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_term_asked_is_dropped_when_it_is_answered_late() -> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    let first = building(&mut world).await?;
    world.queue.hold_back(&Lane::ALL);
    let held = Instant::now();
    world.until("a poll waits for a worker", |world| looks_at_tasks(world, held)).await?;
    first.kill().await;
    // Nobody leads while it is answered.
    world.queue.hold_back(&[]);
    let old: Vec<Delivered> = loop {
        let results = world.parts.queue.results(64, RECONCILE, false).await?;
        if results.iter().any(|result| result.job.contains(".tasks.")) {
            break results;
        }
    };
    let mut term = world.term().await?;
    let _ = term.decide(Vec::new(), Vec::new());
    let (commits, stale) = (world.store.rows().commits, world.probe.progress().stale_results);
    let results = u64::try_from(old.len())?;
    let decided = term.decide(Vec::new(), vec![Input::Results(old)]);
    let stored = term.store(decided).await?;
    let acted = term.act(stored).await;
    assert!(acted.end.is_none());
    assert_eq!(world.store.rows().commits, commits, "nothing is written");
    assert_eq!(world.probe.progress().stale_results - stale, results);
    assert_eq!(world.parts.queue.depths().await?.results, 0, "they are acknowledged");
    drop(term);
    let _second = world.lead().await?;
    world.until("the batch is done", is_done).await?;
    world.assert_clean(PACKAGES.len());
    Ok(())
}

/// Seed 44 of the simulation: the leader died between the answer to a request for a repo and the repo itself, and the next
/// one waited for ever for the answer, which was told already.
#[tokio::test(start_paused = true)]
async fn what_a_closed_effect_brought_is_not_forgotten_by_the_next_leader() -> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    world.start_worker()?;
    let leader = world.lead().await?;
    leader.sight(world.sightings(&PACKAGES)?).await?;
    let requested = |world: &World| world.store.effects("request_repo").1 > 0;
    world.until("a repo is asked for", requested).await?;
    assert_eq!(world.store.phase(), "preparing", "it is not there yet");
    leader.kill().await;
    let _next = world.lead().await?;
    world.until("the batch is done", is_done).await?;
    world.assert_clean(PACKAGES.len());
    Ok(())
}
