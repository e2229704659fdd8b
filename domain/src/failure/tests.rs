use super::FailureClass;

#[test]
fn a_class_is_stored_shown_and_counted_under_one_word() {
    for class in FailureClass::ALL {
        assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
        assert_eq!(class.to_string(), class.as_str());
    }
}

#[test]
fn only_a_policy_is_never_changed_by_trying_again() {
    let hopeless = FailureClass::ALL.into_iter().filter(|class| !class.may_be_retried());
    assert_eq!(hopeless.collect::<Vec<_>>(), [FailureClass::Policy]);
}

#[test]
fn tagging_policy_and_infrastructure_say_nothing_of_the_source() {
    let elsewhere = FailureClass::ALL.into_iter().filter(|class| !class.says_of_source());
    let expected = [FailureClass::Tagging, FailureClass::Policy, FailureClass::Infrastructure];
    assert_eq!(elsewhere.collect::<Vec<_>>(), expected);
}
