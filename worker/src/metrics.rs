//! What a worker counts.

use std::time::Duration;

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry};

/// What a worker counts; clones count together.
#[derive(Clone)]
pub struct WorkerMetrics {
    pub(crate) slots: IntGauge,
    pub(crate) busy: IntGauge,
    pub(crate) queue_errors: IntCounterVec,
    jobs: IntCounterVec,
    seconds: HistogramVec,
}

impl WorkerMetrics {
    /// New counters, registered.
    ///
    /// # Errors
    ///
    /// If there are counters of these names already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let jobs = Opts::new("ebs_jobs_total", "Jobs that a worker ended, by kind and outcome");
        let seconds =
            HistogramOpts::new("ebs_job_duration_seconds", "From begin to end of a job, by kind")
                .buckets(vec![0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0]);
        let errors = Opts::new(
            "ebs_worker_queue_errors_total",
            "Failed calls to the queue, by what was done",
        );
        let metrics = Self {
            slots: IntGauge::new("ebs_worker_slots", "Jobs that the worker runs at once at most")?,
            busy: IntGauge::new("ebs_worker_busy", "Jobs that the worker runs now")?,
            queue_errors: IntCounterVec::new(errors, &["what"])?,
            jobs: IntCounterVec::new(jobs, &["kind", "outcome"])?,
            seconds: HistogramVec::new(seconds, &["kind"])?,
        };
        registry.register(Box::new(metrics.slots.clone()))?;
        registry.register(Box::new(metrics.busy.clone()))?;
        registry.register(Box::new(metrics.queue_errors.clone()))?;
        registry.register(Box::new(metrics.jobs.clone()))?;
        registry.register(Box::new(metrics.seconds.clone()))?;
        Ok(metrics)
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
