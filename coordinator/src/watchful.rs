//! Readiness and metrics of a coordinator: what the driver, the bus and the queue show of themselves.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ebs_shared::{
    bus::amqp::BusStatus,
    clock::{Clock, System},
    config::StaticConfig,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

pub use self::gauges::WatchMetrics;
use crate::{
    driver::Probe,
    leader::Beat,
    store::Store,
    web::{Health, Need, Reporter, conditions_now},
};

mod gauges;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);

/// How long a loop may be without a round: the driver's and the bus consumer's wait five seconds at most.
const SILENT: Duration = Duration::from_secs(30);

/// How often the conditions are looked at, the database asked for it.
const CONDITIONS_EVERY: Duration = Duration::from_secs(5);

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
    bus: Mutex<Option<Bus>>,
    metrics: WatchMetrics,
}

/// The consumer of a term, and what it had shown at the last look.
struct Bus {
    status: watch::Receiver<BusStatus>,
    seen: BusStatus,
}

impl Watchful {
    /// Looks at these parts.
    #[must_use]
    pub fn new(
        health: &Health,
        probe: &Probe,
        metrics: WatchMetrics,
        config: &StaticConfig,
    ) -> Self {
        let listens = config.ebs.bus.enabled && config.ebs.bus.fedora_messaging_config.is_some();
        let lease_limit = config.ebs.timers.lease * 2 + LEASE_SILENT;
        let inner = Inner {
            health: health.clone(),
            probe: probe.clone(),
            lease: health.part("lease", Need::Alive, Some(lease_limit)),
            leader: health.part("leader", Need::Leading, Some(SILENT)),
            queue: health.part("queue", Need::Leading, Some(SILENT)),
            consumer: listens.then(|| health.part("consumer", Need::Leading, Some(SILENT))),
            bus: Mutex::new(None),
            metrics,
        };
        health.set_started();
        Self { inner: Arc::new(inner) }
    }

    /// What the lease loop reports to.
    #[must_use]
    pub fn lease_beat(&self) -> Beat {
        let inner = Arc::clone(&self.inner);
        Arc::new(move |answer| match answer {
            Ok(()) => {
                inner.metrics.renewed(true);
                inner.lease.well();
            }
            Err(error) => {
                inner.metrics.renewed(false);
                inner.lease.ill(crate::report::chain(error));
            }
        })
    }

    /// The bus consumer of the term that begins; none when one ends.
    pub fn watch_bus(&self, status: Option<watch::Receiver<BusStatus>>) {
        let bus = status.map(|status| Bus { status, seen: BusStatus::default() });
        *self.inner.bus.lock().unwrap_or_else(PoisonError::into_inner) = bus;
    }

    /// Looks every second.
    pub async fn run(self, store: Arc<dyn Store>, stop: CancellationToken) {
        let mut conditions_due = Instant::now();
        loop {
            self.look();
            if conditions_due <= Instant::now() {
                let health = &self.inner.health;
                let conditions = conditions_now(health, &*store).await;
                let ready = health.suffices(&conditions);
                self.inner.metrics.conditions(&health.needed(conditions), ready);
                conditions_due = Instant::now() + CONDITIONS_EVERY;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = sleep(EVERY) => {}
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
        inner.metrics.show(&progress, inner.health.leading(), System.now());
    }

    fn look_at_bus(&self) {
        let mut bus = self.inner.bus.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bus) = bus.as_mut() else { return self.inner.metrics.no_bus() };
        let status = bus.status.borrow().clone();
        self.inner.metrics.bus(&status, &bus.seen);
        bus.seen = status.clone();
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
}

fn still(silent: Duration) -> String {
    format!("the loop has stood still for {} s", silent.as_secs())
}

#[cfg(test)]
mod tests;
