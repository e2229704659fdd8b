//! What is counted and said about each call to a hub.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec};
use tracing::{debug, warn};

use super::error::KojiErrorKind;
use crate::telemetry::{Metrics, MetricsError};

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
    /// If there are metrics of these names already.
    pub fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        let (calls, seconds) = ("ebs_koji_calls_total", "ebs_koji_call_duration_seconds");
        let help = "Calls to the Koji hub; a `multiCall` counts once, under the method inside";
        let calls = metrics.counter(calls, help, &["method", "outcome"])?;
        let help = "Time of a call to the Koji hub, with all repetition";
        let seconds = metrics.durations(seconds, help, &["method"], &CLASSES)?;
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
