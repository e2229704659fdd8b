//! Workers killed and told to stop.

use anyhow::Context as _;
use serde_json::json;

use crate::play::Play;

#[tokio::test]
async fn workers_may_be_killed_and_stopped_in_mid_batch() -> anyhow::Result<()> {
    let mut play = Play::begin(10, Some(3), json!({})).await?;
    play.asked("build", 1).await?;
    play.troupe.take_worker(1).context("there are three")?.kill().await;
    let told = play.troupe.take_worker(2).context("there were three")?;
    assert!(told.terminate().await?.success());
    play.end().await
}
