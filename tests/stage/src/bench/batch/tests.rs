use clap::Parser as _;

use super::*;
use crate::options::{Bench, Mode, Options};

#[test]
fn inner_calls_that_cost_are_measured_once_more_and_without_latency() {
    let words = ["ebs-stage", "bench", "batch", "--packages", "5,7", "--workers", "1"];
    let Mode::Bench(Bench::Batch(options)) = Options::parse_from(words).mode else {
        panic!("another mode")
    };
    let speeds: Vec<(u32, u64, u64)> = loads(&options)
        .into_iter()
        .map(|load| (load.packages, load.latency_ms, load.inner_ms))
        .collect();
    assert_eq!(speeds, [(5, 0, 0), (7, 0, 0), (5, 50, 0), (7, 50, 0), (5, 0, 2), (7, 0, 2)]);
}
