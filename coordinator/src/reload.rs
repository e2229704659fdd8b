//! The static file read again on SIGHUP: what only the next batch's settings depend on is taken over, the rest is named. A file
//! with faults changes nothing.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use ebs_shared::config::{ConfigError, Loaded, Ours, StaticConfig, load_static};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{Notify, watch},
};
use tokio_util::sync::CancellationToken;

/// The static file, and what the command line says instead of it.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// The file.
    pub path: PathBuf,
    /// The name of the instance, where several share one file.
    pub instance: Option<String>,
}

impl Fixed {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// All faults of the file together.
    pub fn load(&self) -> Result<Loaded<StaticConfig>, ConfigError> {
        let mut loaded = load_static(&self.path)?;
        if let Some(instance) = &self.instance {
            loaded.config.ebs.instance.clone_from(instance);
        }
        Ok(loaded)
    }
}

/// Reads the static file again.
pub struct Reload {
    /// The file.
    pub fixed: Fixed,
    /// What the next batch's settings are made from.
    pub live: watch::Sender<Arc<StaticConfig>>,
    /// Asks for a refresh of the dynamic configuration.
    pub ask: Arc<Notify>,
}

/// What came of reading it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reread {
    /// The running configuration with what was taken over.
    pub config: StaticConfig,
    /// Keys whose values were taken over.
    pub taken: Vec<&'static str>,
    /// Keys and blocks that differ and need a restart.
    pub restart: Vec<&'static str>,
}

impl Reload {
    /// Reads it whenever the process hears SIGHUP, and asks for a refresh each time.
    ///
    /// # Errors
    ///
    /// If the signal cannot be heard.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut hangup = signal(SignalKind::hangup()).context("cannot hear SIGHUP")?;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                heard = hangup.recv() => if heard.is_none() {
                    stop.cancelled().await;
                    return Ok(());
                }
            }
            self.reread();
            self.ask.notify_one();
        }
    }

    fn reread(&self) {
        let loaded = match self.fixed.load() {
            Ok(loaded) => loaded,
            Err(error) => {
                tracing::error!(
                    error = error.to_string(),
                    "static configuration refused: keeping the last"
                );
                return;
            }
        };
        for warning in &loaded.warnings {
            tracing::warn!(warning = warning.to_string(), "in the static configuration");
        }
        let reread = compare(&self.live.borrow(), &loaded.config);
        if !reread.restart.is_empty() {
            let keys = reread.restart.join(", ");
            tracing::warn!(keys, "changed in the static configuration: needs a restart");
        }
        let keys = reread.taken.join(", ");
        tracing::info!(keys, "static configuration read again: taken over for the next batch");
        self.live.send_replace(Arc::new(reread.config));
    }
}

/// Takes one value over, if it differs.
fn take<T: Clone + PartialEq>(
    (running, new): (&mut T, &T),
    key: &'static str,
    taken: &mut Vec<&'static str>,
) {
    if running != new {
        *running = new.clone();
        taken.push(key);
    }
}

/// Compares the running configuration with the file. Safe is what only [`crate::refresh::plan`] reads: a batch that runs keeps
/// its own.
#[must_use]
pub fn compare(running: &StaticConfig, new: &StaticConfig) -> Reread {
    let mut config = running.clone();
    let mut taken = Vec::new();
    let (koji, bodhi, ebs) = (&mut config.koji, &mut config.bodhi, &mut config.ebs);
    let keys = &mut taken;
    take((&mut koji.fail_fast, &new.koji.fail_fast), "configuration.koji.fail_fast", keys);
    take((&mut koji.wait_repo, &new.koji.wait_repo), "configuration.koji.wait_repo", keys);
    take((&mut bodhi.batch_size, &new.bodhi.batch_size), "configuration.bodhi.batch_size", keys);
    take(
        (&mut bodhi.max_single_batch_size, &new.bodhi.max_single_batch_size),
        "configuration.bodhi.max_single_batch_size",
        keys,
    );
    take(
        (&mut bodhi.warn_timeout, &new.bodhi.warn_timeout),
        "configuration.bodhi.warn_timeout",
        keys,
    );
    let (timers, fresh) = (&mut ebs.timers, &new.ebs.timers);
    take((&mut timers.build_timeout, &fresh.build_timeout), "ebs.timers.build_timeout", keys);
    take((&mut timers.build_timeouts, &fresh.build_timeouts), "ebs.timers.build_timeouts", keys);
    take(
        (&mut timers.side_tag_timeout, &fresh.side_tag_timeout),
        "ebs.timers.side_tag_timeout",
        keys,
    );
    take((&mut timers.stable_timeout, &fresh.stable_timeout), "ebs.timers.stable_timeout", keys);
    take(
        (&mut ebs.limits.max_open_builds, &new.ebs.limits.max_open_builds),
        "ebs.limits.max_open_builds",
        keys,
    );
    take((&mut ebs.deny, &new.ebs.deny), "ebs.deny", keys);
    // What upstream's keys say of these two times stands in `ebs.timers` already.
    koji.side_tag_timeout = new.koji.side_tag_timeout;
    bodhi.stable_timeout = new.bodhi.stable_timeout;
    let restart = differing(&config, new);
    Reread { config, taken, restart }
}

/// The blocks that differ. Taken apart whole: a block that is added does not compile until it is named here.
fn differing(running: &StaticConfig, new: &StaticConfig) -> Vec<&'static str> {
    let StaticConfig { koji, bodhi, db, open_id_connect, email, ebs, shadow: _ } = running;
    let upstream = [
        ("configuration.koji", *koji == new.koji),
        ("configuration.bodhi", *bodhi == new.bodhi),
        ("configuration.db", *db == new.db),
        ("configuration.open_id_connect", *open_id_connect == new.open_id_connect),
        ("configuration.email", *email == new.email),
    ];
    let Ours {
        instance,
        kerberos,
        koji,
        bodhi,
        bus,
        redis,
        database,
        http,
        login,
        worker,
        timers,
        limits,
        retention,
        orphans,
        lists,
        deny,
        shadow,
    } = ebs;
    let ours = [
        ("ebs.instance", *instance == new.ebs.instance),
        ("ebs.kerberos", *kerberos == new.ebs.kerberos),
        ("ebs.koji", *koji == new.ebs.koji),
        ("ebs.bodhi", *bodhi == new.ebs.bodhi),
        ("ebs.bus", *bus == new.ebs.bus),
        ("ebs.redis", *redis == new.ebs.redis),
        ("ebs.database", *database == new.ebs.database),
        ("ebs.http", *http == new.ebs.http),
        ("ebs.login", *login == new.ebs.login),
        ("ebs.worker", *worker == new.ebs.worker),
        ("ebs.timers", *timers == new.ebs.timers),
        ("ebs.limits", *limits == new.ebs.limits),
        ("ebs.retention", *retention == new.ebs.retention),
        ("ebs.orphans", *orphans == new.ebs.orphans),
        ("ebs.lists", *lists == new.ebs.lists),
        ("ebs.deny", *deny == new.ebs.deny),
        ("ebs.shadow", *shadow == new.ebs.shadow),
    ];
    let all = upstream.into_iter().chain(ours);
    all.filter(|(_, same)| !same).map(|(key, _)| key).collect()
}

#[cfg(test)]
mod tests;
