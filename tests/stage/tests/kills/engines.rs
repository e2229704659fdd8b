//! Redis, PostgreSQL and RabbitMQ wiped, killed and stopped; and what Redis shows to people.

use std::collections::BTreeMap;

use anyhow::Context as _;
use ebs_stage::{child::wait_for, troupe::Servers};
use serde_json::json;

use crate::play::{LIMIT, Play};

fn servers(play: &mut Play) -> &mut Servers {
    play.troupe.servers.as_mut().expect("it is distributed")
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
    servers(&mut play).postgres.resume()?;
    wait_for("one of them leads", LIMIT, || async {
        let standby = play.troupe.standby.context("there is a standby")?;
        for port in [port, standby] {
            if play.pages.leads(port).await {
                return Ok(Some(port));
            }
        }
        Ok(None)
    })
    .await
    .map(|port| play.performance.port = port)?;
    play.end().await
}

#[tokio::test]
async fn messages_sent_while_the_broker_is_down_are_not_lost() -> anyhow::Result<()> {
    let mut play = Play::open(8, Some(2), json!({})).await?;
    servers(&mut play).broker.stop()?;
    play.tag().await?;
    servers(&mut play).broker.resume()?;
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
