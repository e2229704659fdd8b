//! What is counted and said about each call to a hub.

use std::time::Duration;

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};
use tracing::{debug, warn};

use super::error::KojiErrorKind;

/// Counters of the calls to Koji. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct KojiMetrics {
    calls: IntCounterVec,
    seconds: HistogramVec,
}

/// Upper ends of the duration classes, in seconds: a poll takes milliseconds, a whole tag many seconds.
const CLASSES: [f64; 10] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 180.0];

impl KojiMetrics {
    /// Registers `ebs_koji_calls_total{method,outcome}` and `ebs_koji_call_duration_seconds{method}`.
    ///
    /// # Errors
    ///
    /// If the registry has metrics of these names already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let calls =
            Opts::new("ebs_koji_calls_total", "Calls to the Koji hub, by method and outcome");
        let calls = IntCounterVec::new(calls, &["method", "outcome"])?;
        let seconds =
            HistogramOpts::new("ebs_koji_call_duration_seconds", "Time of a call to the Koji hub");
        let seconds = HistogramVec::new(seconds.buckets(CLASSES.to_vec()), &["method"])?;
        registry.register(Box::new(calls.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        Ok(Self { calls, seconds })
    }

    fn count(&self, method: &str, outcome: &str, took: Duration) {
        self.calls.with_label_values(&[method, outcome]).inc();
        self.seconds.with_label_values(&[method]).observe(took.as_secs_f64());
    }
}

/// One finished call.
pub(super) struct Finished<'a> {
    /// The method; of a multiCall the inner one.
    pub(super) method: &'static str,
    /// How many calls it carried.
    pub(super) inner: usize,
    /// How long it took, with all repetition.
    pub(super) took: Duration,
    /// What went wrong.
    pub(super) fault: Option<&'a KojiErrorKind>,
}

/// Counts the call and says what it came to, in one event.
pub(super) fn report(metrics: Option<&KojiMetrics>, call: &Finished<'_>) {
    let outcome = call.fault.map_or("ok", outcome);
    if let Some(metrics) = metrics {
        metrics.count(call.method, outcome, call.took);
    }
    let duration_ms = u64::try_from(call.took.as_millis()).unwrap_or(u64::MAX);
    match call.fault {
        None | Some(KojiErrorKind::Refused(_)) => {
            debug!(
                koji.method = call.method,
                koji.inner_calls = call.inner,
                outcome,
                duration_ms,
                "koji call ended"
            );
        }
        Some(fault) => {
            let (method, inner) = (call.method, call.inner);
            warn!(koji.method = method, koji.inner_calls = inner, outcome, duration_ms, error = %fault, "koji call failed");
        }
    }
}

fn outcome(kind: &KojiErrorKind) -> &'static str {
    match kind {
        KojiErrorKind::NoAnswer(_) => "no_answer",
        KojiErrorKind::Unavailable(_) => "unavailable",
        KojiErrorKind::Login(_) => "login",
        KojiErrorKind::AlreadyRan => "already_ran",
        KojiErrorKind::Refused(_) => "refused",
    }
}
