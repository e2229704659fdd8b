//! Numbers of configuration snapshots, over two starts of a whole coordinator.

use anyhow::{Result, ensure};
use fedora_sim::script::Script;
use serde_json::Value;

use crate::ground::{Coordinator, Ground};

/// The number of the snapshot in use, once there is one.
async fn number(coordinator: &Coordinator) -> Result<Option<u64>> {
    let used = |status: &Value| status["configuration"]["snapshot"].is_u64();
    coordinator.until("a snapshot is in use", used).await?;
    Ok(coordinator.json("status.json").await?["configuration"]["snapshot"].as_u64())
}

#[tokio::test]
async fn after_a_restart_no_snapshot_has_the_number_of_one_before() -> Result<()> {
    let ground = Ground::new(Script::default()).await?;
    let mut last = None;
    for _ in 0..3 {
        let coordinator = ground.start().await?;
        let number = number(&coordinator).await?;
        ensure!(number > last, "{number:?} after {last:?}");
        last = number;
        coordinator.end().await?;
    }
    Ok(())
}
