//! Catching up from an archive: how far the mark goes, and what comes of what was missed.

mod led;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use ebs_coordinator::{
    driver::{Handle, Input, Sighting},
    intake::{CAUGHT_UP_TO, CatchUp, Watched},
    store::{Change, SqlStore, Store},
    web::{Health, Need},
};
use ebs_domain::{id::Epoch, trigger::Cause};
use ebs_integration::wait;
use ebs_shared::{
    bus::{
        datagrepper::Archive,
        message::{Origin, Reader},
    },
    clock::{Clock, System},
    exchange::HttpExchange,
};
use fedora_sim::{
    Running,
    control::{Announce, NewTag},
    script::{Faults, Script, Service, Trouble},
};
use led::led_store;
use tempfile::TempDir;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// A catch-up beside a door that stores marks and keeps sightings.
struct Ground {
    _folder: TempDir,
    fedora: Running,
    store: Arc<SqlStore>,
    epoch: Epoch,
    connected: Arc<Notify>,
    health: Health,
    seen: watch::Sender<Vec<Sighting>>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Ground {
    async fn new() -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (folder, store, epoch) = led_store().await?;
        let store = Arc::new(store);
        let fedora = fedora_sim::start(Script::default(), "127.0.0.1:0".parse()?).await?;
        Ok(Self {
            _folder: folder,
            fedora,
            store,
            epoch,
            connected: Arc::default(),
            health: Health::default(),
            seen: watch::Sender::default(),
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
        })
    }

    /// Starts catching up, once and at each connection.
    fn start(&mut self) -> Result<()> {
        let (driver, mut inputs) = Handle::channel();
        let (store, epoch, seen) = (Arc::clone(&self.store), self.epoch, self.seen.clone());
        self.tasks.spawn(async move {
            while let Some(input) = inputs.recv().await {
                let Input::Intake { sightings, marks, stored, .. } = input else { continue };
                let put = |(name, value)| Change::PutMark { name, value };
                let changes = marks.into_iter().map(put).collect();
                if store.commit(epoch, changes).await.is_ok() {
                    seen.send_modify(|seen| seen.extend(sightings));
                    let _ = stored.send(());
                }
            }
        });
        let reader = Reader::new("org.fedoraproject.prod", Origin::of(&self.fedora.url)?);
        let base = format!("{}/datagrepper/", self.fedora.url).parse()?;
        let exchange = Arc::new(HttpExchange::new()?);
        let catch_up = CatchUp {
            archive: Archive::new(exchange, &base, reader, Duration::from_secs(5))?,
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            driver,
            tags: Watched::fixed(vec!["f45".parse()?]),
            clock: Arc::new(System),
            connected: Arc::clone(&self.connected),
            every: None,
            read: watch::Sender::new(None),
            health: self.health.part("archive", Need::Leading, None),
        };
        self.tasks.spawn(catch_up.run(self.stop.clone()));
        Ok(())
    }

    async fn mark(&self) -> Result<Option<i64>> {
        let mark = self.store.mark(CAUGHT_UP_TO).await?;
        Ok(mark.map(|mark| mark.parse()).transpose()?)
    }

    async fn set_mark(&self, millis: i64) -> Result<()> {
        let change = Change::PutMark { name: CAUGHT_UP_TO.to_owned(), value: millis.to_string() };
        self.store.commit(self.epoch, vec![change]).await?;
        Ok(())
    }

    fn tag(&self, name: &str, announce: Announce) -> Result<()> {
        let new = NewTag {
            name: name.to_owned(),
            version: "1".to_owned(),
            release: "1.fc45".to_owned(),
            commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            announce,
            ..NewTag::default()
        };
        self.fedora.world.change(|state| state.tag_for_test(&new))?;
        Ok(())
    }

    fn archive_is(&self, trouble: Option<Trouble>) {
        let faults = Faults { now: trouble, now_service: Service::Archive, ..Faults::default() };
        self.fedora.world.change(|state| state.script.faults = faults);
    }

    async fn until_marked_after(&self, millis: i64) -> Result<()> {
        let later = async || Ok(self.mark().await?.is_some_and(|mark| mark > millis));
        wait::until("the mark has moved", later).await
    }

    fn packages(&self) -> Vec<String> {
        self.seen.borrow().iter().map(|sighting| sighting.package.to_string()).collect()
    }

    async fn end(mut self) -> Result<()> {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.context("a task panicked")?;
        }
        self.fedora.stop().await;
        Ok(())
    }
}

#[tokio::test]
async fn the_first_start_sets_the_mark_and_reads_nothing() -> Result<()> {
    let mut ground = Ground::new().await?;
    ground.tag("old", Announce::Once)?;
    ground.start()?;
    ground.until_marked_after(0).await?;
    assert_eq!(ground.packages(), Vec::<String>::new());
    ground.end().await
}

#[tokio::test]
async fn what_the_bus_dropped_is_found_page_by_page_in_its_order() -> Result<()> {
    let mut ground = Ground::new().await?;
    let begin = System.now().millis();
    ground.set_mark(begin).await?;
    let names: Vec<String> = (0..250).map(|number| format!("p{number:03}")).collect();
    for name in &names {
        ground.tag(name, Announce::Dropped)?;
    }
    ground.tag("other-tag", Announce::Centos)?;
    ground.start()?;
    ground.until_marked_after(begin).await?;
    assert_eq!(ground.packages(), names);
    assert!(ground.seen.borrow().iter().all(|sighting| sighting.cause == Cause::CatchUp));
    ground.end().await
}

#[tokio::test]
async fn the_mark_stays_while_the_archive_cannot_be_read_to_its_end() -> Result<()> {
    for trouble in [Trouble::Http503, Trouble::Html, Trouble::Cut] {
        let mut ground = Ground::new().await?;
        let begin = System.now().millis();
        ground.set_mark(begin).await?;
        ground.tag("bash", Announce::Dropped)?;
        ground.archive_is(Some(trouble));
        ground.start()?;
        wait::until("the trouble is told", async || {
            let conditions = ground.health.conditions();
            let fault = conditions.first().and_then(|condition| condition.fault.clone());
            Ok(fault.is_some_and(|fault| fault != "not started yet"))
        })
        .await?;
        assert_eq!(ground.mark().await?, Some(begin), "{trouble:?}");
        // A build that is tagged between two tries is found by the later one.
        ground.tag("zsh", Announce::Dropped)?;
        ground.archive_is(None);
        ground.connected.notify_one();
        ground.until_marked_after(begin).await?;
        assert_eq!(ground.packages(), ["bash", "zsh"], "{trouble:?}");
        ground.end().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_mark_that_a_wrong_clock_has_set_hides_no_build() -> Result<()> {
    let mut ground = Ground::new().await?;
    let (begin, year) = (System.now().millis(), 365 * 24 * 3_600_000);
    ground.set_mark(begin + year).await?;
    ground.tag("bash", Announce::Dropped)?;
    ground.start()?;
    wait::until("the mark is right again", async || {
        Ok(ground.mark().await?.is_some_and(|mark| mark < begin + year))
    })
    .await?;
    assert_eq!(ground.packages(), ["bash"]);
    ground.end().await
}

#[tokio::test]
async fn each_connection_reads_again_from_before_the_mark_with_the_same_message_ids() -> Result<()>
{
    let mut ground = Ground::new().await?;
    let begin = System.now().millis();
    ground.set_mark(begin).await?;
    ground.tag("bash", Announce::Dropped)?;
    ground.start()?;
    ground.until_marked_after(begin).await?;
    let marked = ground.mark().await?.unwrap_or_default();
    ground.tag("zsh", Announce::Dropped)?;
    ground.connected.notify_one();
    ground.until_marked_after(marked).await?;
    // The archive fills late: what was read before is read again, and swallowed by its id where it is stored.
    assert_eq!(ground.packages(), ["bash", "bash", "zsh"]);
    let ids: Vec<_> =
        ground.seen.borrow().iter().map(|sighting| sighting.message.clone()).collect();
    assert_eq!(ids[0], ids[1]);
    ground.end().await
}
