//! How the configuration stands: which snapshot is used, where it comes from, and why the last try was refused. Shown on the
//! pages and as metrics, and told to the log once. It is also where a refresh is asked for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ebs_domain::time::Timestamp;
use ebs_shared::{
    clock::Clock,
    telemetry::{Metrics, MetricsError},
};
use prometheus::{IntCounter, IntGauge};
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
    metrics: BoardMetrics,
}

/// How the configuration stands, as metrics. Clones show the same.
#[derive(Clone)]
pub struct BoardMetrics {
    snapshot: IntGauge,
    taken: IntGauge,
    refused: IntGauge,
    refusals: IntCounter,
}

impl BoardMetrics {
    /// Registers them.
    ///
    /// # Errors
    ///
    /// If a metric's name is taken.
    pub fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        let snapshot = "Number of the configuration snapshot in use";
        let taken = "When a refresh last succeeded, in seconds since the Unix epoch";
        let refused = "Whether the last refresh of the configuration was refused";
        let refusals = "Refreshes of the configuration that were refused";
        Ok(Self {
            snapshot: metrics.number("ebs_configuration_snapshot", snapshot)?,
            taken: metrics.number("ebs_configuration_taken_timestamp_seconds", taken)?,
            refused: metrics.number("ebs_configuration_refused", refused)?,
            refusals: metrics.count("ebs_configuration_refusals_total", refusals)?,
        })
    }
}

impl Board {
    /// A board on which nothing stands yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, metrics: BoardMetrics) -> Self {
        let shown = Mutex::default();
        let ask = Arc::new(Notify::new());
        let in_use = Mutex::default();
        Self { inner: Arc::new(Inner { clock, ask, shown, in_use, metrics }) }
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
        let metrics = &self.inner.metrics;
        metrics.snapshot.set(i64::try_from(number).unwrap_or(i64::MAX));
        metrics.taken.set(now.millis() / 1000);
        metrics.refused.set(0);
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
        self.inner.metrics.refused.set(1);
        self.inner.metrics.refusals.inc();
    }

    fn shown(&self) -> MutexGuard<'_, ConfigurationView> {
        self.inner.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
