//! The disk with the SQLite file is full for a while.

use anyhow::Context as _;
use ebs_stage::{child::wait_for, disk::Disk};
use lapin::{Connection, ConnectionProperties, options::QueueDeclareOptions, types::FieldTable};

use crate::play::{LIMIT, Play};

/// Room for the file and its log, in MB: more than a batch writes.
const DISK_MB: u32 = 24;

/// How many messages the queue has that nobody holds.
async fn ready_messages(play: &Play) -> anyhow::Result<u32> {
    let broker = play.troupe.broker.as_ref().context("it listens")?;
    let link = Connection::connect(&broker.url(), ConnectionProperties::default()).await?;
    let passive =
        QueueDeclareOptions { passive: true, durable: true, ..QueueDeclareOptions::default() };
    let channel = link.create_channel().await?;
    let queue = channel.queue_declare("ebs".into(), passive, FieldTable::default()).await?;
    link.close(0, "".into()).await?;
    Ok(queue.message_count())
}

fn disk(play: &Play) -> anyhow::Result<&Disk> {
    play.setting.disk.as_ref().context("it has a disk")
}

#[tokio::test]
async fn a_disk_that_is_full_for_a_while_loses_nothing() -> anyhow::Result<()> {
    let Some(mut play) = Play::open_on_disk(23, DISK_MB).await? else { return Ok(()) };
    play.tag().await?;
    play.asked("build", 1).await?;
    disk(&play)?.fill()?;
    play.says_not_ready().await?;
    disk(&play)?.free()?;
    play.end().await
}

#[tokio::test]
async fn a_message_that_cannot_be_stored_is_not_acknowledged() -> anyhow::Result<()> {
    let Some(mut play) = Play::open_on_disk(24, DISK_MB).await? else { return Ok(()) };
    disk(&play)?.fill()?;
    play.tag().await?;
    play.says_not_ready().await?;
    // Whoever held them is dead: they are the broker's again, all of them.
    play.kill_leader().await?;
    let all = u32::try_from(play.performance.cast.parts.len())?;
    wait_for("the messages are the broker's", LIMIT, || async {
        Ok((ready_messages(&play).await? == all).then_some(()))
    })
    .await?;
    disk(&play)?.free()?;
    play.start_leader().await?;
    play.end().await
}
