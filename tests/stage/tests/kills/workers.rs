//! Workers killed and told to stop.

use anyhow::Context as _;
use ebs_stage::child::wait_for;
use serde_json::json;

use crate::play::{LIMIT, Play};

#[tokio::test]
async fn workers_may_be_killed_and_stopped_in_mid_batch() -> anyhow::Result<()> {
    let mut play = Play::begin(10, Some(3), json!({})).await?;
    play.asked("build", 1).await?;
    play.troupe.take_worker(1).context("there are three")?.kill().await;
    let told = play.troupe.take_worker(2).context("there were three")?;
    assert!(told.terminate().await?.success());
    play.end().await
}

/// How long each request takes while a worker holds a submit, in ms: less than the limit of a call, so that it holds it for long.
const SLOW_MS: u64 = 1500;

/// A line of `XPENDING`: entry, who holds it, for how long, deliveries.
type Pending = (String, String, u64, u64);

/// The number of the worker that holds a submit.
async fn holder(play: &Play) -> anyhow::Result<u16> {
    let redis = &play.troupe.servers.as_ref().context("it is distributed")?.redis;
    wait_for("a worker holds a submit", LIMIT, || async {
        let held = &["XPENDING", "{ebs}:s:submit", "w", "-", "+", "1"];
        // Until a worker has come, there is no group to ask for.
        let held: Vec<Pending> = redis.command(held).await.unwrap_or_default();
        let Some((_, name, ..)) = held.first() else { return Ok(None) };
        let number = name.strip_prefix("worker-").and_then(|rest| rest.split('-').next());
        Ok(Some(number.context("a worker has a number")?.parse()?))
    })
    .await
}

#[tokio::test]
async fn a_submit_of_a_worker_that_was_killed_is_finished_by_another_once() -> anyhow::Result<()> {
    let mut play = Play::begin(22, Some(2), json!({})).await?;
    let slow = |ms: u64| json!({ "timing": { "request_ms": ms } });
    play.asked("repo.request", 1).await?;
    play.troupe.fedora.change(&slow(SLOW_MS)).await?;
    let holder = holder(&play).await?;
    play.troupe.take_worker(holder).context("it runs")?.kill().await;
    play.troupe.fedora.change(&slow(0)).await?;
    play.end().await
}

#[tokio::test]
async fn a_worker_told_to_stop_with_a_job_in_hand_ends_well_and_another_does_the_job_once()
-> anyhow::Result<()> {
    let mut play = Play::begin(11, Some(1), json!({})).await?;
    play.phase("building").await?;
    // The hub takes every call and answers none: what the worker takes now, it has in hand.
    play.troupe.fedora.child.freeze();
    let servers = play.troupe.servers.as_ref().context("there is a queue")?;
    wait_for("the worker holds a job", LIMIT, || async {
        let mut held = 0;
        for lane in ["{ebs}:s:submit", "{ebs}:s:watch"] {
            let asked = ["XPENDING", lane, "w", "-", "+", "9"];
            held += servers.redis.command::<Vec<redis::Value>>(&asked).await?.len();
        }
        Ok((held > 0).then_some(()))
    })
    .await?;
    let worker = play.troupe.take_worker(1).context("there is one")?;
    let ended = worker.terminate().await;
    play.troupe.fedora.child.thaw();
    assert!(ended?.success());
    play.troupe.start_worker(&play.setting.cue(), 2)?;
    play.end().await
}
