//! `./dev bench batch`: one batch of clean packages with instant builds, at several sizes and speeds of Koji.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde::Serialize;
use serde_json::json;

use super::{
    run::{Load, Measured, TIMERS, measure},
    table,
};
use crate::{child::say, options::BenchBatch};

/// One load and all its runs.
#[derive(Debug, Serialize)]
struct Result {
    load: Load,
    /// The run with the median time.
    median: Measured,
    /// The times of all runs, in seconds, in their order.
    seconds: Vec<f64>,
}

/// Measures every load, prints a table and, as the last line, one JSON object.
///
/// # Errors
///
/// A run fails.
pub async fn batch(options: &BenchBatch) -> anyhow::Result<()> {
    let top = match &options.run_folder {
        Some(folder) => folder.clone(),
        None => std::env::current_dir()?.join(".run").join(format!("bench-{}", std::process::id())),
    };
    say(&format!("the programs' logs are in {}", top.display()));
    say(&table::head());
    let mut results = Vec::new();
    for load in loads(options) {
        let result = repeated(load, options.repeat, &top).await?;
        say(&table::line(&result.load, &result.median));
        results.push(result);
    }
    let timers: std::collections::BTreeMap<_, _> = TIMERS.iter().copied().collect();
    let line = serde_json::to_string(&json!({ "version": 1, "timers": timers, "runs": results }))?;
    writeln!(std::io::stdout(), "{line}").context("print the figures")
}

async fn repeated(load: Load, repeat: u32, top: &Path) -> anyhow::Result<Result> {
    let mut runs = Vec::new();
    for number in 1..=repeat {
        let folder = folder(top, load, number)?;
        let measured = measure(load, &folder).await.with_context(|| format!("{load:?}"))?;
        runs.push(measured);
    }
    let seconds = runs.iter().map(|run| run.seconds).collect();
    runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let median = runs.swap_remove(runs.len() / 2);
    Ok(Result { load, median, seconds })
}

fn folder(top: &Path, load: Load, number: u32) -> anyhow::Result<PathBuf> {
    let Load { packages, workers, latency_ms, inner_ms } = load;
    let folder = top.join(format!("{packages}-{workers}-{latency_ms}-{inner_ms}-{number}"));
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    Ok(folder)
}

/// Every latency with inner calls that cost nothing; then every cost of inner calls without latency.
fn loads(options: &BenchBatch) -> Vec<Load> {
    let mut speeds: Vec<(u64, u64)> = options.latency.iter().map(|ms| (*ms, 0)).collect();
    speeds.extend(options.inner.iter().filter(|ms| **ms > 0).map(|ms| (0, *ms)));
    let mut loads = Vec::new();
    for &workers in &options.workers {
        for &(latency_ms, inner_ms) in &speeds {
            for &packages in &options.packages {
                loads.push(Load { packages, workers, latency_ms, inner_ms });
            }
        }
    }
    loads
}

#[cfg(test)]
mod tests;
