use std::time::Duration;

use super::Timers;
use crate::config::{ConfigError, sample::with_ours};

/// A static file with this below `ebs`.
fn parsed(more: &str) -> Result<Timers, ConfigError> {
    with_ours(more).map(|config| config.ebs.timers)
}

#[test]
fn the_ways_in_have_their_usual_times_without_a_word() {
    let timers = parsed("").unwrap();
    let minute = Duration::from_secs(60);
    assert_eq!((timers.truth_interval, timers.archive_interval), (10 * minute, 15 * minute));
    assert_eq!(timers.branching_overlap, 14 * 24 * 60 * minute);
}

#[test]
fn a_former_tag_may_be_let_go_at_once_and_no_interval_may_be_zero() {
    let read = parsed("  timers: {branching_overlap: 0s, truth_interval: 90s}").unwrap();
    let times = (read.branching_overlap, read.truth_interval);
    assert_eq!(times, (Duration::ZERO, Duration::from_secs(90)));
    for key in ["truth_interval", "archive_interval"] {
        let told = parsed(&format!("  timers: {{{key}: 0s}}")).unwrap_err().to_string();
        assert!(told.contains(&format!("ebs.timers.{key}")), "{told}");
    }
}

#[test]
fn reconcile_runs_twice_a_day_or_only_on_demand_and_triggers_at_most_so_many() {
    let usual = parsed("").unwrap().reconcile_interval;
    assert_eq!(usual, Duration::from_secs(12 * 3600));
    let off = parsed("  timers: {reconcile_interval: 0}").unwrap().reconcile_interval;
    assert_eq!(off, Duration::ZERO);
    let limit = |number| {
        with_ours(&format!("  limits: {{reconcile_limit: {number}}}"))
            .map(|config| config.ebs.limits.reconcile_limit)
    };
    assert_eq!((limit(0).unwrap(), limit(500).unwrap()), (0, 500));
    let told = limit(501).unwrap_err().to_string();
    assert!(told.contains("ebs.limits.reconcile_limit") && told.contains("up to 500"), "{told}");
}
