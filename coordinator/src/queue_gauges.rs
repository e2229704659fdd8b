//! What the queue holds and which workers tell of themselves, as metrics. Asked by the leader alone: a standby's gauges are zero.

use std::{sync::Arc, time::Duration};

use ebs_shared::{
    queue::{Depths, Lane, Presence, Producer},
    telemetry::{Metrics, MetricsError},
};
use prometheus::{IntGauge, IntGaugeVec};
use tokio_util::sync::CancellationToken;

/// How often the queue is asked.
const EVERY: Duration = Duration::from_secs(5);

/// What the queue holds.
#[derive(Clone)]
pub struct QueueGauges {
    jobs: IntGaugeVec,
    oldest: IntGaugeVec,
    scheduled: IntGauge,
    dead: IntGauge,
    results: IntGauge,
    workers: IntGauge,
    slots: IntGauge,
    busy: IntGauge,
}

impl QueueGauges {
    /// Registers them.
    ///
    /// # Errors
    ///
    /// If a metric's name is taken.
    pub fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        let jobs = "Jobs of a lane that wait or are held";
        let oldest = "Age of the oldest job of a lane";
        let dead = "Jobs of the queue that used up their attempts";
        let slots = "Jobs that all workers together run at once at most";
        Ok(Self {
            jobs: metrics.gauge("ebs_queue_jobs", jobs, &["lane"])?,
            oldest: metrics.gauge("ebs_queue_oldest_seconds", oldest, &["lane"])?,
            scheduled: metrics.number("ebs_queue_scheduled", "Jobs that wait for their time")?,
            dead: metrics.number("ebs_queue_dead", dead)?,
            results: metrics.number("ebs_queue_results", "Results that nobody acknowledged yet")?,
            workers: metrics.number("ebs_workers", "Workers that told of themselves lately")?,
            slots: metrics.number("ebs_workers_slots", slots)?,
            busy: metrics.number("ebs_workers_busy", "Jobs that all workers together run now")?,
        })
    }

    /// Asks the queue until the term is over. What it does not answer stays as it was: its faults are told elsewhere.
    pub async fn run(self, queue: Arc<dyn Producer>, over: CancellationToken) {
        while !over.is_cancelled() {
            if let Ok(depths) = queue.depths().await {
                self.show(&depths);
            }
            if let Ok(workers) = queue.workers().await {
                self.show_workers(&workers);
            }
            tokio::select! {
                biased;
                () = over.cancelled() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
        self.show(&Depths::default());
        self.show_workers(&[]);
    }

    fn show(&self, depths: &Depths) {
        for (lane, (jobs, oldest)) in Lane::ALL.into_iter().zip(depths.lanes) {
            self.jobs.with_label_values(&[lane.as_str()]).set(whole(jobs));
            self.oldest.with_label_values(&[lane.as_str()]).set(whole(oldest.as_secs()));
        }
        self.scheduled.set(whole(depths.scheduled));
        self.dead.set(whole(depths.dead));
        self.results.set(whole(depths.results));
    }

    fn show_workers(&self, workers: &[Presence]) {
        let sum = |of: fn(&Presence) -> usize| {
            i64::try_from(workers.iter().map(of).sum::<usize>()).unwrap_or(i64::MAX)
        };
        self.workers.set(sum(|_| 1));
        self.slots.set(sum(|worker| worker.slots));
        self.busy.set(sum(|worker| worker.busy));
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
