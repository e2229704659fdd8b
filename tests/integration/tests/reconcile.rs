//! Reconcile beside a small door: on the real client, over HTTP, with a real store, its timer, and what came of it before.

mod door;
mod led;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use door::door;
use ebs_coordinator::{
    findings::{Fate, Found, Mode, Report},
    reconcile::{Gauges, Look, Reconcile},
    snapshot::{Snapshot, Taken},
    store::{Change, ListRow, SqlStore, Store, TriggerAnswer},
    web::{Health, Need},
};
use ebs_domain::{
    batch::Plan,
    deny::DenyRule,
    id::{BatchId, Epoch, PackageName},
    package_list::{self, Guards, PackageList},
    policy::{Listed, Policy, Rules},
    time::Timestamp,
    trigger::Answer,
};
use ebs_integration::wait;
use ebs_shared::{
    clock::{Clock, System},
    config::{Autopackagelist, Control, DynamicConfig, TriggerTag},
    exchange::{Exchange, HttpExchange},
    koji::{
        HubParts, api::Hub, client::HubClient, limits::KojiLimits, login::PasswordLogin,
        transport::HttpTransport,
    },
    telemetry::Metrics,
};
use fedora_sim::{
    Running,
    control::{Announce, NewTag},
    script::Script,
};
use led::led_store;
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// Time between two looks: long enough that none is missed by who reads each report.
const EVERY: Duration = Duration::from_secs(2);

struct Ground {
    _folder: TempDir,
    fedora: Running,
    store: Arc<SqlStore>,
    epoch: Epoch,
    metrics: Metrics,
    taken: Taken,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

fn hub(fedora: &str) -> Result<Arc<dyn Hub>> {
    let exchange: Arc<dyn Exchange> = Arc::new(HttpExchange::new()?);
    let limits = KojiLimits { read: Duration::from_secs(5), ..KojiLimits::default() };
    let transport = HttpTransport::new(exchange, &format!("{fedora}/kojihub").parse()?, &limits);
    Ok(Arc::new(HubClient::new(HubParts {
        transport: Arc::new(transport),
        login: Arc::new(PasswordLogin::new("ebs", "ebspw")),
        chance: Arc::new(System),
        limits,
        metrics: None,
    })))
}

fn plan() -> Result<Plan> {
    let hour = Duration::from_secs(3600);
    Ok(Plan {
        snapshot: 1,
        target: "eln".parse()?,
        trigger_tag: "f45".parse()?,
        stable_tag: "eln".parse()?,
        scratch: false,
        draft: true,
        fail_fast: true,
        wait_repo: true,
        batch_size: 0,
        max_single_batch_size: 0,
        max_open_builds: 500,
        build_timeout: hour,
        build_timeouts: BTreeMap::new(),
        side_tag_timeout: hour,
        stable_timeout: hour,
        stable_warn: hour,
        poll_gap: hour,
        deny: DenyRule::default(),
        shadow: false,
    })
}

fn policy() -> Result<Policy> {
    let listed = ["bash", "zsh"].map(|name| -> Result<Listed> {
        let (component, upstream) = (name.parse()?, name.parse()?);
        Ok(Listed { component, upstream, origin: "eln/source".to_owned() })
    });
    let listed = listed.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(Policy::new(1, Rules::default(), listed))
}

/// Two lists are configured.
fn said() -> Result<DynamicConfig> {
    let control = Control {
        pause: false,
        trigger_tag: TriggerTag::Named("f45".parse()?),
        rules: Rules::default(),
        status_interval: Duration::from_secs(600),
    };
    let lists = Autopackagelist {
        views: vec!["eln".to_owned()],
        sources: vec!["source".to_owned(), "buildroot-source".to_owned()],
        content_resolver: "http://127.0.0.1/".parse()?,
    };
    Ok(DynamicConfig { control, autopackagelist: Some(lists), overrides: BTreeMap::new() })
}

impl Ground {
    /// `bash` is in Rawhide, `zsh` in both.
    async fn new() -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (folder, store, epoch) = led_store().await?;
        let fedora = fedora_sim::start(Script::default(), "127.0.0.1:0".parse()?).await?;
        for (tag, nvr) in [("eln", "zsh-1.eln150"), ("f45", "zsh-1.fc45"), ("f45", "bash-1.fc45")] {
            let (name, release) = nvr.split_once('-').context("a name and a release")?;
            let new = NewTag {
                name: name.to_owned(),
                version: "1".to_owned(),
                release: release.to_owned(),
                commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
                tag: Some(tag.to_owned()),
                announce: Announce::Lost,
                ..NewTag::default()
            };
            fedora.world.change(|state| state.tag_for_test(&new))?;
        }
        Ok(Self {
            _folder: folder,
            fedora,
            store: Arc::new(store),
            epoch,
            metrics: Metrics::new()?,
            taken: Taken::default(),
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
        })
    }

    /// Begins a term in which it is looked at this interval.
    fn start(&mut self, every: Duration) -> Result<()> {
        let driver = door(&self.store, self.epoch, &mut self.tasks);
        let (policy, plan) = (Arc::new(policy()?), plan()?);
        let snapshot = Snapshot { policy, plan, paused: false, taken: self.taken.clone() };
        let look = Look {
            hub: hub(&self.fedora.url)?,
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            snapshot: watch::channel(Arc::new(snapshot)).1,
            clock: Arc::new(System),
            limit: 25,
            health: Health::default().part("reconcile", Need::Leading, None),
        };
        let gauges = Gauges::new(&self.metrics)?;
        let reconcile = Reconcile { look, driver, chance: Arc::new(System), every, gauges };
        self.tasks.spawn(reconcile.run(self.stop.clone()));
        Ok(())
    }

    /// Ends what was started, as a program ends.
    async fn halt(&mut self) -> Result<()> {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.context("a task panicked")?;
        }
        (self.stop, self.metrics) = (CancellationToken::new(), Metrics::new()?);
        Ok(())
    }

    async fn end(mut self) -> Result<()> {
        self.halt().await?;
        self.fedora.stop().await;
        Ok(())
    }

    /// The next look by the timer that is after this time.
    async fn found_after(&self, at: Timestamp) -> Result<Found> {
        wait::until_some("the tags are compared", async || {
            let found = Report::read(&*self.store, Mode::Real).await?.found;
            Ok(found.filter(|found| found.at > at))
        })
        .await
    }

    /// Answers what waits.
    async fn answer(&self, answer: &Answer) -> Result<()> {
        let rows = self.store.pending_triggers(10).await?;
        let answer_of = |row: &ebs_coordinator::store::TriggerRow| -> Result<TriggerAnswer> {
            Ok(TriggerAnswer {
                id: row.id,
                answer: Some(serde_json::to_string(answer)?),
                shown: Some(answer.word().to_owned()),
                batch: Some(BatchId::new(1)),
            })
        };
        let answers = rows.iter().map(answer_of).collect::<Result<_>>()?;
        self.store.commit(self.epoch, vec![Change::AnswerTriggers(answers)]).await?;
        Ok(())
    }

    /// A list as this many fetches have left it, the last of which jumps if it is to.
    async fn keep_list(&self, name: &str, jumps: bool) -> Result<()> {
        let (mut list, at) = (PackageList::default(), System.now());
        let names = |count: usize| -> Result<BTreeSet<PackageName>> {
            (0..count).map(|number| Ok(format!("p{number}").parse()?)).collect()
        };
        list.hear(&names(100)?, &Guards::default(), None, at);
        if jumps {
            list.hear(&names(900)?, &Guards::default(), None, at + Duration::from_secs(3600));
        }
        let kept = ebs_coordinator::lists::Kept { v: package_list::VERSION, list };
        let row = ListRow {
            name: name.to_owned(),
            revision: 1,
            state: serde_json::to_string(&kept)?,
            tried: at,
            fault: None,
            confirmed: None,
        };
        assert!(self.store.put_list(row).await?, "nobody else writes it");
        Ok(())
    }
}

fn fates(found: &Found) -> Vec<(&str, Fate)> {
    found.findings.iter().map(|it| (it.component.as_str(), it.fate)).collect()
}

#[tokio::test]
async fn the_first_look_only_reports_the_next_one_triggers_and_none_triggers_what_waits()
-> Result<()> {
    let mut ground = Ground::new().await?;
    ground.start(EVERY)?;
    let first = ground.found_after(Timestamp::from_millis(0)).await?;
    assert_eq!(fates(&first), [("bash", Fate::Held)]);
    assert!(first.held[0].starts_with("this is the first look"), "{:?}", first.held);
    assert_eq!((first.counts.current, first.counts.missing), (1, 1));
    let second = ground.found_after(first.at).await?;
    assert_eq!(fates(&second), [("bash", Fate::Triggered)]);
    assert_eq!(second.findings[0].since, first.at, "it has waited since then");
    // Another term goes on where this one was.
    ground.halt().await?;
    ground.start(EVERY)?;
    let third = ground.found_after(second.at).await?;
    assert_eq!(fates(&third), [("bash", Fate::Waits)]);
    assert_eq!(third.findings[0].since, second.at, "it was triggered then");
    assert_eq!(ground.store.pending_triggers(10).await?.len(), 1);
    // A report is stored before it is shown.
    wait::until_some("the metrics show what was found", async || {
        let shown = ground.metrics.render()?;
        let all = ["ebs_reconcile{kind=\"missing\"} 1", "ebs_reconcile_fates{fate=\"waits\"} 1"];
        Ok(all.iter().all(|line| shown.contains(line)).then_some(()))
    })
    .await?;
    ground.end().await
}

#[tokio::test]
async fn a_build_that_took_too_long_comes_back_twice_and_then_waits_for_a_person() -> Result<()> {
    let mut ground = Ground::new().await?;
    ground.start(EVERY)?;
    let mut last = ground.found_after(Timestamp::from_millis(0)).await?.at;
    for _ in 0..2 {
        let found = ground.found_after(last).await?;
        assert_eq!(fates(&found), [("bash", Fate::Triggered)]);
        ground.answer(&Answer::TimedOut { batch: BatchId::new(1) }).await?;
        last = found.at;
    }
    let found = ground.found_after(last).await?;
    assert_eq!(fates(&found), [("bash", Fate::CameBack)]);
    assert_eq!(ground.store.component_triggers(&"bash".parse()?, 10).await?.len(), 2);
    ground.end().await
}

#[tokio::test]
async fn while_a_list_is_held_or_was_never_had_nothing_is_triggered_and_nothing_is_called_unwanted()
-> Result<()> {
    let mut ground = Ground::new().await?;
    ground.taken.said = Some(Arc::new(said()?));
    ground.keep_list("eln/source", true).await?;
    ground.start(EVERY)?;
    let first = ground.found_after(Timestamp::from_millis(0)).await?;
    let found = ground.found_after(first.at).await?;
    assert_eq!(fates(&found), [("bash", Fate::Held)]);
    assert_eq!(
        found.held,
        [
            "the package list eln/source jumps and is held: see `ebsctl lists show`",
            "the package list eln/buildroot-source was never had",
        ]
    );
    assert_eq!(found.not_wanted, None);
    assert_eq!(ground.store.pending_triggers(10).await?.len(), 0);
    ground.end().await
}

#[tokio::test]
async fn without_an_interval_it_looks_only_when_somebody_asks() -> Result<()> {
    let mut ground = Ground::new().await?;
    ground.start(Duration::ZERO)?;
    let demand = r#"{"v":1,"request":7,"who":"token/alice","why":"over"}"#.to_owned();
    let name = Mode::Dry.demand().to_owned();
    ground.store.commit(ground.epoch, vec![Change::PutMark { name, value: demand }]).await?;
    let dry = wait::until_some("the dry run is done", async || {
        Ok(Report::read(&*ground.store, Mode::Dry).await?.found)
    })
    .await?;
    assert_eq!(fates(&dry), [("bash", Fate::Triggered)]);
    assert_eq!(dry.findings[0].text, "it would be triggered");
    assert_eq!(ground.store.mark(Mode::Dry.demand()).await?.as_deref(), Some(""), "it is answered");
    assert_eq!(Report::read(&*ground.store, Mode::Real).await?, Report::default());
    assert_eq!(ground.store.pending_triggers(10).await?.len(), 0);
    ground.end().await
}
