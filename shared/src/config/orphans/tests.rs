use std::time::Duration;

use super::{Orphans, Policy};
use crate::config::{ConfigError, sample::with_ours};

/// A static file with this below `ebs`.
fn parsed(more: &str) -> Result<Orphans, ConfigError> {
    with_ours(more).map(|config| config.ebs.orphans)
}

#[test]
fn without_a_word_orphans_are_only_reported() {
    assert_eq!(parsed("").unwrap(), Orphans::default());
    assert_eq!(Orphans::default().tasks, Policy::Report);
    let said = "  orphans: {side_tags: report, tasks: report, updates: report}";
    assert_eq!(parsed(said).unwrap(), Orphans::default());
}

#[test]
fn a_policy_and_its_times_are_read() {
    let read = parsed("  orphans: {interval: 30m, grace: 2d, side_tags: remove, tasks: cancel}");
    let (interval, grace) = (Duration::from_secs(1800), Duration::from_secs(2 * 86_400));
    let remove = Policy::Remove;
    assert_eq!(read.unwrap(), Orphans { interval, grace, side_tags: remove, tasks: remove });
}

#[test]
fn what_no_policy_is_and_times_that_contradict_each_other_are_refused() {
    let refused = |more: &str| parsed(more).unwrap_err().to_string();
    for (key, word) in [("side_tags", "cancel"), ("tasks", "remove"), ("updates", "remove")] {
        let told = refused(&format!("  orphans: {{{key}: {word}}}"));
        assert!(told.contains(&format!("ebs.orphans.{key}: `report`")), "{told}");
        assert!(told.contains(&format!("is expected, found `{word}`")), "{told}");
    }
    let told = refused("  orphans: {interval: 2h, grace: 1h}");
    assert!(told.contains("ebs.orphans.grace: shorter than `interval`"), "{told}");
    assert!(refused("  orphans: {interval: 0}").contains("above zero"));
}
