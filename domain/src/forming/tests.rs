use std::time::Duration;

use proptest::prelude::*;

use super::{Decision, Forming, Pause, decide};
use crate::time::Timestamp;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn forming() -> Forming {
    Forming {
        lull: Duration::from_secs(60),
        max_lull: Duration::from_secs(900),
        first_pending: Some(at(0)),
        last_eligible: Some(at(0)),
        last_batch_ended: None,
        pause: Pause::Running { since: None },
        siblings_until: None,
        sibling_wait: Duration::from_secs(600),
    }
}

#[test]
fn without_triggers_nothing_begins() {
    assert_eq!(decide(&Forming { first_pending: None, ..forming() }, at(9999)), Decision::Idle);
}

#[test]
fn a_batch_begins_once_it_has_been_quiet_for_the_lull() {
    assert_eq!(decide(&forming(), at(59)), Decision::Wait(at(60)));
    assert_eq!(decide(&forming(), at(60)), Decision::Begin);
}

#[test]
fn each_eligible_trigger_restarts_the_quiet_time() {
    let busy = Forming { last_eligible: Some(at(50)), ..forming() };
    assert_eq!(decide(&busy, at(100)), Decision::Wait(at(110)));
}

#[test]
fn triggers_without_end_hold_a_batch_up_no_longer_than_the_longest_wait() {
    let busy = Forming { last_eligible: Some(at(899)), ..forming() };
    assert_eq!(decide(&busy, at(899)), Decision::Wait(at(900)));
    assert_eq!(decide(&busy, at(900)), Decision::Begin);
}

#[test]
fn the_longest_wait_counts_from_the_end_of_the_last_batch_or_pause_if_that_is_later() {
    let busy =
        Forming { last_eligible: Some(at(2000)), last_batch_ended: Some(at(1200)), ..forming() };
    assert_eq!(decide(&busy, at(2001)), Decision::Wait(at(2060)));
    let resumed = Forming { pause: Pause::Running { since: Some(at(1500)) }, ..busy };
    assert_eq!(
        decide(&Forming { last_eligible: Some(at(2399)), ..resumed }, at(2399)),
        Decision::Wait(at(2400))
    );
}

#[test]
fn builds_that_belong_together_are_waited_for_beyond_the_quiet_time() {
    let one_missing = Forming { siblings_until: Some(at(600)), ..forming() };
    assert_eq!(decide(&one_missing, at(60)), Decision::Wait(at(600)));
    assert_eq!(decide(&one_missing, at(600)), Decision::Begin);
    let over_already = Forming { siblings_until: Some(at(30)), ..forming() };
    assert_eq!(decide(&over_already, at(59)), Decision::Wait(at(60)));
}

#[test]
fn builds_that_are_missing_again_and_again_hold_a_batch_up_for_one_limit_only() {
    let always = Forming { siblings_until: Some(at(9000)), ..forming() };
    assert_eq!(decide(&always, at(900)), Decision::Wait(at(1500)));
    assert_eq!(decide(&always, at(1500)), Decision::Begin);
}

#[test]
fn a_pause_keeps_triggers_waiting_and_loses_none() {
    assert_eq!(decide(&Forming { pause: Pause::Paused, ..forming() }, at(9999)), Decision::Paused);
}

proptest! {
    #[test]
    fn no_batch_waits_beyond_the_bound_and_none_begins_before_the_lull(
        first in 0i64..10_000, gap in 0i64..5_000, ended in proptest::option::of(0i64..10_000), now in 0i64..40_000,
    ) {
        let state = Forming {
            first_pending: Some(at(first)),
            last_eligible: Some(at(first + gap)),
            last_batch_ended: ended.map(at),
            ..forming()
        };
        let bound = at(first.max(ended.unwrap_or(first))) + state.max_lull;
        match decide(&state, at(now)) {
            Decision::Begin => prop_assert!(at(now) >= at(first + gap) + state.lull || at(now) >= bound),
            Decision::Wait(until) => prop_assert!(until > at(now) && until <= bound),
            Decision::Idle | Decision::Paused => prop_assert!(false, "neither can be"),
        }
    }
}
