//! What the last run has found, as metrics. Does *not* look at anything.

use ebs_shared::telemetry::{Metrics, MetricsError};
use prometheus::IntGaugeVec;

use crate::findings::{Fate, Found, Report};

/// The metrics of reconcile.
#[derive(Clone)]
pub struct Gauges {
    found: IntGaugeVec,
    fates: IntGaugeVec,
    at: IntGaugeVec,
    failing: IntGaugeVec,
}

impl Gauges {
    /// Registers them.
    ///
    /// # Errors
    ///
    /// If a metric's name is taken.
    pub fn new(metrics: &Metrics) -> Result<Self, MetricsError> {
        let found = "Components that reconcile has found, by how they stand";
        let fates = "What ELN lacks, by what becomes of it";
        let at = "When reconcile has last compared the tags, seconds since the Unix epoch";
        let failing = "Whether the last run of reconcile came to nothing";
        Ok(Self {
            found: metrics.gauge("ebs_reconcile", found, &["kind"])?,
            fates: metrics.gauge("ebs_reconcile_fates", fates, &["fate"])?,
            at: metrics.gauge("ebs_reconcile_last_run_timestamp_seconds", at, &[])?,
            failing: metrics.gauge("ebs_reconcile_failing", failing, &[])?,
        })
    }

    /// Shows a report.
    pub(super) fn show(&self, report: &Report) {
        let failing = i64::from(report.fault.is_some());
        self.failing.with_label_values::<&str>(&[]).set(failing);
        if let Some(found) = &report.found {
            self.show_found(found);
        }
    }

    fn show_found(&self, found: &Found) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let counts = &found.counts;
        let not_wanted = found.not_wanted.as_ref().map_or(0, Vec::len);
        for (kind, count) in [
            ("missing", counts.missing),
            ("stale", counts.stale),
            ("current", counts.current),
            ("eln_newer", counts.eln_newer),
            ("not_wanted", not_wanted),
        ] {
            self.found.with_label_values(&[kind]).set(number(count));
        }
        let fates = found.fates();
        for fate in Fate::ALL.map(Fate::word) {
            let count = fates.get(fate).copied().unwrap_or(0);
            self.fates.with_label_values(&[fate]).set(number(count));
        }
        self.at.with_label_values::<&str>(&[]).set(found.at.millis() / 1000);
    }
}
