//! Redis, PostgreSQL and RabbitMQ wiped, killed and stopped; and what Redis shows to people.

use std::collections::BTreeMap;

use anyhow::Context as _;
use ebs_integration::rabbit::Rabbit;
use ebs_stage::{child::wait_for, troupe::Servers};
use serde_json::json;

use crate::play::{LIMIT, Play};

fn servers(play: &mut Play) -> &mut Servers {
    play.troupe.servers.as_mut().expect("it is distributed")
}

fn broker(play: &mut Play) -> &mut Rabbit {
    play.troupe.broker.as_mut().expect("it is distributed")
}

/// Waits until one of the coordinators leads; its status is looked at from now on.
async fn one_leads(play: &mut Play) -> anyhow::Result<()> {
    let standby = play.troupe.standby.context("there is a standby")?;
    let (pages, ports) = (play.pages.clone(), [play.setting.port, standby]);
    play.performance.port = wait_for("one of them leads", LIMIT, || async {
        for port in ports {
            if pages.leads(port).await {
                return Ok(Some(port));
            }
        }
        Ok(None)
    })
    .await?;
    Ok(())
}

/// Waits until the leader says that these keep it from being ready.
async fn named(play: &Play, parts: &[&str]) -> anyhow::Result<()> {
    let port = play.setting.port;
    wait_for("it is not ready and says why", LIMIT, || async {
        let faulty = play.pages.faulty(port).await;
        Ok(parts.iter().all(|part| faulty.iter().any(|name| name == part)).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_queue_wiped_in_mid_batch_loses_nothing() -> anyhow::Result<()> {
    let mut play = Play::begin(5, Some(2), json!({})).await?;
    play.asked("build", 1).await?;
    servers(&mut play).redis.command::<String>(&["FLUSHALL"]).await?;
    play.end().await
}

#[tokio::test]
async fn a_queue_killed_and_started_again_in_mid_batch_loses_nothing() -> anyhow::Result<()> {
    let mut play = Play::begin(6, Some(2), json!({})).await?;
    play.asked("build", 1).await?;
    let before = play.requests().await?;
    servers(&mut play).redis.kill().await?;
    // Pages do not need the queue.
    play.seen("the status without a queue", |status| status.current.is_some()).await?;
    assert!(play.requests().await? >= before);
    named(&play, &["results", "upkeep"]).await?;
    servers(&mut play).redis.restart().await?;
    play.end().await
}

#[tokio::test]
async fn a_database_that_stops_for_a_while_loses_nothing() -> anyhow::Result<()> {
    let mut play = Play::begin(7, Some(2), json!({})).await?;
    play.asked("build", 1).await?;
    servers(&mut play).postgres.stop()?;
    let (pages, port) = (play.pages.clone(), play.setting.port);
    wait_for("the leader has noticed", LIMIT, || async {
        Ok((!pages.leads(port).await).then_some(()))
    })
    .await?;
    named(&play, &["database"]).await?;
    servers(&mut play).postgres.resume()?;
    one_leads(&mut play).await?;
    play.end().await
}

#[tokio::test]
async fn a_coordinator_that_starts_while_the_database_is_away_waits_for_it() -> anyhow::Result<()> {
    let mut play = Play::begin(25, Some(2), json!({})).await?;
    play.asked("build", 1).await?;
    servers(&mut play).postgres.stop()?;
    play.kill_leader().await?;
    let port = play.setting.port;
    play.troupe.start_coordinator(&play.setting.cue(), "coordinator", port)?;
    play.says_not_ready().await?;
    servers(&mut play).postgres.resume()?;
    one_leads(&mut play).await?;
    play.end().await
}

#[tokio::test]
async fn messages_sent_while_the_broker_is_down_are_not_lost() -> anyhow::Result<()> {
    let mut play = Play::open(8, Some(2), json!({})).await?;
    broker(&mut play).stop()?;
    named(&play, &["consumer"]).await?;
    play.tag().await?;
    broker(&mut play).resume()?;
    play.end().await
}

#[tokio::test]
async fn redis_shows_what_is_pending_in_words() -> anyhow::Result<()> {
    let play = Play::begin(9, Some(1), json!({})).await?;
    let url = play.troupe.redis_url().context("it is distributed")?;
    let redis = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    for (stream, kinds) in [
        ("{ebs}:s:submit", &["submit_builds", "submit_update", "cancel_tasks"][..]),
        ("{ebs}:s:watch", &["poll_tasks", "poll_tag", "poll_repo", "poll_updates"][..]),
    ] {
        let redis = &redis;
        let entries = wait_for(stream, LIMIT, || async {
            let mut redis = redis.clone();
            let entries: Vec<(String, BTreeMap<String, String>)> =
                redis::cmd("XRANGE").arg(stream).arg("-").arg("+").query_async(&mut redis).await?;
            Ok((!entries.is_empty()).then_some(entries))
        })
        .await?;
        for (_, entry) in &entries {
            let kind = entry.get("kind").context("an entry has no kind")?;
            assert!(kinds.contains(&kind.as_str()), "{kind}");
            let what = entry.get("what").context("an entry has no line for people")?;
            assert!(what.contains(' ') && !what.contains('{'), "{what}");
            let job = entry.get("j").context("an entry names no job")?;
            assert!(job.starts_with("b1.") && job.contains('#'), "{job}");
        }
    }
    play.end().await
}
