use std::sync::Mutex;

use async_trait::async_trait;
use ebs_shared::{
    bodhi::BodhiMetrics,
    clients::{self, Means},
    clock::System,
    config::{
        parse_dynamic, parse_static,
        source::{Origin, SourceError, SourceErrorKind, Version},
    },
    content::ContentResolver,
    exchange::{Ask, Exchange, NoReply, Reply},
    telemetry::Metrics,
};
use tempfile::TempDir;

use super::*;
use crate::{
    board::BoardMetrics,
    dynamic::Read,
    lists::{ListMetrics, Lists},
    store::{Location, SqlStore, Store, StoreOptions},
    web::{Health, Need},
};

const STATIC: &str = "configuration:
  koji: {profile: sim, build_target: eln, stable_tag: eln, username: ebs, scratch_build: false, fail_fast: true, wait_repo: true}
  bodhi: {staging: false}
  open_id_connect: false
  email: false
ebs:
  koji: {hub_url: 'http://127.0.0.1:1/kojihub'}
  bodhi: {url: 'http://127.0.0.1:1/'}
  database: {url: 'sqlite:ebs.sqlite'}
";

const ALONE: &str = "configuration:\n  control: {pause: false, trigger_tag: f45}\ncomponents:\n  overrides:\n    bash: {upstream_name: bash}\n";

/// A network from which nothing ever comes, not even an end.
struct Silent;

#[async_trait]
impl Exchange for Silent {
    async fn exchange(&self, _ask: Ask) -> Result<Reply, NoReply> {
        std::future::pending().await
    }
}

/// What each reading gives, in turn; the last one again and again.
struct Scripted(Mutex<Vec<anyhow::Result<Read>>>);

#[async_trait]
impl Dynamic for Scripted {
    async fn read(&self) -> anyhow::Result<Read> {
        let mut readings = self.0.lock().unwrap();
        if readings.len() > 1 {
            return readings.remove(0);
        }
        match &readings[0] {
            Ok(read) => Ok(read.clone()),
            Err(error) => Err(anyhow::anyhow!("{error:#}")),
        }
    }
}

/// A configuration of this version.
fn version(version: &str, text: &str) -> Read {
    let config = parse_dynamic("dynamic.yaml", text).unwrap().config;
    let version = Version::Commit(version.to_owned());
    Read { config, origin: Origin { place: "/srv/config#main".to_owned(), version, author: None } }
}

/// A source that is not to be had.
fn away() -> anyhow::Error {
    let limit = Duration::from_secs(60);
    let kind = SourceErrorKind::Slow { step: "ls-remote", limit };
    SourceError { place: "/srv/config#main".to_owned(), kind }.into()
}

/// Numbers of one sequence.
struct Counted(Arc<Mutex<u64>>);

#[async_trait]
impl Numbers for Counted {
    async fn next(&self, own: u64) -> anyhow::Result<u64> {
        let mut newest = self.0.lock().unwrap();
        *newest = own.max(*newest) + 1;
        Ok(*newest)
    }
}

/// A store that keeps lists which are never asked for, opened before time stands still; and the newest number.
struct Shelf {
    store: Arc<dyn Store>,
    newest: Arc<Mutex<u64>>,
    _folder: TempDir,
}

impl Shelf {
    async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let file = Location::Sqlite(folder.path().join("ebs.sqlite"));
        let store = SqlStore::open(&StoreOptions::new(file)).await.unwrap();
        tokio::time::pause();
        Self { store: Arc::new(store), newest: Arc::default(), _folder: folder }
    }

    fn scripted(&self, readings: Vec<anyhow::Result<Read>>) -> Refresh {
        self.refresh(readings, &Health::default())
    }

    fn refresh(&self, readings: Vec<anyhow::Result<Read>>, health: &Health) -> Refresh {
        let config = Arc::new(parse_static("static.yaml", STATIC).unwrap().config);
        let exchange: Arc<dyn Exchange> = Arc::new(Silent);
        let every = config.ebs.timers.config_refresh;
        let counted = BodhiMetrics::register(&Metrics::new().unwrap()).unwrap();
        let means = Means { exchange: &exchange, kerberos: None };
        let bodhi = clients::bodhi(&means, &config, counted);
        let lists = Lists {
            resolver: ContentResolver::new(exchange),
            store: Arc::clone(&self.store),
            guards: config.ebs.lists.clone(),
            clock: Arc::new(System),
            metrics: ListMetrics::register(&Metrics::new().unwrap()).unwrap(),
        };
        Refresh {
            dynamic: Box::new(Scripted(Mutex::new(readings))),
            plan: Box::new(move |number, tag| plan(&config, number, tag)),
            every,
            ask: Arc::new(Notify::new()),
            lists,
            numbers: Box::new(Counted(Arc::clone(&self.newest))),
            bodhi: Arc::new(bodhi),
            health: health.part("configuration", Need::Always, Some(every * 2 + REFRESH_SILENT)),
            board: Board::new(
                Arc::new(System),
                BoardMetrics::register(&Metrics::new().unwrap()).unwrap(),
            ),
        }
    }
}

#[tokio::test]
async fn a_refresh_that_stands_still_is_named() {
    let (shelf, health) = (Shelf::open().await, Health::default());
    let refresh = shelf.refresh(vec![Ok(version("a1", ALONE))], &health);
    let limit = refresh.every * 2 + REFRESH_SILENT;
    let fault = || health.conditions()[0].fault.clone();
    assert_eq!(fault().as_deref(), Some("not started yet"));
    let stop = CancellationToken::new();
    let first = refresh.first(&stop).await.unwrap().unwrap();
    assert_eq!(fault(), None);

    let (newest, mut seen) = watch::channel(Arc::new(first));
    let runs = tokio::spawn(async move { refresh.run(newest, stop).await });
    seen.changed().await.unwrap();
    assert_eq!(fault(), None);
    // Its requests have limits, so nothing outside stops it; what does is a fault of ours.
    runs.abort();
    tokio::time::sleep(limit + Duration::from_secs(1)).await;
    assert!(fault().unwrap().starts_with("not heard of for"), "{:?}", fault());
}

#[tokio::test]
async fn a_source_that_is_away_at_the_start_is_waited_for_and_faults_end_it() {
    let (shelf, stop) = (Shelf::open().await, CancellationToken::new());
    let refresh = shelf.scripted(vec![Err(away()), Err(away()), Ok(version("a1", ALONE))]);
    let first = refresh.first(&stop).await.unwrap().unwrap();
    assert_eq!(first.taken.origin, "commit a1 of /srv/config#main");
    assert_eq!(refresh.board.view().snapshot, Some(1));
    let faulty = parse_dynamic("dynamic.yaml", "").unwrap_err();
    let error = shelf.scripted(vec![Err(faulty.into())]).first(&stop).await.unwrap_err();
    assert!(error.to_string().contains("configuration: this block is required"), "{error}");
    stop.cancel();
    assert!(shelf.scripted(vec![Err(away())]).first(&stop).await.unwrap().is_none());
}

#[tokio::test]
async fn a_bad_refresh_keeps_the_snapshot_with_the_reason_until_a_good_one_comes() {
    let (shelf, stop) = (Shelf::open().await, CancellationToken::new());
    let faulty = parse_dynamic("dynamic.yaml", "").unwrap_err();
    let changed = ALONE.replace("pause: false", "pause: true");
    let refresh = shelf.scripted(vec![
        Ok(version("a1", ALONE)),
        Err(away()),
        Err(faulty.into()),
        Ok(version("a2", &changed)),
    ]);
    let (board, every, ask) = (refresh.board.clone(), refresh.every, Arc::clone(&refresh.ask));
    let first = refresh.first(&stop).await.unwrap().unwrap();
    let (newest, mut seen) = watch::channel(Arc::new(first));
    let runs = tokio::spawn(refresh.run(newest, stop.clone()));
    tokio::time::sleep(every + Duration::from_secs(1)).await;
    let view = board.view();
    assert_eq!(view.snapshot, Some(1));
    assert!(view.refused.as_ref().unwrap().contains("was killed"), "{view:?}");
    tokio::time::sleep(every).await;
    let view = board.view();
    assert!(view.refused.as_ref().unwrap().contains("2 faults"), "{view:?}");
    assert!(!seen.has_changed().unwrap(), "the old one stays");
    // Long before its time.
    ask.notify_one();
    tokio::time::timeout(Duration::from_secs(1), seen.changed()).await.unwrap().unwrap();
    let snapshot = Arc::clone(&seen.borrow());
    assert!(snapshot.paused);
    assert_eq!((snapshot.policy.number(), snapshot.plan.snapshot), (2, 2));
    assert_eq!(snapshot.taken.origin, "commit a2 of /srv/config#main");
    let view = board.view();
    assert_eq!(view.refused, None);
    let [change] = &view.changes[..] else { panic!("one change: {view:?}") };
    assert_eq!((change.snapshot, change.at), (2, snapshot.taken.at));
    assert_eq!(change.sentences, ["pause: batches are paused"]);
    stop.cancel();
    runs.await.unwrap();
}

#[tokio::test]
async fn snapshots_of_two_starts_have_numbers_of_their_own_and_a_refused_one_uses_none_up() {
    let (shelf, stop) = (Shelf::open().await, CancellationToken::new());
    let first = || async {
        let refresh = shelf.scripted(vec![Err(away()), Ok(version("a1", ALONE))]);
        let snapshot = refresh.first(&stop).await.unwrap().unwrap();
        let shown = refresh.board.view().snapshot.unwrap();
        [snapshot.policy.number(), snapshot.plan.snapshot, shown]
    };
    assert_eq!(first().await, [1; 3]);
    assert_eq!(first().await, [2; 3], "another start, or another instance");
}

#[tokio::test]
async fn a_change_is_told_as_the_difference_in_words() {
    let other = ALONE
        .replace(
            "pause: false, trigger_tag: f45",
            "pause: true, trigger_tag: f46, exclude: ['^zsh']",
        )
        .replace(
            "    bash: {upstream_name: bash}\n",
            "    ipa: {upstream_name: freeipa}\n    zsh: {}\n",
        );
    let (one, two) = (version("a1", ALONE), version("a2", &other));
    let shelf = Shelf::open().await;
    let refresh = shelf.scripted(vec![Ok(one), Ok(two)]);
    let Ok(before) = refresh.make(0).await else { panic!("the first has no faults") };
    let Ok(after) = refresh.make(0).await else { panic!("the second has no faults") };
    insta::assert_snapshot!(changes(&before, &after).join("\n"), @"
    pause: batches are paused
    trigger tag: f45 → f46
    patterns added to `exclude` (1): `^zsh`
    packages that enter (2): ipa (override, freeipa in Rawhide), zsh (override, excluded by `^zsh`)
    packages that leave (1): bash (override)
    ");
    assert_eq!(changes(&before, &before), Vec::<String>::new());
}
