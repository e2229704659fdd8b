//! What a coordinator shows of itself as metrics, beside what its parts count themselves. A standby shows nothing of the work:
//! what it knows of it is old.

use std::time::Duration;

use ebs_domain::time::Timestamp;
use ebs_shared::{
    bus::amqp::BusStatus,
    telemetry::{Metrics, MetricsError},
};
use prometheus::{IntCounterVec, IntGauge, IntGaugeVec};

use crate::{
    driver::{BatchFigures, Figures, Progress},
    store::OrphanKind,
    web::Condition,
};

/// The phases of a batch that holds up the next, and `forming` while there is none.
const PHASES: [&str; 7] =
    ["forming", "preparing", "building", "publishing", "settling", "cleaning", "aborting"];

/// The metrics that [`super::Watchful`] keeps.
#[derive(Clone)]
pub struct WatchMetrics {
    work: WorkGauges,
    health: HealthGauges,
    bus: BusMetrics,
    late_finds: IntCounterVec,
}

/// How the work stands.
#[derive(Clone)]
struct WorkGauges {
    triggers: IntGaugeVec,
    trigger_oldest: IntGaugeVec,
    batch_id: IntGauge,
    batch_phase: IntGaugeVec,
    batch_phase_seconds: IntGauge,
    batch_seconds: IntGauge,
    batch_slice: IntGauge,
    batch_attempt: IntGauge,
    batch_builds: IntGaugeVec,
    batch_groups: IntGaugeVec,
    lingering: IntGauge,
    groups_held: IntGauge,
    paused: IntGaugeVec,
    effects_open: IntGaugeVec,
    effect_oldest: IntGaugeVec,
    effects_in_doubt: IntGauge,
    dead_jobs: IntGauge,
    orphans: IntGaugeVec,
    unavailable: IntGaugeVec,
}

/// Who leads, and what does not do its work.
#[derive(Clone)]
struct HealthGauges {
    leader: IntGauge,
    epoch: IntGauge,
    renewals: IntCounterVec,
    ready: IntGauge,
    conditions: IntGaugeVec,
}

/// What the bus brings.
#[derive(Clone)]
struct BusMetrics {
    connected: IntGauge,
    last_message: IntGauge,
    deliveries: IntCounterVec,
}

impl WatchMetrics {
    /// Registers them.
    ///
    /// # Errors
    ///
    /// If a metric's name is taken.
    pub fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        let late = "Triggers that the bus did not bring, by where they were found";
        let late_finds = metrics.counter("ebs_late_finds_total", late, &["where"])?;
        for place in ["archive", "koji"] {
            late_finds.with_label_values(&[place]);
        }
        Ok(Self {
            work: WorkGauges::register(metrics)?,
            health: HealthGauges::register(metrics)?,
            bus: BusMetrics::register(metrics)?,
            late_finds,
        })
    }

    /// The lease was renewed, or could not be.
    pub(super) fn renewed(&self, well: bool) {
        let outcome = if well { "ok" } else { "failed" };
        self.health.renewals.with_label_values(&[outcome]).inc();
    }

    /// What the driver shows; nothing of the work by a process that does not lead.
    pub(super) fn show(&self, progress: &Progress, leading: bool, now: Timestamp) {
        for (place, found) in [("archive", progress.caught_up), ("koji", progress.late_found)] {
            let counted = self.late_finds.with_label_values(&[place]);
            counted.inc_by(found.saturating_sub(counted.get()));
        }
        self.health.leader.set(i64::from(leading));
        let epoch = progress.epoch.filter(|_| leading);
        self.health.epoch.set(epoch.unwrap_or(0));
        if leading {
            self.work.show(progress, now);
        } else {
            self.work.clear();
        }
    }

    /// How the conditions stand that are needed now, and whether they suffice.
    pub(super) fn conditions(&self, needed: &[Condition], ready: bool) {
        self.health.conditions.reset();
        for condition in needed {
            let holds = i64::from(condition.fault.is_none());
            self.health.conditions.with_label_values(&[condition.name]).set(holds);
        }
        self.health.ready.set(i64::from(ready));
    }

    /// What the bus consumer shows, and what it showed before: its counts begin anew with each term.
    pub(super) fn bus(&self, status: &BusStatus, before: &BusStatus) {
        let bus = &self.bus;
        bus.connected.set(i64::from(status.connected_since.is_some()));
        if let Some(last) = status.last_message {
            bus.last_message.set(last.millis() / 1000);
        }
        for (what, now, then) in [
            ("received", status.received, before.received),
            ("redelivered", status.redelivered, before.redelivered),
            ("acknowledged", status.acknowledged, before.acknowledged),
        ] {
            bus.deliveries.with_label_values(&[what]).inc_by(now.saturating_sub(then));
        }
    }

    /// Nobody listens to the bus here.
    pub(super) fn no_bus(&self) {
        self.bus.connected.set(0);
    }
}

impl WorkGauges {
    fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        let gauge = |name, help, label| metrics.gauge(name, help, &[label]);
        let number = |name, help| metrics.number(name, help);
        let phase = "1 for the phase of the batch that builds, `forming` while there is none";
        let doubt = "Effects that may have happened without anybody having heard of it";
        let builds = "Builds of the batch that builds, by where they are";
        let held = "Groups that wait for a person, of any batch";
        let away = "How long a neighbour has been away";
        let dead = "Jobs set aside that wait for a person's decision";
        let paused = "Whether the next batch is not begun, by who says so";
        let orphans = "What is ours in Koji and Bodhi and belongs to no batch";
        let lingering = "Batches that only wait for builds that were detached";
        let oldest = "How long the oldest trigger has waited for its answer";
        let effect = "How long ago the oldest open effect was wished for";
        Ok(Self {
            triggers: gauge("ebs_triggers", "Triggers without a last answer", "state")?,
            trigger_oldest: gauge("ebs_trigger_oldest_seconds", oldest, "state")?,
            batch_id: number("ebs_batch_id", "The batch that builds; 0 while there is none")?,
            batch_phase: gauge("ebs_batch_phase", phase, "phase")?,
            batch_phase_seconds: number(
                "ebs_batch_phase_seconds",
                "How long the batch that builds has been in its phase",
            )?,
            batch_seconds: number(
                "ebs_batch_seconds",
                "How long ago the batch that builds was formed",
            )?,
            batch_slice: number("ebs_batch_slice", "Order number of the slice that is built")?,
            batch_attempt: number(
                "ebs_batch_attempt",
                "Attempt of the slice that is built; 0 while none is",
            )?,
            batch_builds: gauge("ebs_batch_builds", builds, "state")?,
            batch_groups: gauge(
                "ebs_batch_groups",
                "Groups of the batch that builds, by where they are",
                "state",
            )?,
            lingering: number("ebs_batches_lingering", lingering)?,
            groups_held: number("ebs_groups_held", held)?,
            paused: gauge("ebs_paused", paused, "by")?,
            effects_open: gauge("ebs_effects_open", "Effects whose outcome is not known", "kind")?,
            effect_oldest: gauge("ebs_effect_oldest_seconds", effect, "kind")?,
            effects_in_doubt: number("ebs_effects_in_doubt", doubt)?,
            dead_jobs: number("ebs_dead_jobs", dead)?,
            orphans: gauge("ebs_orphans", orphans, "kind")?,
            unavailable: gauge("ebs_unavailable_seconds", away, "service")?,
        })
    }

    fn show(&self, progress: &Progress, now: Timestamp) {
        let figures = &progress.figures;
        for (state, (count, oldest)) in
            [("pending", figures.pending), ("in_batch", figures.in_batch)]
        {
            self.triggers.with_label_values(&[state]).set(whole(count));
            let age = oldest.map_or(0, |at| seconds(now.since(at)));
            self.trigger_oldest.with_label_values(&[state]).set(age);
        }
        self.show_batch(figures.batch.as_ref(), now);
        self.show_counts(figures);
        self.effects_open.reset();
        for (kind, open) in &progress.effects_open {
            self.effects_open.with_label_values(&[kind]).set(whole(*open));
        }
        self.effect_oldest.reset();
        let open = |kind: &str| progress.effects_open.contains_key(kind);
        for (kind, at) in figures.oldest_effects.iter().filter(|(kind, _)| open(kind)) {
            self.effect_oldest.with_label_values(&[kind]).set(seconds(now.since(*at)));
        }
        for kind in OrphanKind::ALL.map(OrphanKind::word) {
            let count = progress.orphans.get(kind).copied().unwrap_or(0);
            self.orphans.with_label_values(&[kind]).set(whole(count));
        }
        for service in ["koji", "bodhi"] {
            self.unavailable.with_label_values(&[service]).set(0);
        }
        for (service, since) in &progress.unavailable {
            let service = format!("{service:?}").to_lowercase();
            self.unavailable.with_label_values(&[&service]).set(seconds(now.since(*since)));
        }
    }

    fn show_counts(&self, figures: &Figures) {
        self.lingering.set(whole(figures.lingering));
        self.groups_held.set(whole(figures.groups_held));
        self.effects_in_doubt.set(whole(figures.in_doubt));
        self.dead_jobs.set(whole(figures.dead_jobs));
        for (by, paused) in [
            ("configuration", figures.paused_by_configuration),
            ("operator", figures.paused_by_operator),
        ] {
            self.paused.with_label_values(&[by]).set(i64::from(paused));
        }
    }

    fn show_batch(&self, batch: Option<&BatchFigures>, now: Timestamp) {
        let phase = batch.map_or("forming", |batch| batch.phase);
        for known in PHASES {
            self.batch_phase.with_label_values(&[known]).set(i64::from(known == phase));
        }
        self.batch_id.set(batch.map_or(0, |batch| batch.id.get()));
        self.batch_phase_seconds.set(batch.map_or(0, |batch| seconds(now.since(batch.since))));
        self.batch_seconds.set(batch.map_or(0, |batch| seconds(now.since(batch.formed))));
        let (slice, attempt) = batch.and_then(|batch| batch.attempt).unwrap_or((0, 0));
        self.batch_slice.set(slice);
        self.batch_attempt.set(i64::from(attempt));
        self.batch_builds.reset();
        self.batch_groups.reset();
        let Some(batch) = batch else { return };
        for (gauge, counts) in
            [(&self.batch_builds, &batch.builds), (&self.batch_groups, &batch.groups)]
        {
            for (state, count) in counts {
                gauge.with_label_values(&[state]).set(whole(*count));
            }
        }
    }

    fn clear(&self) {
        for gauge in [
            &self.triggers,
            &self.trigger_oldest,
            &self.batch_phase,
            &self.batch_builds,
            &self.batch_groups,
            &self.paused,
            &self.effects_open,
            &self.effect_oldest,
            &self.orphans,
            &self.unavailable,
        ] {
            gauge.reset();
        }
        for gauge in [
            &self.batch_id,
            &self.batch_phase_seconds,
            &self.batch_seconds,
            &self.batch_slice,
            &self.batch_attempt,
            &self.lingering,
            &self.groups_held,
            &self.effects_in_doubt,
            &self.dead_jobs,
        ] {
            gauge.set(0);
        }
    }
}

impl HealthGauges {
    fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        let conditions = "Whether a condition of `/ready` holds, of those needed now";
        let renewals = "Renewals of the leader's lease, and tries to take it";
        let gauges = Self {
            leader: metrics.number("ebs_leader", "Whether this process leads")?,
            epoch: metrics.number("ebs_leader_epoch", "Number of its term; 0 on a standby")?,
            renewals: metrics.counter("ebs_lease_renewals_total", renewals, &["outcome"])?,
            ready: metrics.number("ebs_ready", "Whether this process is ready")?,
            conditions: metrics.gauge("ebs_condition", conditions, &["condition"])?,
        };
        for outcome in ["ok", "failed"] {
            gauges.renewals.with_label_values(&[outcome]);
        }
        Ok(gauges)
    }
}

impl BusMetrics {
    fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        let last = "When the last message came, in seconds since the Unix epoch; 0: none yet";
        let deliveries = "Deliveries of the broker, by what became of them there";
        let bus = Self {
            connected: metrics.number("ebs_bus_connected", "Whether the broker is connected")?,
            last_message: metrics.number("ebs_bus_last_message_timestamp_seconds", last)?,
            deliveries: metrics.counter("ebs_bus_deliveries_total", deliveries, &["what"])?,
        };
        for what in ["received", "redelivered", "acknowledged"] {
            bus.deliveries.with_label_values(&[what]);
        }
        Ok(bus)
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn seconds(span: Duration) -> i64 {
    whole(span.as_secs())
}
