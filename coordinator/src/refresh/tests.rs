use std::fs;

use async_trait::async_trait;
use ebs_shared::{
    clients,
    clock::System,
    config::parse_static,
    content::ContentResolver,
    exchange::{Ask, Exchange, NoReply, Reply},
    telemetry::Metrics,
};
use prometheus::Registry;
use tempfile::TempDir;

use super::*;
use crate::{
    lists::{ListMetrics, Lists},
    store::{Location, SqlStore, StoreOptions},
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

#[tokio::test]
async fn a_refresh_that_stands_still_is_named() {
    let (folder, health) = (TempDir::new().unwrap(), Health::default());
    let file = Location::Sqlite(folder.path().join("ebs.sqlite"));
    let store = SqlStore::open(&StoreOptions::new(file)).await.unwrap();
    tokio::time::pause();
    let dynamic = folder.path().join("dynamic.yaml");
    fs::write(&dynamic, ALONE).unwrap();
    let config = Arc::new(parse_static("static.yaml", STATIC).unwrap().config);
    let exchange: Arc<dyn Exchange> = Arc::new(Silent);
    let limit = config.ebs.timers.config_refresh * 2 + REFRESH_SILENT;
    let of_plan = Arc::clone(&config);
    let refresh = Refresh {
        dynamic: Box::new(move || read_dynamic(&dynamic)),
        plan: Box::new(move |number, tag| plan(&of_plan, number, tag)),
        every: config.ebs.timers.config_refresh,
        lists: Lists {
            resolver: ContentResolver::new(Arc::clone(&exchange)),
            store: Arc::new(store),
            guards: config.ebs.lists.clone(),
            clock: Arc::new(System),
            metrics: ListMetrics::register(&Metrics::new().unwrap()).unwrap(),
        },
        bodhi: Arc::new(clients::bodhi(&exchange, &config, &Registry::new()).unwrap()),
        health: health.part("configuration", Need::Always, Some(limit)),
    };
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
