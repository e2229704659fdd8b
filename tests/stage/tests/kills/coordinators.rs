//! Coordinators killed, started again, told to stop.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::play::Play;

/// SIGKILL in every phase, each in the middle of what the phase is about.
async fn killed_in_every_phase(mut play: Play) -> anyhow::Result<()> {
    // In the middle of the call: its answer comes after the end.
    play.asked("koji createSideTag", 1).await?;
    play.kill_leader().await?;
    play.start_leader().await?;
    play.asked("build", 1).await?;
    play.kill_leader().await?;
    play.start_leader().await?;
    play.asked("promoteBuild", 1).await?;
    play.kill_leader().await?;
    play.start_leader().await?;
    play.end().await
}

#[tokio::test]
async fn standalone_a_kill_in_every_phase_changes_nothing() -> anyhow::Result<()> {
    killed_in_every_phase(Play::begin(1, None, json!({})).await?).await
}

#[tokio::test]
async fn distributed_a_kill_in_every_phase_changes_nothing() -> anyhow::Result<()> {
    let play = Play::begin(2, Some(2), json!({})).await?;
    // What is started again takes its own lease over before the standby can.
    killed_in_every_phase(play).await
}

/// How long updates wait for their approval, in ms, so that `settling` is not over before the kill.
const APPROVAL_MS: u64 = 2000;

/// SIGKILL while updates are on their way to being stable.
async fn killed_in_settling(mut play: Play) -> anyhow::Result<()> {
    let slow = json!({ "bodhi": { "timing": { "approve_ms": APPROVAL_MS } } });
    play.troupe.fedora.change(&slow).await?;
    play.tag().await?;
    play.phase("settling").await?;
    play.kill_leader().await?;
    play.start_leader().await?;
    play.end().await
}

#[tokio::test]
async fn standalone_a_kill_in_settling_changes_nothing() -> anyhow::Result<()> {
    killed_in_settling(Play::open(20, None, json!({})).await?).await
}

#[tokio::test]
async fn distributed_a_kill_in_settling_changes_nothing() -> anyhow::Result<()> {
    killed_in_settling(Play::open(21, Some(2), json!({})).await?).await
}

#[tokio::test]
async fn a_standby_takes_over_when_the_leader_is_killed() -> anyhow::Result<()> {
    let mut play = Play::begin(3, Some(2), json!({})).await?;
    play.phase("building").await?;
    let standby = play.troupe.standby.expect("there are two");
    let leader = play.pages.status(standby).await?.and_then(|status| status.leader);
    let leader = leader.expect("the standby knows the leader");
    assert_eq!((leader.instance.as_str(), leader.here), ("coordinator", false));
    play.kill_leader().await?;
    play.standby_leads().await?;
    play.end().await
}

#[tokio::test]
async fn a_leader_that_is_told_to_stop_hands_over_at_once() -> anyhow::Result<()> {
    let mut play = Play::begin(4, Some(2), json!({})).await?;
    play.phase("building").await?;
    let leader = play.troupe.take_coordinator("coordinator").expect("there are two");
    let told = Instant::now();
    let (status, led) = tokio::join!(leader.terminate(), play.standby_leads());
    led?;
    assert!(told.elapsed() < Duration::from_secs(4), "the lease was not given up");
    assert!(status?.success());
    play.end().await
}

#[tokio::test]
async fn a_standby_that_is_told_to_stop_ends_well_and_the_leader_leads_on() -> anyhow::Result<()> {
    let mut play = Play::begin(5, Some(2), json!({})).await?;
    play.phase("building").await?;
    let standby = play.troupe.take_coordinator("standby").expect("there are two");
    assert!(standby.terminate().await?.success());
    assert!(play.pages.leads(play.setting.port).await, "nobody took its lease");
    play.end().await
}

#[tokio::test]
async fn standalone_a_stop_in_every_phase_ends_well_and_loses_no_step() -> anyhow::Result<()> {
    let mut play = Play::begin(6, None, json!({})).await?;
    for call in ["koji createSideTag", "build", "promoteBuild"] {
        play.asked(call, 1).await?;
        let leader = play.troupe.take_coordinator("coordinator").expect("there is one");
        assert!(leader.terminate().await?.success(), "{call}");
        play.start_leader().await?;
    }
    play.end().await
}
