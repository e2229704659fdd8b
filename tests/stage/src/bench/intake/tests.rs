use super::*;

fn drained(seconds: f64, kept: u64, left: u32) -> Drained {
    Drained { messages: 1_000, matter: 10, kept, left, seconds, cpu: 1.0, peak_mb: 1.0 }
}

#[test]
fn the_run_with_the_median_rate_is_shown_and_all_rates_stay_in_their_order() {
    let runs = [4.0, 1.0, 2.0].map(|seconds| drained(seconds, 10, 0)).to_vec();
    let result = result("ours", 10, runs);
    assert_eq!(result.median.seconds, 2.0);
    assert_eq!(result.rates, [250.0, 1_000.0, 500.0]);
}

#[test]
fn what_was_not_kept_or_was_left_differs() {
    assert!(drained(1.0, 10, 0).differences().is_empty());
    assert_eq!(drained(1.0, 9, 0).differences(), ["9 of 10 messages that matter were kept"]);
    assert_eq!(drained(1.0, 11, 0).differences(), ["11 of 10 messages that matter were kept"]);
    assert_eq!(drained(1.0, 10, 3).differences(), ["3 of 1000 messages were left"]);
}
