//! What is counted and said about each call to Bodhi.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec};
use tracing::{debug, warn};

use super::api::BodhiErrorKind;
use crate::telemetry::{Metrics, MetricsError};

/// Upper ends of the duration classes, in seconds: a look takes milliseconds, a POST of 750 builds minutes.
const CLASSES: [f64; 10] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 90.0, 200.0];

/// Counters of the calls to Bodhi. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct BodhiMetrics {
    calls: IntCounterVec,
    seconds: HistogramVec,
}

impl BodhiMetrics {
    /// Registers `ebs_bodhi_calls_total{call,outcome}` and `ebs_bodhi_call_duration_seconds{call}`.
    ///
    /// # Errors
    ///
    /// If there are metrics of these names already.
    pub fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        let (calls, seconds) = ("ebs_bodhi_calls_total", "ebs_bodhi_call_duration_seconds");
        let calls = metrics.counter(calls, "Calls to Bodhi", &["call", "outcome"])?;
        let seconds = metrics.durations(seconds, "Time of a call to Bodhi", &["call"], &CLASSES)?;
        Ok(Self { calls, seconds })
    }
}

/// Counts a finished call and says what it came to, in one event.
pub(super) fn report(
    metrics: Option<&BodhiMetrics>,
    call: &'static str,
    took: Duration,
    fault: Option<&BodhiErrorKind>,
) {
    let outcome = fault.map_or("ok", outcome);
    if let Some(metrics) = metrics {
        metrics.calls.with_label_values(&[call, outcome]).inc();
        metrics.seconds.with_label_values(&[call]).observe(took.as_secs_f64());
    }
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match fault {
        None | Some(BodhiErrorKind::Refused { .. } | BodhiErrorKind::AlreadyExists) => {
            debug!(bodhi.call = call, outcome, duration_ms, "bodhi call ended");
        }
        Some(fault) => {
            warn!(bodhi.call = call, outcome, duration_ms, error = %fault, "bodhi call failed")
        }
    }
}

fn outcome(kind: &BodhiErrorKind) -> &'static str {
    match kind {
        BodhiErrorKind::NoAnswer(_) => "no_answer",
        BodhiErrorKind::Unavailable(_) => "unavailable",
        BodhiErrorKind::Login(_) => "login",
        BodhiErrorKind::AlreadyExists => "already_exists",
        BodhiErrorKind::Refused { .. } => "refused",
    }
}
