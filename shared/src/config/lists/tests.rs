use std::time::Duration;

use ebs_domain::package_list::Guards;

use crate::config::{ConfigError, sample::with_ours};

/// The guards of a static file with this below `ebs`.
fn parsed(more: &str) -> Result<Guards, ConfigError> {
    with_ours(more).map(|config| config.ebs.lists)
}

#[test]
fn without_a_word_the_guards_are_those_of_the_documentation() {
    assert_eq!(parsed("").unwrap(), Guards::default());
}

#[test]
fn every_threshold_can_be_set() {
    let said = "  lists: {sightings: 3, apart: 0, missing: 2d, grows: 5, shrinks: 0, few: 1}";
    let day = Duration::from_secs(24 * 3600);
    let guards = parsed(said).unwrap();
    let expected = Guards {
        sightings: 3,
        apart: Duration::ZERO,
        missing: 2 * day,
        grows: 5,
        shrinks: 0,
        few: 1,
    };
    assert_eq!(guards, expected);
}

#[test]
fn a_threshold_that_means_nothing_is_refused_by_name() {
    let fault = parsed("  lists: {sightings: 0, grows: 101}").unwrap_err().to_string();
    assert!(fault.contains("ebs.lists.sightings") && fault.contains("at least 1"), "{fault}");
    assert!(fault.contains("ebs.lists.grows") && fault.contains("from 0 to 100"), "{fault}");
}
