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
use prometheus::IntGaugeVec;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    driver::{Probe, Progress},
    leader::Beat,
    web::{Health, Need, Reporter},
};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);

/// How long the driver's loop may be silent: it sleeps five seconds at most.
const SILENT: Duration = Duration::from_secs(30);

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
    stale_results: IntGaugeVec,
    unavailable: IntGaugeVec,
    leader: IntGaugeVec,
    bus_messages: IntGaugeVec,
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
        let lease_limit = config.ebs.timers.lease * 2;
        let gauges = Gauges {
            effects_open: metrics.gauge(
                "ebs_effects_open",
                "Effects whose outcome is not known",
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
        };
        let inner = Inner {
            health: health.clone(),
            probe: probe.clone(),
            lease: health.part("database", Need::Always, Some(lease_limit)),
            leader: health.part("leader", Need::Leading, Some(SILENT)),
            queue: health.part("queue", Need::Leading, None),
            consumer: listens.then(|| health.part("consumer", Need::Leading, None)),
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

    /// The bus consumer of the term that begins.
    pub fn watch_bus(&self, status: watch::Receiver<BusStatus>) {
        *self.inner.bus.lock().unwrap_or_else(PoisonError::into_inner) = Some(status);
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
        let (progress, now) = (inner.probe.progress(), System.now());
        match progress.turned {
            Some(turned) if now.since(turned) < SILENT => inner.leader.well(),
            Some(turned) => inner.leader.ill(format!("the loop has not gone round since {turned}")),
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
        match (status.connected_since, status.last_fault) {
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
