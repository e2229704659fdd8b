//! The shelf beside the queue, on Redis and in a process: what holds for the one holds for the other.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use ebs_integration::{redis::RedisServer, wait::until};
use ebs_shared::queue::{
    Drawer::{Login, Session},
    LocalShelf, RedisSettings, RedisShelf, Shelf, Shelved,
};

const MINUTE: Duration = Duration::from_secs(60);

/// Both, with the server of the one.
async fn both() -> Result<(RedisServer, [Arc<dyn Shelf>; 2])> {
    let server = RedisServer::start().await?;
    let on_redis = Arc::new(RedisShelf::new(&RedisSettings::at(&server.url))?);
    Ok((server, [on_redis, Arc::new(LocalShelf::default())]))
}

#[tokio::test]
async fn a_record_is_found_in_its_drawer_until_it_is_taken_once() -> Result<()> {
    let (_server, shelves) = both().await?;
    for shelf in shelves {
        ensure!(shelf.put(Session, "a", "alice", MINUTE).await? == Shelved::Kept);
        ensure!(shelf.put(Login, "a", "{\"v\":1}", MINUTE).await? == Shelved::Kept);
        ensure!(shelf.look(Session, "a").await?.as_deref() == Some("alice"));
        ensure!(shelf.look(Session, "a").await?.as_deref() == Some("alice"), "it stays");
        ensure!(shelf.look(Session, "b").await?.is_none());
        let (one, other) = tokio::join!(shelf.take(Login, "a"), shelf.take(Login, "a"));
        let taken: Vec<String> = [one?, other?].into_iter().flatten().collect();
        ensure!(taken == ["{\"v\":1}"], "of two who take it one gets it: {taken:?}");
        ensure!(shelf.look(Login, "a").await?.is_none());
        ensure!(shelf.look(Session, "a").await?.is_some(), "the other drawer is another");
        shelf.put(Session, "a", "bob", MINUTE).await?;
        ensure!(shelf.take(Session, "a").await?.as_deref() == Some("bob"), "the last one counts");
    }
    Ok(())
}

#[tokio::test]
async fn a_record_ends_by_itself() -> Result<()> {
    let (server, shelves) = both().await?;
    for shelf in shelves {
        shelf.put(Session, "a", "alice", Duration::from_millis(1)).await?;
        until("it has ended", async || Ok(shelf.look(Session, "a").await?.is_none())).await?;
        ensure!(shelf.take(Session, "a").await?.is_none());
        shelf.put(Session, "b", "bob", MINUTE).await?;
    }
    let names: Vec<String> = server.command(&["ZRANGE", "{ebs}:z:session", "0", "-1"]).await?;
    ensure!(names == ["b"], "what has ended leaves nothing: {names:?}");
    let left: i64 = server.command(&["PTTL", "{ebs}:r:session:b"]).await?;
    ensure!((1..=60_000).contains(&left), "the server forgets it itself: {left}");
    Ok(())
}

#[tokio::test]
async fn a_full_drawer_takes_nothing_until_something_has_gone() -> Result<()> {
    let (_server, [_, shelf]) = both().await?;
    for number in 0..Login.most() {
        shelf.put(Login, &number.to_string(), "x", MINUTE).await?;
    }
    ensure!(shelf.put(Login, "more", "x", MINUTE).await? == Shelved::Full);
    ensure!(shelf.put(Session, "more", "x", MINUTE).await? == Shelved::Kept);
    shelf.take(Login, "7").await?;
    ensure!(shelf.put(Login, "more", "x", MINUTE).await? == Shelved::Kept);
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_away_is_an_error_and_no_absent_record() -> Result<()> {
    let (mut server, [shelf, _]) = both().await?;
    shelf.put(Session, "a", "alice", MINUTE).await?;
    server.kill().await?;
    ensure!(shelf.look(Session, "a").await.is_err() && shelf.take(Session, "a").await.is_err());
    server.restart().await?;
    ensure!(shelf.look(Session, "a").await?.as_deref() == Some("alice"));
    Ok(())
}
