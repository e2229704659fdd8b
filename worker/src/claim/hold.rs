//! One held job: its work, its beats, its deadline, its end.

use std::{sync::Arc, time::Duration};

use ebs_shared::{
    clock::Chance,
    queue::{Beat, Consumer, Finished, Held, QueueError},
    telemetry::{TraceId, Traceparent, within},
};
use serde::Deserialize;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{
    Instrument, Span,
    field::{Empty, display},
};

use crate::{
    WorkerMetrics,
    backoff::Backoff,
    handler::{Handler, Verdict},
    lease::{Lease, LeaseView},
};

/// How long a job that this program cannot read stays away from it.
const NOT_MINE_DELAY: Duration = Duration::from_secs(5);
/// Tries to hand a job back after the grace has ended.
const LAST_TRIES: u32 = 3;

/// A held job, with all its work needs.
pub(super) struct Hold<H> {
    pub(super) held: Held,
    pub(super) consumer: Arc<dyn Consumer>,
    pub(super) handler: Arc<H>,
    pub(super) chance: Arc<dyn Chance>,
    pub(super) metrics: WorkerMetrics,
    pub(super) limit: Duration,
    pub(super) abort: CancellationToken,
}

/// What a job says of where it belongs.
#[derive(Default, Deserialize)]
struct Carried {
    batch: Option<i64>,
    #[serde(default)]
    traceparent: String,
}

/// What the queue is told.
enum Told {
    Done(String),
    Failed { error: String, delay: Duration, again: bool },
    Released,
}

/// Why the work on a job ended.
enum Ending {
    Verdict(Verdict),
    Lost,
    Aborted,
}

impl<H: Handler> Hold<H> {
    /// Works on it until it has an end, and tells the queue.
    pub(super) async fn run(self) {
        let span = self.span();
        async {
            let begun = Instant::now();
            let (lease, view) = Lease::from(self.held.begun, self.consumer.lease());
            let ending = self.work(&lease, &view).await;
            let outcome = self.end(ending).await;
            let took = begun.elapsed();
            self.metrics.ended(&self.held.kind, outcome, took);
            tracing::debug!(outcome, duration_ms = took.as_millis(), "the job has ended");
        }
        .instrument(span)
        .await;
    }

    /// The span of the job, in the trace that the job names.
    fn span(&self) -> Span {
        let Carried { batch, traceparent } =
            serde_json::from_str(&self.held.payload).unwrap_or_default();
        let span = tracing::error_span!(
            "job",
            job.id = %self.held.id,
            job.kind = %self.held.kind,
            attempt.number = self.held.attempt,
            batch.id = batch,
            trace_id = Empty,
        );
        // One that another version has written may say it differently: the job is done all the same.
        let Ok(parent) = traceparent.parse::<Traceparent>() else { return span };
        span.record("trace_id", display(TraceId::from(parent)));
        within(span, parent)
    }

    /// The verdict first, then what makes it void.
    async fn work(&self, lease: &Lease, view: &LeaseView) -> Ending {
        tokio::select! {
            biased;
            verdict = self.handler.handle(&self.held, view) => Ending::Verdict(verdict),
            () = self.beat_until_lost(lease) => Ending::Lost,
            () = self.abort.cancelled() => Ending::Aborted,
            () = sleep(self.limit) => Ending::Verdict(Verdict::Failed {
                error: format!("it took longer than {:?}", self.limit),
                delay: self.held.redeliver_after,
                again: true,
            }),
        }
    }

    /// Beats every third of the lease; returns when the job is someone else's, or must be taken for it.
    async fn beat_until_lost(&self, lease: &Lease) {
        let third = self.consumer.lease() / 3;
        let mut backoff = Backoff::default();
        let mut next = self.held.begun + third;
        loop {
            sleep_until(next).await;
            let sent = Instant::now();
            tokio::select! {
                biased;
                beat = self.consumer.beat(&self.held) => match beat {
                    Ok(Beat::Held) => {
                        lease.renew(sent);
                        backoff.reset();
                        next = sent + third;
                    }
                    Ok(Beat::Lost) => return,
                    Err(error) => {
                        self.complain(&error);
                        next = Instant::now() + backoff.next(&*self.chance).min(third);
                    }
                },
                () = sleep_until(lease.end()) => return,
            }
            if Instant::now() >= lease.end() {
                return;
            }
        }
    }

    /// Tells the queue how it ended, and what to count it as.
    async fn end(&self, ending: Ending) -> &'static str {
        match ending {
            Ending::Lost => {
                tracing::warn!("the lease was lost: another worker has or gets the job");
                "lost"
            }
            Ending::Aborted => self.hand_back().await,
            Ending::Verdict(Verdict::NotMine) => {
                tracing::warn!("this program cannot read the job");
                self.tell("released", &Told::Released).await
            }
            Ending::Verdict(Verdict::Done(report)) => self.tell("done", &Told::Done(report)).await,
            Ending::Verdict(Verdict::Failed { error, delay, again }) => {
                tracing::warn!(error, "the job failed in the worker");
                self.tell("failed", &Told::Failed { error, delay, again }).await
            }
        }
    }

    /// Asks until the queue has answered: the answer to a repeated call is the same.
    async fn tell(&self, outcome: &'static str, told: &Told) -> &'static str {
        let mut backoff = Backoff::default();
        loop {
            match self.tell_once(told).await {
                Ok(Finished::Recorded) => return outcome,
                Ok(Finished::Stale) => return "stale",
                Err(error) => self.complain(&error),
            }
            tokio::select! {
                biased;
                () = self.abort.cancelled() => return "untold",
                () = sleep(backoff.next(&*self.chance)) => {}
            }
        }
    }

    async fn tell_once(&self, told: &Told) -> Result<Finished, QueueError> {
        match told {
            Told::Done(report) => self.consumer.complete(&self.held, report).await,
            Told::Failed { error, delay, again } => {
                self.consumer.fail(&self.held, error, *delay, *again).await
            }
            Told::Released => self.consumer.release(&self.held, NOT_MINE_DELAY).await,
        }
    }

    /// The process ends in the middle of the work, which may have had its effect: nobody else begins it too soon.
    async fn hand_back(&self) -> &'static str {
        let mut backoff = Backoff::default();
        for _ in 0..LAST_TRIES {
            match self.consumer.release(&self.held, self.held.redeliver_after).await {
                Ok(_) => return "released",
                Err(error) => self.complain(&error),
            }
            sleep(backoff.next(&*self.chance)).await;
        }
        "untold"
    }

    fn complain(&self, error: &QueueError) {
        self.metrics.queue_errors.with_label_values(&[error.what]).inc();
        tracing::warn!(error = %error.kind, what = error.what, "the queue does not answer");
    }
}
