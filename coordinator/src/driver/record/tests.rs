use std::time::Duration;

use ebs_domain::failure::{Failure, FailureClass};

use super::*;

#[test]
fn a_source_is_denied_for_as_long_as_the_batch_says() {
    let week = Duration::from_secs(7 * 24 * 3600);
    let denied = Denial {
        component: "bash".parse().unwrap(),
        source: "git+https://src.example.org/rpms/bash#0123".parse().unwrap(),
        failure: Failure::new(FailureClass::Dependency, "nothing provides it"),
        task: None,
        span: week,
    };
    let at = Timestamp::from_millis(5);
    let row = denial(BatchId::new(7), denied, at);
    assert_eq!((row.first, row.last, row.expires), (at, at, at + week));
    assert_eq!((row.class.as_str(), row.count), ("dependency", 1));
}
