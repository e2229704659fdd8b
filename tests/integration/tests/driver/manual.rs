//! What a person asks to be built: judged name by name, stored as triggers, and built by the next batch.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use ebs_coordinator::{
    board::{Board, BoardMetrics},
    manual::{Asking, Verdict, whole::WholeError},
    store::Store as _,
    wish::{SetAside, WantedBuild, Wish},
};
use ebs_domain::id::BatchId;
use ebs_shared::telemetry::Metrics;

use crate::{
    dead::ask,
    world::{World, tag},
};

const PACKAGES: [&str; 2] = ["bash", "sed"];

/// Who judges in this world.
pub(crate) fn asking(world: &World) -> Result<Asking> {
    let board =
        Board::new(Arc::clone(&world.parts.clock), BoardMetrics::register(&Metrics::new()?)?);
    board.uses(Arc::clone(&world.parts.snapshot.borrow()));
    Ok(Asking {
        hub: Arc::clone(&world.parts.hub),
        updates: Arc::clone(&world.parts.updates),
        store: Arc::clone(&world.parts.store),
        board,
        clock: Arc::clone(&world.parts.clock),
    })
}

async fn judged(world: &World, name: &str, again: bool) -> Result<Verdict> {
    let aside = SetAside { denied: false, built: again };
    let verdicts = asking(world)?.judge(&[name.to_owned()], aside).await?;
    verdicts.into_iter().next().context("a verdict for each name")
}

fn answers(world: &World) -> Vec<Option<String>> {
    world.store.rows().triggers.values().map(|row| row.trigger.shown.clone()).collect()
}

fn wish(builds: Vec<WantedBuild>, again: bool) -> Wish {
    Wish::Trigger { what: "bash".to_owned(), builds, force: false, again }
}

/// A world in which one batch is done.
async fn built(world: &mut World) -> Result<()> {
    world.start_worker()?;
    let leader = world.lead().await?;
    leader.sight(world.sightings(&PACKAGES)?).await?;
    world.until("the batch is done", |world| world.store.phase() == "done").await?;
    leader.stop().await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn what_is_built_already_is_refused_and_built_again_on_a_persons_word() -> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    built(&mut world).await?;
    let _leader = world.lead().await?;
    let verdict = judged(&world, "bash", false).await?;
    ensure!(!verdict.will && verdict.why.starts_with("already built as bash-1-1"), "{verdict:?}");
    let verdict = judged(&world, "bash", true).await?;
    ensure!(verdict.will, "{verdict:?}");
    let builds: Vec<WantedBuild> = verdict.build.into_iter().collect();
    // Asked without that word, the leader's own look comes to the same.
    ask(&world, wish(builds.clone(), false)).await?;
    world
        .until("it is answered", |world| answers(world).len() == 3 && answers(world)[2].is_some())
        .await?;
    ensure!(answers(&world)[2].as_deref() == Some("already_built"), "{:?}", answers(&world));
    ask(&world, wish(builds, true)).await?;
    let again = |world: &World| {
        answers(world).get(3).is_some_and(|answer| answer.as_deref() == Some("built"))
    };
    world.until("it is built again", again).await?;
    let row = world.store.rows().triggers.values().next_back().cloned().context("a trigger")?;
    ensure!(row.trigger.by_person, "{row:?}");
    ensure!(
        row.trigger.cause.contains("token/alice") && row.trigger.cause.contains("it is mended")
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn names_are_judged_in_their_order_and_one_that_is_named_twice_is_built_once() -> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    built(&mut world).await?;
    let names = ["sed", "emacs", "bash", "sed-1-1.fc45", "two words"].map(str::to_owned);
    let verdicts = asking(&world)?.judge(&names, SetAside { denied: true, built: true }).await?;
    let told: Vec<(&str, bool)> =
        verdicts.iter().map(|verdict| (verdict.asked.as_str(), verdict.will)).collect();
    let expected = [
        ("sed", true),
        ("emacs", false),
        ("bash", true),
        ("sed-1-1.fc45", false),
        ("two words", false),
    ];
    ensure!(told == expected, "{verdicts:?}");
    ensure!(verdicts[3].why == "named before", "{verdicts:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_failed_in_a_batch_is_named_by_the_batch() -> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    built(&mut world).await?;
    let asking = asking(&world)?;
    ensure!(asking.failed_in(BatchId::new(1)).await?.is_empty());
    {
        let mut rows = world.store.rows();
        for row in rows.members.values_mut().filter(|row| row.component.as_str() == "sed") {
            row.shown = "failed".to_owned();
        }
    }
    ensure!(asking.failed_in(BatchId::new(1)).await? == ["sed"]);
    let error = asking.failed_in(BatchId::new(9)).await.unwrap_err();
    ensure!(matches!(&error, WholeError::NotThere(why) if why == "there is no batch 9"), "{error}");
    ensure!(world.store.batch(BatchId::new(9)).await?.is_none());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_update_and_a_side_tag_that_is_there_or_gone_name_their_builds() -> Result<()> {
    let world = World::new(&PACKAGES)?;
    let nvrs = ["bash-1-1.fc45", "sed-1-1.fc45"];
    crate::siblings::update(&world, "stable", &PACKAGES);
    let asking = asking(&world)?;
    ensure!(asking.in_update("FEDORA-2026-rawhide").await? == nvrs);
    let gone = asking.in_side_tag(&tag("f45-build-side-1")).await?;
    ensure!(gone == nvrs, "by the update that was made from it: {gone:?}");
    world.sighting("f45-build-side-2", "sed", "2")?;
    let there = asking.in_side_tag(&tag("f45-build-side-2")).await?;
    ensure!(there == ["sed-2-1.fc45"], "as it is now: {there:?}");

    for (error, named) in [
        (asking.in_update("FEDORA-none").await.unwrap_err(), "`FEDORA-none`"),
        (asking.in_side_tag(&tag("f45-build-side-3")).await.unwrap_err(), "`f45-build-side-3`"),
    ] {
        let told = matches!(&error, WholeError::NotThere(why) if why.contains(named));
        ensure!(told, "{error}");
    }
    Ok(())
}
