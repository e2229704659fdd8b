//! Koji's own record against what we heard: on the real client, over HTTP, with a real store behind a small door.

mod door;
mod led;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use door::door;
use ebs_coordinator::{
    driver::Sighting,
    intake::{Archived, CAUGHT_UP_TO, CatchUp, Record, RecordMark, Watched, read_mark},
    store::{Change, SqlStore, Store, TriggerAnswer, TriggerRow},
    web::{Health, Need},
};
use ebs_domain::{
    id::{BatchId, Epoch, TagName},
    trigger::Cause,
};
use ebs_integration::wait;
use ebs_shared::{
    bus::{
        datagrepper::Archive,
        message::{Origin, Reader},
    },
    clock::{Clock, System},
    exchange::{Exchange, HttpExchange},
    koji::{
        HubParts, api::Hub, client::HubClient, limits::KojiLimits, login::PasswordLogin,
        transport::HttpTransport,
    },
};
use fedora_sim::{
    Running,
    control::{Announce, Deed, NewTag, TagAnswer},
    script::{Faults, Script, Service, Trouble},
};
use led::led_store;
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// Time between two looks.
const EVERY: Duration = Duration::from_millis(200);

struct Ground {
    _folder: TempDir,
    fedora: Running,
    store: Arc<SqlStore>,
    epoch: Epoch,
    health: Health,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

fn hub(fedora: &str, exchange: &Arc<dyn Exchange>) -> Result<Arc<dyn Hub>> {
    let limits = KojiLimits { read: Duration::from_secs(5), ..KojiLimits::default() };
    let url = format!("{fedora}/kojihub").parse()?;
    let transport = HttpTransport::new(Arc::clone(exchange), &url, &limits);
    Ok(Arc::new(HubClient::new(HubParts {
        transport: Arc::new(transport),
        login: Arc::new(PasswordLogin::new("ebs", "ebspw")),
        chance: Arc::new(System),
        limits,
        metrics: None,
    })))
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
            health: Health::default(),
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
        })
    }

    /// Starts comparing, with the archive or without.
    fn start(&mut self, with_archive: bool) -> Result<()> {
        let driver = door(&self.store, self.epoch, &mut self.tasks);
        let exchange: Arc<dyn Exchange> = Arc::new(HttpExchange::new()?);
        let store = Arc::clone(&self.store) as Arc<dyn Store>;
        let tags = Watched::fixed(vec![tag()?]);
        let archive = if with_archive {
            let reader = Reader::new("org.fedoraproject.prod", Origin::of(&self.fedora.url)?);
            let base = format!("{}/datagrepper/", self.fedora.url).parse()?;
            let limit = Duration::from_secs(5);
            let (read, seen) = watch::channel(None);
            let catch_up = CatchUp {
                archive: Archive::new(Arc::clone(&exchange), &base, reader, limit)?,
                store: Arc::clone(&store),
                driver: driver.clone(),
                tags: tags.clone(),
                clock: Arc::new(System),
                connected: Arc::default(),
                every: None,
                read,
                health: self.health.part("archive", Need::Leading, None),
            };
            let archived = Archived { wake: Arc::clone(&catch_up.connected), read: seen };
            self.tasks.spawn(catch_up.run(self.stop.clone()));
            Some(archived)
        } else {
            None
        };
        let record = Record {
            hub: hub(&self.fedora.url, &exchange)?,
            store,
            driver,
            tags,
            clock: Arc::new(System),
            chance: Arc::new(System),
            archive,
            every: EVERY,
            health: self.health.part("record", Need::Leading, None),
        };
        self.tasks.spawn(record.run(self.stop.clone()));
        Ok(())
    }

    /// Ends what was started, as a program ends.
    async fn halt(&mut self) -> Result<()> {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.context("a task panicked")?;
        }
        self.stop = CancellationToken::new();
        Ok(())
    }

    async fn end(mut self) -> Result<()> {
        self.halt().await?;
        self.fedora.stop().await;
        Ok(())
    }

    fn tag(&self, name: &str, announce: Announce) -> Result<TagAnswer> {
        let new = NewTag {
            name: name.to_owned(),
            version: "1".to_owned(),
            release: "1.fc45".to_owned(),
            commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            announce,
            ..NewTag::default()
        };
        Ok(self.fedora.world.change(|state| state.tag_for_test(&new))?)
    }

    async fn mark(&self) -> Result<Option<RecordMark>> {
        read_mark(&*self.store, &tag()?).await
    }

    /// Waits until a look has ended that began after this call.
    async fn looked_again(&self) -> Result<RecordMark> {
        let now = System.now();
        wait::until("Koji's record was compared anew", async || {
            Ok(self.mark().await?.is_some_and(|mark| mark.looked > now))
        })
        .await?;
        // The look that was under way has left its mark: the next began after this call.
        let half = self.mark().await?.context("a mark")?;
        wait::until("Koji's record was compared once more", async || {
            Ok(self.mark().await?.is_some_and(|mark| mark.looked > half.looked))
        })
        .await?;
        self.mark().await?.context("a mark")
    }

    async fn triggers(&self) -> Result<Vec<TriggerRow>> {
        let mut rows = self.store.pending_triggers(10_000).await?;
        rows.sort_by_key(|row| row.id);
        Ok(rows)
    }

    /// The packages of all triggers with how each was heard of.
    async fn heard(&self) -> Result<Vec<(String, Cause)>> {
        let rows = self.triggers().await?;
        let heard = |row: &TriggerRow| {
            Ok((row.trigger.component.to_string(), serde_json::from_str(&row.trigger.cause)?))
        };
        rows.iter().map(heard).collect()
    }

    async fn until_heard(&self, count: usize) -> Result<Vec<(String, Cause)>> {
        wait::until("the triggers are stored", async || Ok(self.heard().await?.len() >= count))
            .await?;
        self.heard().await
    }
}

fn tag() -> Result<TagName> {
    Ok("f45".parse()?)
}

fn of_record(names: &[&str]) -> Vec<(String, Cause)> {
    names.iter().map(|name| ((*name).to_owned(), Cause::KojiRecord)).collect()
}

#[tokio::test]
async fn the_first_look_at_a_full_tag_triggers_nothing_and_says_how_many_builds_there_are()
-> Result<()> {
    let mut ground = Ground::new().await?;
    for number in 0..30 {
        ground.tag(&format!("old-{number}"), Announce::Lost)?;
    }
    ground.start(false)?;
    let mark = ground.looked_again().await?;
    assert_eq!((mark.untriggered, ground.heard().await?), (30, Vec::new()));
    ground.end().await
}

#[tokio::test]
async fn what_neither_bus_nor_archive_told_of_is_found_once_in_the_order_of_its_tagging()
-> Result<()> {
    let mut ground = Ground::new().await?;
    ground.start(true)?;
    ground.looked_again().await?;
    for name in ["zsh", "bash", "acl"] {
        ground.tag(name, Announce::Lost)?;
    }
    ground.until_heard(3).await?;
    ground.looked_again().await?;
    assert_eq!(ground.heard().await?, of_record(&["zsh", "bash", "acl"]));
    ground.end().await
}

#[tokio::test]
async fn what_the_archive_knows_is_found_there_and_only_the_rest_in_koji() -> Result<()> {
    let mut ground = Ground::new().await?;
    ground.start(true)?;
    ground.looked_again().await?;
    wait::until("the archive has a mark", async || {
        Ok(ground.store.mark(CAUGHT_UP_TO).await?.is_some())
    })
    .await?;
    for number in 0..40 {
        let announce = if number % 13 == 7 { Announce::Lost } else { Announce::Dropped };
        ground.tag(&format!("p{number:02}"), announce)?;
    }
    let heard = ground.until_heard(40).await?;
    let late: Vec<_> =
        heard.iter().filter(|(_, cause)| *cause == Cause::KojiRecord).cloned().collect();
    assert_eq!(late, of_record(&["p07", "p20", "p33"]));
    let archived = heard.iter().filter(|(_, cause)| *cause == Cause::CatchUp).count();
    assert_eq!((archived, heard.len()), (37, 40));
    ground.end().await
}

#[tokio::test]
async fn an_archive_that_is_away_keeps_nothing_from_being_found_in_koji() -> Result<()> {
    let mut ground = Ground::new().await?;
    ground.start(true)?;
    ground.looked_again().await?;
    let faults =
        Faults { now: Some(Trouble::Http503), now_service: Service::Archive, ..Faults::default() };
    ground.fedora.world.change(|state| state.script.faults = faults);
    ground.tag("bash", Announce::Dropped)?;
    assert_eq!(ground.until_heard(1).await?, of_record(&["bash"]));
    ground.end().await
}

#[tokio::test]
async fn a_build_that_was_heard_live_is_not_found_again_and_one_found_is_not_heard_again()
-> Result<()> {
    let mut ground = Ground::new().await?;
    ground.start(false)?;
    ground.looked_again().await?;
    let live = |made: &TagAnswer, name: &str| -> Result<Sighting> {
        Ok(Sighting {
            package: name.parse()?,
            tag: tag()?,
            build: ebs_domain::id::BuildId::new(made.build_id),
            nvr: made.nvr.clone(),
            cause: Cause::Message,
            message: Some(format!("message-{name}")),
        })
    };
    let driver = door(&ground.store, ground.epoch, &mut ground.tasks);
    // Both are in the tag before the next look ends; the first is told of before Koji shows it.
    let untold = ground.tag("zsh", Announce::Lost)?;
    let told = NewTag {
        name: "bash".to_owned(),
        version: "1".to_owned(),
        release: "1.fc45".to_owned(),
        commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        announce: Announce::False,
        ..NewTag::default()
    };
    let made = ground.fedora.world.change(|state| state.tag_for_test(&told))?;
    driver.store(vec![live(&made, "bash")?], Vec::new(), Vec::new()).await?;
    ground.tag("bash", Announce::Lost)?;
    let found = ground.until_heard(2).await?;
    ground.looked_again().await?;
    driver.store(vec![live(&untold, "zsh")?], Vec::new(), Vec::new()).await?;
    drop(driver);
    let mut heard = ground.heard().await?;
    assert_eq!(heard, found);
    heard.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(heard, [("bash".to_owned(), Cause::Message), ("zsh".to_owned(), Cause::KojiRecord)]);
    ground.end().await
}

#[tokio::test]
async fn what_was_tagged_while_nobody_looked_is_found_by_the_next_start() -> Result<()> {
    let mut ground = Ground::new().await?;
    ground.tag("old", Announce::Lost)?;
    ground.start(false)?;
    ground.looked_again().await?;
    ground.halt().await?;
    ground.tag("bash", Announce::Lost)?;
    ground.start(false)?;
    assert_eq!(ground.until_heard(1).await?, of_record(&["bash"]));
    assert_eq!(ground.mark().await?.context("a mark")?.untriggered, 1);
    ground.end().await
}

#[tokio::test]
async fn more_builds_than_are_handed_over_at_once_are_all_found_once() -> Result<()> {
    let mut ground = Ground::new().await?;
    ground.start(false)?;
    ground.looked_again().await?;
    let names: Vec<String> = (0..1_200).map(|number| format!("p{number:04}")).collect();
    ground.fedora.world.change(|state| {
        for name in &names {
            let new = NewTag {
                name: name.clone(),
                version: "1".to_owned(),
                release: "1.fc45".to_owned(),
                announce: Announce::Lost,
                ..NewTag::default()
            };
            state.tag_for_test(&new)?;
        }
        anyhow::Ok(())
    })?;
    ground.until_heard(1_200).await?;
    ground.looked_again().await?;
    let heard: Vec<String> = ground.heard().await?.into_iter().map(|(name, _)| name).collect();
    assert_eq!(heard, names);
    ground.end().await
}

#[tokio::test]
async fn a_hub_that_is_away_is_named_and_read_again_when_it_is_back() -> Result<()> {
    let mut ground = Ground::new().await?;
    ground.start(false)?;
    ground.looked_again().await?;
    let trouble = |now| Faults { now, now_service: Service::Koji, ..Faults::default() };
    ground.fedora.world.change(|state| state.script.faults = trouble(Some(Trouble::Http503)));
    let fault = || {
        let conditions = ground.health.conditions();
        conditions.into_iter().find(|it| it.name == "record").and_then(|it| it.fault)
    };
    wait::until("the trouble is told", async || Ok(fault().is_some())).await?;
    ground.tag("bash", Announce::Lost)?;
    ground.fedora.world.change(|state| state.script.faults = trouble(None));
    assert_eq!(ground.until_heard(1).await?, of_record(&["bash"]));
    wait::until("all is well again", async || Ok(fault().is_none())).await?;
    ground.end().await
}

#[tokio::test]
async fn a_build_that_was_withdrawn_and_is_tagged_again_triggers_again() -> Result<()> {
    let mut ground = Ground::new().await?;
    ground.start(false)?;
    ground.looked_again().await?;
    let first = ground.tag("bash", Announce::Lost)?;
    ground.until_heard(1).await?;
    let untag = Deed::Untag { tag: "f45".to_owned(), build: first.build_id };
    ground.fedora.world.change(|state| state.operate(&untag))?;
    let rows = ground.triggers().await?;
    let withdrawn = rows.iter().map(|row| TriggerAnswer {
        id: row.id,
        answer: Some(r#"{"answer":"withdrawn"}"#.to_owned()),
        shown: Some("withdrawn".to_owned()),
        batch: Some(BatchId::new(1)),
    });
    let answer = Change::AnswerTriggers(withdrawn.collect());
    ground.store.commit(ground.epoch, vec![answer]).await?;
    ground.looked_again().await?;
    assert_eq!(ground.heard().await?, [], "it is in no tag");
    ground.tag("bash", Announce::Lost)?;
    assert_eq!(ground.until_heard(1).await?, of_record(&["bash"]));
    ground.end().await
}

#[tokio::test]
async fn a_build_that_is_untagged_and_tagged_again_stays_one_trigger() -> Result<()> {
    let mut ground = Ground::new().await?;
    ground.start(false)?;
    ground.looked_again().await?;
    let first = ground.tag("bash", Announce::Lost)?;
    ground.until_heard(1).await?;
    let again = ground.tag("bash", Announce::Lost)?;
    assert!(again.event > first.event, "a new tagging of the same build");
    ground.looked_again().await?;
    assert_eq!(ground.heard().await?, of_record(&["bash"]));
    ground.end().await
}
