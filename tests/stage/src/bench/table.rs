//! The figures as a table for people.

use std::collections::BTreeMap;

use super::run::{Load, Measured};

const HEADS: &str = "packages workers  ms/req  ms/call |  seconds | koji requests  polls (ideal) | coordinator CPU s, MB | \
                     largest worker CPU s, MB | simulator CPU s";

/// The head of the table.
pub(super) fn head() -> String {
    HEADS.to_owned()
}

/// One line.
pub(super) fn line(load: &Load, measured: &Measured) -> String {
    let of = |figures: &BTreeMap<String, f64>, name: &str| {
        let found = figures.iter().filter(|(program, _)| program.starts_with(name));
        found.map(|(_, figure)| *figure).fold(0.0, f64::max)
    };
    let (cpu, peak) = (&measured.cpu, &measured.peak_mb);
    format!(
        "{:8} {:7} {:7} {:8} | {:8.2} | {:13} {:6} {:7} | {:12.2} {:8.1} | {:15.2} {:8.1} | {:8.2}",
        load.packages,
        load.workers,
        load.latency_ms,
        load.inner_ms,
        measured.seconds,
        measured.koji_requests,
        measured.koji_polls,
        measured.poll_lower_bound,
        of(cpu, "coordinator"),
        of(peak, "coordinator"),
        of(cpu, "worker"),
        of(peak, "worker"),
        of(cpu, "fedora-sim"),
    )
}

/// The one in the middle; sorts them.
pub(super) fn median(of: &mut [f64]) -> f64 {
    of.sort_by(f64::total_cmp);
    of.get(of.len() / 2).copied().unwrap_or_default()
}
