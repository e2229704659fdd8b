use super::FailureClass;

#[test]
fn a_class_is_stored_shown_and_counted_under_one_word() {
    for class in FailureClass::ALL {
        assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
        assert_eq!(class.to_string(), class.as_str());
    }
}

#[test]
fn a_policy_and_an_operators_word_are_not_changed_by_trying_again() {
    let hopeless = FailureClass::ALL.into_iter().filter(|class| !class.may_be_retried());
    assert_eq!(hopeless.collect::<Vec<_>>(), [FailureClass::Policy, FailureClass::Operator]);
}

#[test]
fn tagging_policy_infrastructure_and_operators_say_nothing_of_the_source() {
    let elsewhere = FailureClass::ALL.into_iter().filter(|class| !class.says_of_source());
    let expected = [
        FailureClass::Tagging,
        FailureClass::Policy,
        FailureClass::Infrastructure,
        FailureClass::Operator,
    ];
    assert_eq!(elsewhere.collect::<Vec<_>>(), expected);
}
