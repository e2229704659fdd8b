//! Replies lost of the three calls that create something: whatever became of the call, nothing is made twice and nothing is
//! left out.

use serde_json::json;

use crate::play::Play;

/// The longest that a late call takes effect after its reply was lost, in ms. Below `doubt_wait`.
const LATE_MS: u64 = 2500;

async fn replies_lost(seed: u64, fate: &str) -> anyhow::Result<()> {
    let first = json!([fate]);
    let lost = json!({ "createSideTag": first, "build": first, "POST /updates/": first });
    let play =
        Play::begin(seed, Some(2), json!({ "lost": lost, "late_effect_max_ms": LATE_MS })).await?;
    play.end().await
}

#[tokio::test]
async fn calls_that_ran_unheard_are_found() -> anyhow::Result<()> {
    replies_lost(11, "ran").await
}

#[tokio::test]
async fn calls_that_run_late_are_found() -> anyhow::Result<()> {
    replies_lost(12, "late").await
}

#[tokio::test]
async fn calls_that_never_ran_are_made_again() -> anyhow::Result<()> {
    replies_lost(13, "never").await
}
