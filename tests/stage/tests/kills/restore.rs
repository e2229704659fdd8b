//! The database is restored from a dump, as `docs/OPERATIONS.md` says: everything since then is forgotten, and nothing is done twice.

use std::path::Path;

use anyhow::{Context as _, ensure};
use ebs_stage::child::wait_for;
use serde_json::{Value, json};

use crate::play::{LIMIT, Play};

/// What Fedora has of us: builds asked for, and updates.
async fn done(play: &Play) -> anyhow::Result<(usize, usize, Vec<Value>)> {
    let report = play.troupe.fedora.raw_report().await?;
    let count = |key: &str| report[key].as_array().map_or(0, Vec::len);
    let duplicates = report["duplicates"].as_array().cloned().unwrap_or_default();
    Ok((count("builds"), count("updates"), duplicates))
}

async fn dump(play: &Play, to: &Path) -> anyhow::Result<()> {
    play.troupe.servers.as_ref().context("there is a database")?.postgres.dump(to)
}

/// Ends both coordinators, puts the dump in place of the database, forgets the queue, and starts the first again.
async fn restore(play: &mut Play, from: &Path) -> anyhow::Result<()> {
    for name in ["standby", "coordinator"] {
        let child = play.troupe.take_coordinator(name).context("it runs")?;
        ensure!(child.terminate().await?.success(), "{name} did not end well");
    }
    let servers = play.troupe.servers.as_ref().context("there are servers")?;
    servers.postgres.restore(from)?;
    servers.redis.command::<String>(&["FLUSHALL"]).await?;
    play.start_leader().await
}

/// Nothing is under way or waits.
async fn at_rest(play: &Play) -> anyhow::Result<()> {
    let at_rest = |status: &ebs_stage::status::Status| {
        status.current.is_none() && status.pending_total == 0 && status.effects_open == 0
    };
    play.seen("nothing is under way", at_rest).await.map(drop)
}

#[tokio::test]
async fn a_dump_from_before_a_batch_is_caught_up_with_and_nothing_is_built_again()
-> anyhow::Result<()> {
    let mut play = Play::open(41, Some(2), json!({})).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("yesterday.dump");
    dump(&play, &file).await?;
    play.tag().await?;
    play.phase("building").await?;
    let ended = |status: &ebs_stage::status::Status| !status.recent.is_empty();
    play.seen("the batch has ended", ended).await?;
    at_rest(&play).await?;
    let before = done(&play).await?;
    restore(&mut play, &file).await?;
    let pages = (&play.pages, play.setting.port);
    let triggers = before.0;
    wait_for("every build is heard of again", LIMIT, || async {
        let status = pages.0.status(pages.1).await?;
        Ok(status.filter(|status| status.triggers() >= u64::try_from(triggers).unwrap_or(0)))
    })
    .await?;
    at_rest(&play).await?;
    let answers = play.seen("its answers", |_| true).await?.triggers_by_answer;
    ensure!(done(&play).await? == before, "{:?}, before {before:?}", done(&play).await?);
    ensure!(answers.get("already_built").copied() == u64::try_from(triggers).ok(), "{answers:?}");
    play.troupe.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_dump_from_the_middle_of_a_batch_goes_on_from_there_and_nothing_is_done_twice()
-> anyhow::Result<()> {
    let mut play = Play::begin(42, Some(2), json!({})).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("yesterday.dump");
    play.phase("building").await?;
    dump(&play, &file).await?;
    let ended = |status: &ebs_stage::status::Status| !status.recent.is_empty();
    play.seen("the batch has ended", ended).await?;
    at_rest(&play).await?;
    let before = done(&play).await?;
    restore(&mut play, &file).await?;
    play.seen("the batch has ended once more", ended).await?;
    at_rest(&play).await?;
    ensure!(done(&play).await? == before, "{:?}, before {before:?}", done(&play).await?);
    let leftovers = play.troupe.fedora.report().await?.leftovers;
    ensure!(leftovers.open_tasks.is_empty(), "{leftovers:?}");
    play.troupe.stop().await;
    Ok(())
}
