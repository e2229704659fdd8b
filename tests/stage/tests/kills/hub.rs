//! The hub away for a while.

use serde_json::json;

use crate::play::{LIMIT, Play};
use ebs_stage::child::wait_for;

/// How many requests it refuses each time.
const REFUSED: u64 = 6;

#[tokio::test]
async fn a_hub_that_is_away_in_every_phase_fails_no_build() -> anyhow::Result<()> {
    let play = Play::begin(14, Some(2), json!({})).await?;
    for (call, trouble) in
        [("koji createSideTag", "offline"), ("build", "cut"), ("promoteBuild", "offline")]
    {
        // Preparing, building, publishing: each in the midst of what it does.
        play.asked(call, 1).await?;
        play.troupe.fedora.change(&json!({ "faults": { "now": trouble } })).await?;
        let before = play.requests().await?;
        wait_for("the hub has been asked", LIMIT, || async {
            Ok((play.requests().await? >= before + REFUSED).then_some(()))
        })
        .await?;
        play.troupe.fedora.change(&json!({ "faults": { "now": null } })).await?;
    }
    play.end().await
}
