use std::time::Duration;

use proptest::prelude::*;

use super::Timestamp;

#[test]
fn a_time_is_written_in_utc_with_milliseconds() {
    assert_eq!(Timestamp::from_millis(1_795_310_841_682).to_string(), "2026-11-22T01:27:21.682Z");
}

#[test]
fn seconds_of_koji_keep_their_fraction() {
    assert_eq!(Timestamp::from_epoch_seconds(1.2345).millis(), 1235);
}

#[test]
fn numbers_that_are_no_time_become_the_nearest_end() {
    assert_eq!(Timestamp::from_epoch_seconds(f64::INFINITY).millis(), i64::MAX);
    assert_eq!(Timestamp::from_epoch_seconds(f64::NAN).millis(), 0);
}

proptest! {
    #[test]
    fn no_arithmetic_overflows_and_no_span_is_negative(a in any::<i64>(), b in any::<i64>(), span in any::<u64>()) {
        let (a, b, span) = (Timestamp::from_millis(a), Timestamp::from_millis(b), Duration::from_millis(span));
        prop_assert!(a + span >= a && a - span <= a);
        prop_assert!(a.since(b) == Duration::ZERO || a > b);
        prop_assert!(!a.to_string().is_empty());
    }
}
