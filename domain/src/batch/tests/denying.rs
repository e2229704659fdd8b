use std::time::Duration;

use super::{
    super::Plan,
    play::{Play, plan},
};
use crate::{deny::DenyRule, failure::FailureClass};

/// What a batch of two denies under this rule when both fail twice, first and last by these classes.
fn denied(deny: &DenyRule, first: &str, last: &str) -> String {
    let plan = Plan { deny: deny.clone(), ..plan() };
    let text = Play::building("a b", plan).play(&format!(
        "submitted a=7 b=8; 7 failed {first}; 8 failed {first}; in; change 60; request none
         submitted a=9 b=10; 9 failed {last}; 10 failed {last}"
    ));
    text.split("; ").filter(|part| part.starts_with("deny a")).collect()
}

#[test]
fn the_plan_says_which_classes_deny_how_often_and_for_how_long() {
    let usual = DenyRule::default();
    assert_eq!(denied(&usual, "build", "build"), "deny a (build)");
    assert_eq!(denied(&usual, "build", "dependency"), "deny a (dependency)");
    assert_eq!(denied(&usual, "infrastructure", "build"), "", "one failure that counts");
    let thrice = DenyRule { attempts: 3, ..usual.clone() };
    assert_eq!(denied(&thrice, "build", "build"), "");
    let mut other = usual;
    other.classes.remove(&FailureClass::Dependency);
    other.classes.insert(FailureClass::Build, Duration::from_secs(7 * 24 * 3600));
    assert_eq!(denied(&other, "build", "build"), "deny a (build) for 7d");
    assert_eq!(denied(&other, "build", "dependency"), "", "its last end is what counts");
    assert_eq!(denied(&other, "dependency", "build"), "", "one failure that counts");
}

#[test]
fn one_failure_denies_where_one_attempt_is_asked_for() {
    let once = DenyRule { attempts: 1, ..DenyRule::default() };
    assert_eq!(denied(&once, "infrastructure", "build"), "deny a (build)");
    assert_eq!(denied(&once, "build", "infrastructure"), "", "its last end is what counts");
}

#[test]
fn a_plan_stored_without_a_deny_rule_has_the_usual_one() {
    let text = serde_json::to_string(&plan()).unwrap();
    assert!(!text.contains("deny"), "{text}");
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan());
    let once = Plan { deny: DenyRule { attempts: 1, ..DenyRule::default() }, ..plan() };
    let text = serde_json::to_string(&once).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), once);
}
