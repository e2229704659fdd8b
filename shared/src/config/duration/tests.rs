use std::time::Duration;

use super::{parse, show};

#[test]
fn plain_numbers_are_seconds_and_units_add_up() {
    assert_eq!(parse("90"), Some(Duration::from_secs(90)));
    assert_eq!(parse("60s"), Some(Duration::from_secs(60)));
    assert_eq!(parse("15m"), Some(Duration::from_secs(900)));
    assert_eq!(parse("24h"), Some(Duration::from_secs(86_400)));
    assert_eq!(parse("1h30m"), Some(Duration::from_secs(5400)));
    assert_eq!(parse("1h 30m"), Some(Duration::from_secs(5400)));
    assert_eq!(parse("250ms"), Some(Duration::from_millis(250)));
    assert_eq!(parse("7d"), Some(Duration::from_secs(604_800)));
}

#[test]
fn what_is_no_time_is_refused() {
    for text in
        ["s", "-5s", "5 parsecs", "1.5h", "15 M", "99999999999999999999", "99999999d", "é", "5é"]
    {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn a_time_is_shown_in_its_largest_whole_unit() {
    assert_eq!(show(Duration::from_secs(90)), "90s");
    assert_eq!(show(Duration::from_secs(600)), "10m");
    assert_eq!(show(Duration::from_millis(1500)), "1500ms");
    assert_eq!(show(Duration::ZERO), "0s");
}
