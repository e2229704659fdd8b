//! A rolling upgrade: every program is replaced in the middle of a batch, one after the other, as `docs/OPERATIONS.md` says.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use ebs_integration::ports::free_port;
use ebs_stage::child::{say, wait_for};
use tokio::time::Instant;

use crate::play::{LIMIT, Play};

/// Packages of the batch.
const PACKAGES: usize = 200;

/// Workers, before and after.
const WORKERS: u16 = 3;

/// Longest time without a leader that ends well: its lease lasts longer.
const HANDED_OVER: Duration = Duration::from_secs(4);

/// A standby of this name is started, and knows who leads.
async fn start_standby(play: &mut Play, name: &str) -> anyhow::Result<u16> {
    let port = free_port()?;
    play.troupe.start_coordinator(&play.setting.cue(), name, port)?;
    let pages = &play.pages;
    wait_for("the new standby is ready", LIMIT, || async {
        Ok((pages.ready(port).await == Some(true)).then_some(()))
    })
    .await?;
    Ok(port)
}

/// Ends a coordinator as an upgrade does; how long it took.
async fn end(play: &mut Play, name: &str) -> anyhow::Result<Duration> {
    let told = Instant::now();
    let child = play.troupe.take_coordinator(name).with_context(|| format!("{name} runs"))?;
    ensure!(child.terminate().await?.success(), "{name} did not end well");
    Ok(told.elapsed())
}

#[tokio::test]
async fn all_programs_are_replaced_during_a_batch_of_200_and_no_step_is_lost() -> anyhow::Result<()>
{
    let mut play = Play::begin_large(31, PACKAGES, WORKERS).await?;
    play.phase("building").await?;
    let began = Instant::now();
    // Workers: one more comes, then an old one goes.
    let mut slowest = Duration::ZERO;
    for number in 1..=WORKERS {
        play.troupe.start_worker(&play.setting.cue(), WORKERS + number)?;
        let told = Instant::now();
        let old = play.troupe.take_worker(number).context("it runs")?;
        ensure!(old.terminate().await?.success(), "worker {number} did not end well");
        slowest = slowest.max(told.elapsed());
    }
    let workers = began.elapsed();
    // The standby first: whoever takes over then is new.
    end(&mut play, "standby").await?;
    let port = start_standby(&mut play, "standby").await?;
    play.troupe.standby = Some(port);
    let told = Instant::now();
    let old = play.troupe.take_coordinator("coordinator").context("it runs")?;
    let (ended, led) = tokio::join!(old.terminate(), play.standby_leads());
    led?;
    let without_leader = told.elapsed();
    ensure!(ended?.success(), "the leader did not end well");
    ensure!(without_leader < HANDED_OVER, "nobody led for {without_leader:?}");
    start_standby(&mut play, "coordinator").await?;
    let all = began.elapsed();
    let status = play.pages.status(port).await?.context("the new leader has a status")?;
    let batch = status.current.context("the batch has ended before the upgrade had")?;
    ensure!(batch.builds.len() == PACKAGES, "{} builds", batch.builds.len());
    say(&format!(
        "upgraded in {all:?}, the workers in {workers:?} (slowest end {slowest:?}); the other led {without_leader:?} after the \
         leader was told; the batch of {PACKAGES} was {}",
        batch.phase
    ));
    play.end().await
}
