//! Puts together what reads the configuration while the coordinator runs: the source, its watch, the refresh, SIGHUP.

use std::{path::PathBuf, sync::Arc};

use ebs_shared::{
    bodhi::BodhiUpdates,
    clock::System,
    config::{
        StaticConfig,
        source::{Link, Source},
    },
    content::ContentResolver,
    exchange::Exchange,
};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    board::Board,
    dynamic::{self, FromSource},
    lists::{ListMetrics, Lists},
    numbers::KeptNumbers,
    refresh::{self, REFRESH_SILENT, Refresh},
    reload::Reload,
    snapshot::Snapshot,
    store::Store,
    web::{Health, Need},
};

/// Where the configuration is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The static file, read again on SIGHUP.
    pub fixed: PathBuf,
    /// The dynamic configuration.
    pub dynamic: Link,
}

/// What a refresh needs of the rest.
pub(crate) struct Around<'a> {
    pub(crate) exchange: &'a Arc<dyn Exchange>,
    pub(crate) bodhi: &'a Arc<BodhiUpdates>,
    pub(crate) store: &'a Arc<dyn Store>,
    pub(crate) lists: &'a ListMetrics,
    pub(crate) health: &'a Health,
    pub(crate) board: &'a Board,
}

impl Around<'_> {
    fn lists(&self, config: &StaticConfig) -> Lists {
        Lists {
            resolver: ContentResolver::new(Arc::clone(self.exchange)),
            store: Arc::clone(self.store),
            guards: config.ebs.lists.clone(),
            clock: Arc::new(System),
            metrics: self.lists.clone(),
        }
    }
}

/// Reads the dynamic configuration and the lists, then keeps them fresh. Gives nothing if it is told to stop before that.
pub(crate) async fn start(
    config: &Arc<StaticConfig>,
    kept: Kept,
    around: &Around<'_>,
    tasks: &mut JoinSet<anyhow::Result<()>>,
    stop: &CancellationToken,
) -> anyhow::Result<Option<watch::Receiver<Arc<Snapshot>>>> {
    let ask = around.board.ask();
    let (live, settings) = watch::channel(Arc::clone(config));
    let reload = Reload { path: kept.fixed, live, ask: Arc::clone(&ask) };
    tasks.spawn(reload.run(stop.clone()));
    // Begun before the first reading, so that no change falls between the two.
    if let Link::File(path) = &kept.dynamic {
        let watching = dynamic::watch_file(path.clone(), Arc::clone(&ask), stop.clone());
        tasks.spawn(async move {
            watching.await;
            Ok(())
        });
    }
    let every = config.ebs.timers.config_refresh;
    let refresh = Refresh {
        dynamic: Box::new(FromSource::new(Source::new(kept.dynamic, Arc::clone(around.exchange)))),
        plan: Box::new(move |number, tag| refresh::plan(&settings.borrow(), number, tag)),
        every,
        ask,
        lists: around.lists(config),
        numbers: Box::new(KeptNumbers { store: Arc::clone(around.store) }),
        bodhi: Arc::clone(around.bodhi),
        health: around.health.part("configuration", Need::Always, Some(every * 2 + REFRESH_SILENT)),
        board: around.board.clone(),
    };
    let Some(first) = refresh.first(stop).await? else { return Ok(None) };
    let first = Arc::new(first);
    around.board.uses(Arc::clone(&first));
    let (newest, snapshot) = watch::channel(first);
    let stop = stop.clone();
    tasks.spawn(async move {
        refresh.run(newest, stop).await;
        Ok(())
    });
    Ok(Some(snapshot))
}
