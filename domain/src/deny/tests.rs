use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn without_a_word_the_second_failure_denies_for_three_or_thirty_days() {
    let rule = DenyRule::default();
    let days = |class| rule.span(2, class).map(|span| span.as_secs() / DAY.as_secs());
    let told = FailureClass::ALL.map(|class| (class.as_str(), days(class)));
    assert_eq!(
        told,
        [
            ("source", Some(30)),
            ("srpm", Some(30)),
            ("dependency", Some(3)),
            ("build", Some(30)),
            ("tagging", None),
            ("policy", None),
            ("infrastructure", None),
            ("operator", None),
            ("unknown", Some(3)),
        ]
    );
    assert_eq!(rule.span(1, FailureClass::Build), None);
}

#[test]
fn just_the_classes_that_say_something_of_the_source_deny_without_a_word() {
    let rule = DenyRule::default();
    for class in FailureClass::ALL {
        assert_eq!(rule.counts(class), class.says_of_source(), "{class}");
    }
}

#[test]
fn a_class_that_denies_nothing_is_not_counted() {
    let mut rule = DenyRule { attempts: 1, ..DenyRule::default() };
    rule.classes.remove(&FailureClass::Dependency);
    assert!(!rule.counts(FailureClass::Dependency));
    assert_eq!(rule.span(9, FailureClass::Dependency), None);
    assert_eq!(rule.span(1, FailureClass::Build), Some(30 * DAY));
}
