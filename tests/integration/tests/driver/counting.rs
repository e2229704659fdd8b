//! What the driver counts and shows of a batch.

use anyhow::{Context as _, Result, ensure};

use crate::world::World;

const PACKAGES: [&str; 3] = ["bash", "sed", "zlib-ng"];

/// The value of a series.
fn value(world: &World, series: &str) -> Result<f64> {
    let text = world.metrics.render()?;
    let line = text.lines().find_map(|line| line.strip_prefix(series));
    Ok(line.with_context(|| format!("{series} is not in:\n{text}"))?.trim().parse()?)
}

fn counted(world: &World, series: &[(&str, u32)]) -> Result<()> {
    for (series, expected) in series {
        let found = value(world, series)?;
        ensure!((found - f64::from(*expected)).abs() < 0.5, "{series}: {found}, not {expected}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_counted_once_it_has_ended_and_its_triggers_and_effects_as_they_are_stored()
-> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    world.start_worker()?;
    let leader = world.lead().await?;
    leader.sight(world.sightings(&PACKAGES)?).await?;
    world.until("it builds", |world| world.store.phase() == "building").await?;
    counted(
        &world,
        &[
            ("ebs_triggers_total{cause=\"message\"}", 3),
            ("ebs_effects_total{kind=\"create_side_tag\",outcome=\"done\"}", 1),
            ("ebs_batch_phase_duration_seconds_count{phase=\"preparing\"}", 1),
            ("ebs_batches_total{outcome=\"done\"}", 0),
            ("ebs_builds_total{outcome=\"succeeded\"}", 0),
            ("ebs_tag_to_stable_seconds_count", 0),
        ],
    )?;
    world.until("it is done", |world| world.store.phase() == "done").await?;
    leader.stop().await?;
    counted(
        &world,
        &[
            ("ebs_batches_total{outcome=\"done\"}", 1),
            ("ebs_batch_duration_seconds_count{outcome=\"done\"}", 1),
            ("ebs_batch_phase_duration_seconds_count{phase=\"building\"}", 1),
            ("ebs_builds_total{outcome=\"succeeded\"}", 3),
            ("ebs_build_attempts_total", 1),
            ("ebs_updates_total{outcome=\"stable\"}", 1),
            ("ebs_triggers_answered_total{answer=\"in_batch\"}", 3),
            ("ebs_triggers_answered_total{answer=\"built\"}", 3),
            ("ebs_effects_total{kind=\"submit_update\",outcome=\"done\"}", 1),
            ("ebs_tag_to_stable_seconds_count", 3),
        ],
    )?;
    let commits = value(&world, "ebs_store_commits_total{outcome=\"ok\"}")?;
    ensure!(commits > 5.0, "{commits}");
    // The quiet time alone is a minute, and each of the three took at least that.
    let spans = value(&world, "ebs_tag_to_stable_seconds_sum")?;
    ensure!(spans > 180.0, "{spans}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_leader_shows_the_phase_and_the_builds_of_its_batch() -> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    world.start_worker()?;
    let leader = world.lead().await?;
    leader.sight(world.sightings(&PACKAGES)?).await?;
    // Shown is what was so a second ago, or at the last turn, of which there is one in five seconds at least.
    let shown = || world.probe.progress().figures;
    world.until("all of them wait", |_| shown().pending.0 == 3).await?;
    ensure!(shown().batch.is_none() && shown().pending.1.is_some());
    let builds = |_: &World| shown().batch.is_some_and(|batch| batch.phase == "building");
    world.until("it builds", builds).await?;
    let figures = shown();
    let batch = figures.batch.context("a batch")?;
    ensure!(batch.builds.values().sum::<u64>() == 3, "{batch:?}");
    ensure!(batch.attempt == Some((1000, 1)), "{batch:?}");
    ensure!((figures.pending.0, figures.in_batch.0) == (0, 3), "{batch:?}");
    world.until("it is done", |world| world.store.phase() == "done").await?;
    world.until("there is none", |_| shown().batch.is_none()).await?;
    ensure!(shown().in_batch.0 == 0 && shown().oldest_effects.is_empty(), "{:?}", shown());
    leader.stop().await?;
    Ok(())
}
