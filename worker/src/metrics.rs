//! What a worker counts.

use std::time::Duration;

use ebs_shared::{
    bodhi::BodhiMetrics,
    credentials::CredentialMetrics,
    koji::metrics::KojiMetrics,
    queue::Held,
    telemetry::{Metrics, MetricsError},
};
use prometheus::{HistogramVec, IntCounterVec, IntGauge};

/// Upper ends of the duration classes of jobs, in seconds.
const CLASSES: [f64; 12] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

/// All metrics of a worker that is a program of its own.
#[derive(Clone)]
pub struct ProgramMetrics {
    /// Of calls to Koji.
    pub koji: KojiMetrics,
    /// Of calls to Bodhi.
    pub bodhi: BodhiMetrics,
    /// Of what expires.
    pub credentials: CredentialMetrics,
    /// Of the work.
    pub worker: WorkerMetrics,
}

impl ProgramMetrics {
    /// Registers them.
    ///
    /// # Errors
    ///
    /// If there are metrics of these names already.
    pub fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        Ok(Self {
            koji: KojiMetrics::register(metrics)?,
            bodhi: BodhiMetrics::register(metrics)?,
            credentials: CredentialMetrics::register(metrics)?,
            worker: WorkerMetrics::register(metrics)?,
        })
    }
}

/// What a worker counts; clones count together.
#[derive(Clone)]
pub struct WorkerMetrics {
    pub(crate) slots: IntGauge,
    pub(crate) busy: IntGauge,
    pub(crate) queue_errors: IntCounterVec,
    deliveries: IntCounterVec,
    jobs: IntCounterVec,
    seconds: HistogramVec,
}

impl WorkerMetrics {
    /// New counters, registered.
    ///
    /// # Errors
    ///
    /// If there are counters of these names already.
    pub fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        let (slots, busy) = ("ebs_worker_slots", "ebs_worker_busy");
        let errors = "ebs_worker_queue_errors_total";
        let (deliveries, jobs) = ("ebs_worker_deliveries_total", "ebs_jobs_total");
        let begun =
            "Jobs that a worker began: for the first time, or again after another's death or fault";
        let seconds = "From begin to end of a job";
        Ok(Self {
            slots: metrics.number(slots, "Jobs that the worker runs at once at most")?,
            busy: metrics.number(busy, "Jobs that the worker runs now")?,
            queue_errors: metrics.counter(errors, "Failed calls to the queue", &["what"])?,
            deliveries: metrics.counter(deliveries, begun, &["lane", "delivery"])?,
            jobs: metrics.counter(jobs, "Jobs that a worker ended", &["kind", "outcome"])?,
            seconds: metrics.durations("ebs_job_duration_seconds", seconds, &["kind"], &CLASSES)?,
        })
    }

    pub(crate) fn began(&self, held: &Held) {
        let delivery = if held.attempt > 1 { "again" } else { "first" };
        self.deliveries.with_label_values(&[held.lane.as_str(), delivery]).inc();
    }

    pub(crate) fn ended(&self, kind: &str, outcome: &str, took: Duration) {
        let kind = known(kind);
        self.jobs.with_label_values(&[kind, outcome]).inc();
        self.seconds.with_label_values(&[kind]).observe(took.as_secs_f64());
    }
}

/// The kind, if it is one of ours: a label never holds what a message brings.
fn known(kind: &str) -> &str {
    match kind {
        "submit_builds" | "cancel_tasks" | "submit_update" | "poll_tasks" | "poll_tag"
        | "poll_repo" | "poll_updates" => kind,
        _ => "other",
    }
}
