//! Readiness and metrics of a coordinator: what the driver, the bus and the queue show of themselves.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ebs_shared::{
    bus::amqp::BusStatus,
    clock::{Clock, System},
    config::StaticConfig,
    telemetry::{Metrics, MetricsError},
};
use prometheus::{IntCounterVec, IntGaugeVec};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    driver::{Probe, Progress},
    leader::Beat,
    store::OrphanKind,
    web::{Health, Need, Reporter},
};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);

/// How long a loop may be without a round: the driver's and the bus consumer's wait five seconds at most.
const SILENT: Duration = Duration::from_secs(30);

/// How long the lease loop may be silent beyond two leases: it waits for the database with its own limits.
const LEASE_SILENT: Duration = Duration::from_secs(45);

/// Looks at the parts of a coordinator and tells readiness and metrics. Clones look at the same.
#[derive(Clone)]
pub struct Watchful {
    inner: Arc<Inner>,
}

struct Inner {
    health: Health,
    probe: Probe,
    lease: Reporter,
    leader: Reporter,
    queue: Reporter,
    consumer: Option<Reporter>,
    bus: Mutex<Option<watch::Receiver<BusStatus>>>,
    gauges: Gauges,
}

struct Gauges {
    effects_open: IntGaugeVec,
    orphans: IntGaugeVec,
    stale_results: IntGaugeVec,
    unavailable: IntGaugeVec,
    leader: IntGaugeVec,
    bus_messages: IntGaugeVec,
    late_finds: IntCounterVec,
}

impl Watchful {
    /// Looks at these parts.
    ///
    /// # Errors
    ///
    /// If a metric's name is taken.
    pub fn new(
        health: &Health,
        probe: &Probe,
        metrics: &Metrics,
        config: &StaticConfig,
    ) -> Result<Self, MetricsError> {
        let listens = config.ebs.bus.enabled && config.ebs.bus.fedora_messaging_config.is_some();
        let lease_limit = config.ebs.timers.lease * 2 + LEASE_SILENT;
        let gauges = Gauges {
            effects_open: metrics.gauge(
                "ebs_effects_open",
                "Effects whose outcome is not known",
                &["kind"],
            )?,
            orphans: metrics.gauge(
                "ebs_orphans",
                "What is ours in Koji and Bodhi and belongs to no batch",
                &["kind"],
            )?,
            stale_results: metrics.gauge(
                "ebs_stale_results",
                "Results that came too late, since the start",
                &[],
            )?,
            unavailable: metrics.gauge(
                "ebs_unavailable_seconds",
                "How long a neighbour has been away",
                &["service"],
            )?,
            leader: metrics.gauge("ebs_leader", "Whether this process leads", &[])?,
            bus_messages: metrics.gauge(
                "ebs_bus_messages",
                "Messages since the connection's start",
                &["what"],
            )?,
            late_finds: metrics.counter(
                "ebs_late_finds_total",
                "Triggers that the bus did not bring, by where they were found",
                &["where"],
            )?,
        };
        let inner = Inner {
            health: health.clone(),
            probe: probe.clone(),
            lease: health.part("lease", Need::Alive, Some(lease_limit)),
            leader: health.part("leader", Need::Leading, Some(SILENT)),
            queue: health.part("queue", Need::Leading, Some(SILENT)),
            consumer: listens.then(|| health.part("consumer", Need::Leading, Some(SILENT))),
            bus: Mutex::new(None),
            gauges,
        };
        health.set_started();
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What the lease loop reports to.
    #[must_use]
    pub fn lease_beat(&self) -> Beat {
        let inner = Arc::clone(&self.inner);
        Arc::new(move |answer| match answer {
            Ok(()) => inner.lease.well(),
            Err(error) => inner.lease.ill(crate::report::chain(error)),
        })
    }

    /// The bus consumer of the term that begins; none when one ends.
    pub fn watch_bus(&self, status: Option<watch::Receiver<BusStatus>>) {
        *self.inner.bus.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    /// Looks every second.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            self.look();
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    fn look(&self) {
        let inner = &*self.inner;
        let progress = inner.probe.progress();
        match progress.turned.map(|turned| turned.elapsed()) {
            Some(silent) if silent <= SILENT => inner.leader.well(),
            Some(silent) => inner.leader.ill(still(silent)),
            None => inner.leader.ill("the loop has not gone round yet"),
        }
        match &progress.queue_error {
            None => inner.queue.well(),
            Some(error) => inner.queue.ill(error.clone()),
        }
        self.look_at_bus();
        self.count(&progress);
        inner.gauges.leader.with_label_values::<&str>(&[]).set(i64::from(inner.health.leading()));
    }

    fn look_at_bus(&self) {
        let bus = self.inner.bus.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(status) = bus.as_ref().map(|status| status.borrow().clone()) else { return };
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let messages = &self.inner.gauges.bus_messages;
        messages.with_label_values(&["received"]).set(number(status.received));
        messages.with_label_values(&["redelivered"]).set(number(status.redelivered));
        messages.with_label_values(&["acknowledged"]).set(number(status.acknowledged));
        let Some(consumer) = &self.inner.consumer else { return };
        let silent = status.round.map(|round| round.elapsed()).filter(|silent| *silent > SILENT);
        match (status.connected_since, status.last_fault) {
            // Connected, and yet no message can be stored: it does not do its work.
            (Some(_), Some((at, fault))) if status.unstored => {
                consumer.ill(format!("{fault} (at {at})"));
            }
            (Some(_), _) if silent.is_some() => consumer.ill(still(silent.unwrap_or_default())),
            (Some(_), _) => consumer.well(),
            (None, Some((at, fault))) => consumer.ill(format!("{fault} (at {at})")),
            (None, None) => consumer.ill("not connected yet"),
        }
    }

    fn count(&self, progress: &Progress) {
        let (gauges, now) = (&self.inner.gauges, System.now());
        gauges.effects_open.reset();
        for (kind, open) in &progress.effects_open {
            gauges
                .effects_open
                .with_label_values(&[kind])
                .set(i64::try_from(*open).unwrap_or(i64::MAX));
        }
        for kind in OrphanKind::ALL.map(OrphanKind::word) {
            let count = progress.orphans.get(kind).copied().unwrap_or(0);
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            gauges.orphans.with_label_values(&[kind]).set(count);
        }
        for (place, found) in [("archive", progress.caught_up), ("koji", progress.late_found)] {
            let counted = gauges.late_finds.with_label_values(&[place]);
            counted.inc_by(found.saturating_sub(counted.get()));
        }
        let stale = i64::try_from(progress.stale_results).unwrap_or(i64::MAX);
        gauges.stale_results.with_label_values::<&str>(&[]).set(stale);
        gauges.unavailable.reset();
        for (service, since) in &progress.unavailable {
            let seconds = i64::try_from(now.since(*since).as_secs()).unwrap_or(i64::MAX);
            gauges
                .unavailable
                .with_label_values(&[&format!("{service:?}").to_lowercase()])
                .set(seconds);
        }
    }
}

fn still(silent: Duration) -> String {
    format!("the loop has stood still for {} s", silent.as_secs())
}

#[cfg(test)]
mod tests;
