//! What every run is configured with: a batch's settings by the seed, and the dynamic file, whose list is asked for over HTTP.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use ebs_coordinator::{
    board::{Board, BoardMetrics},
    dynamic::{Dynamic, Read},
    lists::{ListMetrics, Lists},
    numbers::KeptNumbers,
    refresh::Refresh,
    store::Store,
    web::{Health, Need},
};
use ebs_domain::{batch::Plan, deny::DenyRule, id::TagName, package_list::Guards};
use ebs_shared::{
    bodhi::BodhiUpdates,
    clock::Clock,
    config::{
        parse_dynamic,
        source::{Origin, Version},
    },
    content::ContentResolver,
    exchange::Exchange,
    telemetry::Metrics,
};
use fedora_sim::chance;
use tokio::sync::Notify;

/// Content Resolver's list, by the name that the dynamic file leads to.
pub const LIST: &str = "view-all-source-package-name-list--view-eln.txt";

/// The packages of every run.
pub const PACKAGES: [&str; 8] =
    ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel"];

/// How often file and list are read.
const EVERY: Duration = Duration::from_secs(30);

const DYNAMIC: &str = "configuration:
  control:
    pause: false
    trigger_tag: f45
    ordering:
      'alpha|bravo': 10
      charlie: 20
components:
  overrides: {}
  autopackagelist: {view: eln, source: all-source, content_resolver: 'http://fedora.test/resolver'}
";

/// The dynamic file, as if it stood somewhere.
struct Written;

#[async_trait]
impl Dynamic for Written {
    async fn read(&self) -> anyhow::Result<Read> {
        let config = parse_dynamic("dynamic.yaml", DYNAMIC)?.config;
        let version = Version::Hash("written".to_owned());
        Ok(Read {
            config,
            origin: Origin { place: "dynamic.yaml".to_owned(), version, author: None },
        })
    }
}

/// The tag that triggers.
///
/// # Errors
///
/// Never: it is one.
pub fn trigger_tag() -> anyhow::Result<TagName> {
    Ok("f45".parse()?)
}

/// The settings of a batch of this seed.
///
/// # Errors
///
/// If one of its texts is none.
pub fn plan(seed: u64) -> anyhow::Result<Plan> {
    let place = usize::try_from(chance::draw(seed, &["batch size"]) % 4).unwrap_or(0);
    let batch_size = [0, 0, 2, 3].get(place).copied().unwrap_or(0);
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    Ok(Plan {
        snapshot: 1,
        target: "eln".parse()?,
        trigger_tag: trigger_tag()?,
        stable_tag: "eln".parse()?,
        scratch: false,
        draft: !chance::draw(seed, &["draft"]).is_multiple_of(3),
        fail_fast: true,
        wait_repo: true,
        batch_size,
        max_single_batch_size: batch_size,
        max_open_builds: 2 + usize::try_from(chance::draw(seed, &["window"]) % 6).unwrap_or(3),
        build_timeout: minutes(8),
        build_timeouts: BTreeMap::new(),
        side_tag_timeout: minutes(5),
        stable_timeout: minutes(5),
        stable_warn: minutes(2),
        poll_gap: minutes(1),
        deny: DenyRule::default(),
    })
}

/// What makes the snapshots of one life of a coordinator.
///
/// # Errors
///
/// If a metric's name is taken: never, with a registry of its own.
pub fn refresh(
    exchange: &Arc<dyn Exchange>,
    bodhi: Arc<BodhiUpdates>,
    (store, clock): (Arc<dyn Store>, Arc<dyn Clock>),
    plan: Plan,
) -> anyhow::Result<Refresh> {
    let metrics = Metrics::new()?;
    let lists = Lists {
        resolver: ContentResolver::new(Arc::clone(exchange)),
        store: Arc::clone(&store),
        guards: Guards::default(),
        clock: Arc::clone(&clock),
        metrics: ListMetrics::register(&metrics)?,
    };
    Ok(Refresh {
        dynamic: Box::new(Written),
        plan: Box::new(move |snapshot, trigger_tag: TagName| Plan {
            snapshot,
            trigger_tag,
            ..plan.clone()
        }),
        every: EVERY,
        ask: Arc::new(Notify::new()),
        lists,
        numbers: Box::new(KeptNumbers { store }),
        bodhi,
        health: Health::default().part("configuration", Need::Always, None),
        board: Board::new(clock, BoardMetrics::register(&metrics)?),
    })
}
