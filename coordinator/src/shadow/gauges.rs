//! What shadow mode has found, as metrics.

use ebs_domain::{shadow::Kind, time::Timestamp};
use ebs_shared::telemetry::{Metrics, MetricsError};
use prometheus::{IntGauge, IntGaugeVec};

use super::report::Report;

/// The figures of the last comparison.
#[derive(Clone)]
pub struct ShadowGauges {
    builds: IntGaugeVec,
    differences: IntGaugeVec,
    compared: IntGauge,
}

impl ShadowGauges {
    /// Registers them.
    ///
    /// # Errors
    ///
    /// If a metric's name is taken.
    pub fn register(metrics: &Metrics) -> Result<Self, MetricsError> {
        let builds =
            "Builds in shadow mode: both asked for, only one so far, ours replaced by a newer one";
        let differences = "Builds in which shadow mode and the other service differ";
        let compared = "When shadow mode last compared, in seconds since the Unix epoch; 0: never";
        let gauges = Self {
            builds: metrics.gauge("ebs_shadow_builds", builds, &["standing"])?,
            differences: metrics.gauge("ebs_shadow_differences", differences, &["kind"])?,
            compared: metrics.number("ebs_shadow_compared_timestamp_seconds", compared)?,
        };
        gauges.show(&Report::new("", Timestamp::default()), &[]);
        Ok(gauges)
    }

    /// Shows a report, of which these are all kinds of differences.
    pub(super) fn show(&self, report: &Report, kinds: &[Kind]) {
        let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        for (standing, count) in [
            ("agreed", report.agreed),
            ("waiting", report.waiting),
            ("overtaken", report.overtaken),
        ] {
            self.builds.with_label_values(&[standing]).set(whole(count));
        }
        for kind in Kind::ALL {
            let count = kinds.iter().filter(|found| **found == kind).count();
            self.differences.with_label_values(&[kind.word()]).set(whole(count));
        }
        self.compared.set(report.at.map_or(0, |at| at.millis() / 1000));
    }
}
