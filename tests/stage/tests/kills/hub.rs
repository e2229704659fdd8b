//! The hub and Bodhi away for a while: refusing connections, answering that they are away, or not answering.

use serde_json::json;

use crate::play::{LIMIT, Play};
use ebs_stage::{child::wait_for, status::Status};

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

/// How many it refuses when it is away for a shorter time.
const REFUSED_AGAIN: u64 = 3;

/// How many calls are lost at the beginning of `cleaning`, so that it is not over before the hub is away.
const LOST: usize = 4;

/// How long updates wait for their approval, in ms, so that `settling` is not over before the hub is away.
const APPROVAL_MS: u64 = 2000;

/// A batch that stays long enough in `settling` and `cleaning`.
async fn unhurried(seed: u64) -> anyhow::Result<Play> {
    let play =
        Play::open(seed, None, json!({ "lost": { "removeSideTag": vec!["never"; LOST] } })).await?;
    play.troupe
        .fedora
        .change(&json!({ "bodhi": { "timing": { "approve_ms": APPROVAL_MS } } }))
        .await?;
    Ok(play)
}

/// Waits until the batch says that it waits, for a reason with this word in it.
async fn waits_because(play: &Play, word: &str) -> anyhow::Result<()> {
    let waits = |status: &Status| {
        let waiting = status.current.as_ref().and_then(|batch| batch.waiting.as_ref());
        waiting.is_some_and(|why| why.contains(word))
    };
    play.seen(word, waits).await.map(drop)
}

/// All triggers are there and no batch has taken them.
async fn forming(play: &mut Play) -> anyhow::Result<()> {
    play.tag().await?;
    let all = u64::try_from(play.performance.cast.parts.len())?;
    let status = play.seen("all triggers", |status| status.pending_total == all).await?;
    anyhow::ensure!(status.current.is_none(), "forming was missed");
    Ok(())
}

/// Nobody listens at the hub's address until the service has noticed.
async fn closed(play: &Play) -> anyhow::Result<()> {
    play.troupe.fedora.door(false).await?;
    waits_because(play, "refused").await?;
    play.troupe.fedora.door(true).await
}

/// This service answers in this way until it has been asked a few times.
async fn troubled(play: &Play, service: &str, trouble: &str) -> anyhow::Result<()> {
    let fedora = &play.troupe.fedora;
    fedora.change(&json!({ "faults": { "now": trouble, "now_service": service } })).await?;
    let before = play.requests_to(service).await?;
    wait_for(trouble, LIMIT, || async {
        Ok((play.requests_to(service).await? >= before + REFUSED_AGAIN).then_some(()))
    })
    .await?;
    fedora.change(&json!({ "faults": { "now": null } })).await
}

#[tokio::test]
async fn a_closed_port_while_forming_settling_and_cleaning_fails_no_build() -> anyhow::Result<()> {
    let mut play = unhurried(15).await?;
    forming(&mut play).await?;
    closed(&play).await?;
    play.phase("settling").await?;
    closed(&play).await?;
    play.asked("koji removeSideTag", 1).await?;
    closed(&play).await?;
    play.end().await
}

#[tokio::test]
async fn a_hub_in_trouble_while_forming_settling_and_cleaning_fails_no_build() -> anyhow::Result<()>
{
    let mut play = unhurried(17).await?;
    forming(&mut play).await?;
    troubled(&play, "koji", "http503").await?;
    play.phase("settling").await?;
    troubled(&play, "koji", "offline").await?;
    play.asked("koji removeSideTag", 1).await?;
    troubled(&play, "koji", "http502").await?;
    play.end().await
}

#[tokio::test]
async fn a_bodhi_that_is_away_while_publishing_fails_no_build() -> anyhow::Result<()> {
    let play = Play::begin(19, None, json!({ "lost": { "POST /updates/": ["never"] } })).await?;
    play.asked("promoteBuild", 1).await?;
    for trouble in ["http503", "cut", "html"] {
        troubled(&play, "bodhi", trouble).await?;
    }
    play.phase("publishing").await?;
    closed(&play).await?;
    play.end().await
}
