use super::*;
use crate::config::{ConfigError, sample::with_ours};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The rule of a static file with this below `ebs`.
fn parsed(more: &str) -> Result<DenyRule, ConfigError> {
    with_ours(more).map(|config| config.ebs.deny)
}

#[test]
fn without_a_word_the_deny_rule_is_that_of_the_documentation() {
    assert_eq!(parsed("").unwrap(), DenyRule::default());
    assert_eq!(parsed("  deny: {}").unwrap(), DenyRule::default());
}

#[test]
fn attempts_and_each_class_can_be_set_and_a_class_that_is_not_named_keeps_its_time() {
    let rule = parsed("  deny: {attempts: 3, classes: {build: 7d, dependency: 36h}}").unwrap();
    let span = |class| rule.span(3, class);
    assert_eq!(rule.span(2, FailureClass::Build), None);
    assert_eq!(span(FailureClass::Build), Some(7 * DAY));
    assert_eq!(span(FailureClass::Dependency), Some(DAY + DAY / 2));
    assert_eq!(span(FailureClass::Source), Some(30 * DAY));
}

#[test]
fn zero_takes_a_class_out_of_the_rule() {
    let rule = parsed("  deny: {classes: {unknown: 0, dependency: 0s}}").unwrap();
    let left: Vec<_> = rule.classes.keys().map(|class| class.as_str()).collect();
    assert_eq!(left, ["source", "srpm", "build"]);
}

#[test]
fn a_class_that_says_nothing_of_the_source_cannot_be_denied() {
    for class in ["infrastructure", "policy", "tagging"] {
        let told = parsed(&format!("  deny: {{classes: {{{class}: 3d}}}}")).unwrap_err();
        let told = told.to_string();
        assert!(told.contains(&format!("ebs.deny.classes.{class}")), "{told}");
        assert!(told.contains("says nothing of the source"), "{told}");
        assert!(told.contains("source, srpm, dependency, build, unknown"), "{told}");
    }
}

#[test]
fn what_means_nothing_in_the_deny_rule_is_refused_by_name_with_the_way_out() {
    for (more, key, way_out) in [
        ("{attempts: 0}", "ebs.deny.attempts", "write 0 for each class"),
        ("{attempts: 11}", "ebs.deny.attempts", "from 1 to 10"),
        ("{attempts: twice}", "ebs.deny.attempts", "a whole number is expected"),
        ("{classes: {build: 30}}", "ebs.deny.classes.build", "write days, such as `30d`"),
        ("{classes: {build: 4000d}}", "ebs.deny.classes.build", "from 1h to 3650d"),
        ("{classes: {build: soon}}", "ebs.deny.classes.build", "a time such as"),
        ("{classes: {bild: 3d}}", "ebs.deny.classes.bild", "unknown class; known here: source"),
        ("{classes: [build]}", "ebs.deny.classes", "a mapping is expected"),
        ("{classes: {build: 3d, build: 4d}}", "ebs.deny.classes.build", "written twice"),
        ("{days: 3}", "ebs.deny.days", "known here: attempts, classes"),
    ] {
        let told = parsed(&format!("  deny: {more}")).unwrap_err().to_string();
        assert!(told.contains(key) && told.contains(way_out), "{more}: {told}");
    }
}
