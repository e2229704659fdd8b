//! What is counted of people who log in: what came of it, never who.

use ebs_shared::telemetry::{Metrics, MetricsError};
use prometheus::IntCounterVec;

use super::error::LoginError;

/// What can come of a login. All are there from the beginning, so that the first of each is seen to rise.
const OUTCOMES: [&str; 7] =
    ["done", "full", "store_away", "not_under_way", "denied", "provider_failed", "bad_name"];

/// Counters of logins. Clones count together.
#[derive(Clone, Debug)]
pub struct LoginMetrics(IntCounterVec);

impl LoginMetrics {
    /// Registers `ebs_logins_total{outcome}`.
    ///
    /// # Errors
    ///
    /// If there is a metric of this name already.
    pub fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        let help =
            "People who came to log in, or back from the identity provider, by what came of it";
        let counted = metrics.counter("ebs_logins_total", help, &["outcome"])?;
        for outcome in OUTCOMES {
            counted.with_label_values(&[outcome]).reset();
        }
        Ok(Self(counted))
    }

    /// Counts one who has logged in, or has not.
    pub(super) fn count(&self, error: Option<&LoginError>) {
        let outcome = match error {
            None => "done",
            Some(LoginError::Full) => "full",
            Some(LoginError::Away(_)) => "store_away",
            Some(LoginError::Unknown) => "not_under_way",
            Some(LoginError::Denied(_)) => "denied",
            Some(LoginError::Provider(_)) => "provider_failed",
            Some(LoginError::Name) => "bad_name",
        };
        self.0.with_label_values(&[outcome]).inc();
    }
}
