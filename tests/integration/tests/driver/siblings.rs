//! Builds that came through one Bodhi update are built in one batch, whichever of them comes first.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context as _, Result, ensure};
use ebs_coordinator::{
    awaited::{AWAITED, Awaited},
    pause::{self, OperatorPause, PAUSE},
    store::Store as _,
};
use ebs_shared::{bodhi::api::Update, job::Service};
use fedora_sim::control::RawhideUpdate;
use tokio::time::{Instant, sleep};

use crate::{
    stage::{Stage, new_tag, script, sim_plan},
    world::{Leader, World},
};

const PACKAGES: [&str; 3] = ["bash", "gzip", "sed"];

/// The quiet time, and how long siblings are waited for.
const LULL: Duration = Duration::from_secs(60);
const WAIT: Duration = Duration::from_secs(600);

/// Bodhi has an update with the first builds of these packages.
pub(crate) fn update(world: &World, status: &str, packages: &[&str]) {
    let builds = packages.iter().map(|package| format!("{package}-1-1.fc45")).collect();
    let update = Update {
        alias: "FEDORA-2026-rawhide".to_owned(),
        status: status.to_owned(),
        request: None,
        gating: None,
        pushed: true,
        from_tag: Some("f45-build-side-1".to_owned()),
        builds,
    };
    world.fedora.state().updates.push((update, Instant::now()));
}

/// The components that each batch took.
fn taken(world: &World) -> Vec<BTreeSet<String>> {
    let rows = world.store.rows();
    let of = |batch| {
        let members = rows.members.keys().filter(move |(of, _)| of == batch);
        members.map(|(_, component)| component.to_string()).collect()
    };
    rows.batches.keys().map(of).collect()
}

/// How long it took from the first build's coming until a batch began.
async fn begun(world: &World, since: Instant) -> Result<Duration> {
    world.until("a batch begins", |world| taken(world).iter().any(|it| !it.is_empty())).await?;
    Ok(since.elapsed())
}

async fn sight(world: &World, leader: &Leader, package: &str) -> Result<Instant> {
    leader.sight(world.sightings(&[package])?).await?;
    Ok(Instant::now())
}

async fn awaited(world: &World) -> Result<Option<Awaited>> {
    Awaited::read(world.store.mark(AWAITED).await?.as_deref())
}

#[tokio::test(start_paused = true)]
async fn a_batch_waits_for_the_rest_of_an_update_and_takes_all_of_it() -> Result<()> {
    let world = World::new(&PACKAGES)?;
    update(&world, "testing", &["bash", "sed"]);
    let leader = world.lead().await?;
    let first = sight(&world, &leader, "bash").await?;
    sleep(4 * LULL).await;
    ensure!(taken(&world).is_empty(), "it began without the sibling");
    let told = awaited(&world).await?.context("what is waited for")?;
    ensure!(told.words()[0].contains("sed-1-1.fc45"), "{told:?}");
    sight(&world, &leader, "sed").await?;
    let took = begun(&world, first).await?;
    ensure!(took < 6 * LULL, "it waits for nothing more: {took:?}");
    ensure!(taken(&world) == [["bash".to_owned(), "sed".to_owned()].into()], "{:?}", taken(&world));
    ensure!(awaited(&world).await?.is_none(), "nothing is waited for any more");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_build_that_never_comes_holds_its_siblings_up_for_the_limit_and_no_longer() -> Result<()>
{
    let world = World::new(&PACKAGES)?;
    update(&world, "stable", &["bash", "sed"]);
    let leader = world.lead().await?;
    let first = sight(&world, &leader, "bash").await?;
    let took = begun(&world, first).await?;
    ensure!(took >= WAIT && took < WAIT + LULL, "{took:?}");
    ensure!(awaited(&world).await?.is_none());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_new_leader_waits_for_siblings_as_the_one_before() -> Result<()> {
    let world = World::new(&PACKAGES)?;
    update(&world, "testing", &["bash", "sed"]);
    let leader = world.lead().await?;
    let first = sight(&world, &leader, "bash").await?;
    sleep(LULL / 2).await;
    leader.kill().await;
    let leader = world.lead().await?;
    sleep(3 * LULL).await;
    ensure!(taken(&world).is_empty(), "it began without the sibling");
    sight(&world, &leader, "sed").await?;
    begun(&world, first).await?;
    ensure!(taken(&world)[0].len() == 2, "{:?}", taken(&world));
    Ok(())
}

/// A batch with `bash` alone begins when it has been quiet, whatever there is of siblings.
async fn begins_when_quiet(prepare: impl Fn(&World)) -> Result<()> {
    let world = World::new(&PACKAGES)?;
    prepare(&world);
    let leader = world.lead().await?;
    let first = sight(&world, &leader, "bash").await?;
    let took = begun(&world, first).await?;
    ensure!(took < 2 * LULL, "{took:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn siblings_that_are_not_rebuilt_are_not_waited_for() -> Result<()> {
    begins_when_quiet(|world| update(world, "testing", &["bash", "not-on-the-list"])).await
}

#[tokio::test(start_paused = true)]
async fn an_update_that_is_taken_back_is_not_waited_for() -> Result<()> {
    begins_when_quiet(|world| update(world, "unpushed", &["bash", "sed"])).await
}

#[tokio::test(start_paused = true)]
async fn a_bodhi_that_does_not_answer_holds_nothing_up() -> Result<()> {
    begins_when_quiet(|world| {
        update(world, "testing", &["bash", "sed"]);
        world.fedora.state().bodhi_silent = true;
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_bodhi_that_does_not_answer_is_not_asked_about_builds_that_have_waited_too_long()
-> Result<()> {
    let world = World::new(&PACKAGES)?;
    world.fedora.state().bodhi_silent = true;
    let pause = OperatorPause {
        v: pause::VERSION,
        who: "alice".to_owned(),
        why: "branching".to_owned(),
        since: world.parts.clock.now(),
        until: None,
    };
    world.store.rows().marks.insert(PAUSE.to_owned(), pause.write()?);
    let leader = world.lead().await?;
    sight(&world, &leader, "bash").await?;
    let away = |world: &World| world.probe.progress().unavailable.contains_key(&Service::Bodhi);
    world.until("Bodhi is missed", away).await?;
    sleep(2 * WAIT).await;
    let turned = world.probe.progress().turned.context("it turns")?;
    ensure!(turned.elapsed() < LULL, "it goes round, and time goes on");
    ensure!(taken(&world).is_empty());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_sibling_that_an_earlier_batch_took_is_not_waited_for() -> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    world.start_worker()?;
    let leader = world.lead().await?;
    sight(&world, &leader, "sed").await?;
    world.until("the batch is done", |world| world.store.phase() == "done").await?;
    update(&world, "stable", &["bash", "sed"]);
    let first = sight(&world, &leader, "bash").await?;
    world.until("the next begins", |world| taken(world).len() == 2).await?;
    ensure!(first.elapsed() < 2 * LULL, "{:?}", first.elapsed());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn two_builds_of_one_update_that_come_far_apart_are_built_in_one_side_tag() -> Result<()> {
    let stage = Stage::new(&["bash", "sed"], sim_plan(), script())?;
    let (leader, _worker) = (stage.lead().await?, stage.work()?);
    let builds = ["bash", "sed"].map(new_tag).to_vec();
    let update = RawhideUpdate { from_tag: "f45-build-side-7".to_owned(), builds };
    stage.fedora.change(|state| state.update_for_test(&update));
    stage.tag(&leader, &["bash"]).await?;
    sleep(5 * LULL).await;
    stage.tag(&leader, &["sed"]).await?;
    stage.until("the batch is done", |stage| stage.store.phase() == "done").await?;
    let report = stage.report();
    ensure!(report.updates.len() == 1, "{:?}", report.updates);
    ensure!(report.updates[0].builds.len() == 2, "{:?}", report.updates);
    Ok(())
}
