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
