//! How the configuration stands: which snapshot is used, where it comes from, and why the last try was refused. Shown on the
//! pages and as metrics, and told to the log once. It is also where a refresh is asked for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ebs_domain::time::Timestamp;
use ebs_shared::clock::Clock;
use prometheus::{IntCounter, IntGauge, Registry};
use tokio::sync::Notify;

use crate::{
    snapshot::Snapshot,
    web::{ConfigurationChange, ConfigurationView},
};

/// Most changes that are shown.
const MAX_CHANGES: usize = 20;

/// How the configuration stands. Clones share it.
#[derive(Clone)]
pub struct Board {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<dyn Clock>,
    ask: Arc<Notify>,
    shown: Mutex<ConfigurationView>,
    in_use: Mutex<Option<Arc<Snapshot>>>,
    snapshot: IntGauge,
    refused: IntGauge,
    refusals: IntCounter,
}

impl Board {
    /// A board on which nothing stands yet.
    ///
    /// # Errors
    ///
    /// If a metric's name is taken.
    pub fn new(clock: Arc<dyn Clock>, registry: &Registry) -> Result<Self, prometheus::Error> {
        let snapshot = IntGauge::new(
            "ebs_configuration_snapshot",
            "Number of the configuration snapshot in use",
        )?;
        let refused = IntGauge::new(
            "ebs_configuration_refused",
            "Whether the last refresh of the configuration was refused",
        )?;
        let refusals = IntCounter::new(
            "ebs_configuration_refusals_total",
            "Refreshes of the configuration that were refused",
        )?;
        registry.register(Box::new(snapshot.clone()))?;
        registry.register(Box::new(refused.clone()))?;
        registry.register(Box::new(refusals.clone()))?;
        let shown = Mutex::default();
        let ask = Arc::new(Notify::new());
        let in_use = Mutex::default();
        let inner = Inner { clock, ask, shown, in_use, snapshot, refused, refusals };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What is notified for a refresh at once. [`Board::view`] says how it ended, once `tried` is another time.
    #[must_use]
    pub fn ask(&self) -> Arc<Notify> {
        Arc::clone(&self.inner.ask)
    }

    /// How it stands now.
    #[must_use]
    pub fn view(&self) -> ConfigurationView {
        self.shown().clone()
    }

    /// The snapshot in use, if there is one yet.
    #[must_use]
    pub fn in_use(&self) -> Option<Arc<Snapshot>> {
        self.inner.in_use.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// This snapshot is used from now on.
    pub fn uses(&self, snapshot: Arc<Snapshot>) {
        let mut in_use = self.inner.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        *in_use = Some(snapshot);
    }

    /// A snapshot was made, and is used from now on.
    pub fn accepted(&self, number: u64, origin: &str) -> Timestamp {
        let now = self.inner.clock.now();
        let mut shown = self.shown();
        if shown.refused.take().is_some() {
            tracing::info!(snapshot = number, "the configuration is accepted again");
        }
        shown.snapshot = Some(number);
        shown.origin = Some(origin.to_owned());
        (shown.loaded, shown.tried) = (Some(now), Some(now));
        self.inner.snapshot.set(i64::try_from(number).unwrap_or(i64::MAX));
        self.inner.refused.set(0);
        now
    }

    /// What a snapshot changes. Only the newest are kept.
    pub fn changed(&self, change: ConfigurationChange) {
        let mut shown = self.shown();
        shown.changes.insert(0, change);
        shown.changes.truncate(MAX_CHANGES);
    }

    /// No snapshot could be made; the last stays. A reason is logged once, however often it comes back in a row.
    pub fn refused(&self, reason: &str) {
        let mut shown = self.shown();
        if shown.refused.as_deref() != Some(reason) {
            let snapshot = shown.snapshot;
            tracing::warn!(error = reason, snapshot, "refresh refused: keeping the last");
        }
        shown.refused = Some(reason.to_owned());
        shown.tried = Some(self.inner.clock.now());
        self.inner.refused.set(1);
        self.inner.refusals.inc();
    }

    fn shown(&self) -> MutexGuard<'_, ConfigurationView> {
        self.inner.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
