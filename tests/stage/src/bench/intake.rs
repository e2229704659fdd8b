//! `./dev bench intake`: messages per second that the service takes from a full queue, of which few matter, beside the Python library.

mod drain;
mod ours;
mod stock;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde::Serialize;
use serde_json::json;

use drain::Drained;

use crate::{child::say, options::BenchIntake};

/// How many times as fast as the Python library the service is to be.
const AIM: f64 = 20.0;

const HEAD: &str =
    "consumer  prefetch  messages  matter | seconds  messages/s |  CPU s  us/message | peak MB";

/// One consumer with one prefetch, and all its runs.
#[derive(Debug, Serialize)]
struct Result {
    consumer: &'static str,
    prefetch: u16,
    /// The run with the median rate.
    median: Drained,
    /// Messages per second of all runs, in their order.
    rates: Vec<f64>,
}

/// Both consumers with one prefetch.
#[derive(Debug, Serialize)]
struct Pair {
    ours: Result,
    stock: Result,
    /// Our median rate by the Python library's.
    times: f64,
}

/// Measures both consumers in turn with every prefetch, prints a table and, as the last line, one JSON object. Whether each kept
/// what matters and left nothing; what differs is told.
///
/// # Errors
///
/// Something does not start, or the queue cannot be filled.
pub async fn intake(options: &BenchIntake) -> anyhow::Result<bool> {
    let top = match &options.run_folder {
        Some(folder) => folder.clone(),
        None => std::env::current_dir()?.join(".run").join(format!("bench-{}", std::process::id())),
    };
    say(&format!("the programs' logs are in {}", top.display()));
    say(
        "measured from the first message that leaves the queue until the last one, which matters, is stored",
    );
    say(HEAD);
    let (mut pairs, mut differences) = (Vec::new(), Vec::new());
    for &prefetch in &options.prefetch {
        let pair = pair(options, prefetch, &top, &mut differences).await?;
        say(&line(&pair.ours));
        say(&line(&pair.stock));
        say(&format!("{:.1} times as many a second (aim: {AIM:.0})", pair.times));
        pairs.push(pair);
    }
    for difference in &differences {
        say(&format!("mismatch: {difference}"));
    }
    let line = json!({ "version": 1, "aim": AIM, "pairs": pairs, "mismatches": differences });
    writeln!(std::io::stdout(), "{line}").context("print the figures")?;
    Ok(differences.is_empty())
}

async fn pair(
    options: &BenchIntake,
    prefetch: u16,
    top: &Path,
    differences: &mut Vec<String>,
) -> anyhow::Result<Pair> {
    let (mut ours, mut stock) = (Vec::new(), Vec::new());
    for number in 1..=options.repeat {
        let run = folder(top, "ours", prefetch, number)?;
        ours.push(ours::measure(options.messages, prefetch, &run).await.context("ours")?);
        let run = folder(top, "stock", prefetch, number)?;
        stock.push(stock::measure(options.stock_messages, prefetch, &run).await.context("stock")?);
    }
    let told = [("ours", &ours), ("stock", &stock)].into_iter().flat_map(|(consumer, runs)| {
        let found = runs.iter().flat_map(Drained::differences);
        found.map(move |difference| format!("{consumer}, prefetch {prefetch}: {difference}"))
    });
    differences.extend(told);
    let (ours, stock) = (result("ours", prefetch, ours), result("stock", prefetch, stock));
    let times = ours.median.rate() / stock.median.rate();
    Ok(Pair { ours, stock, times })
}

fn result(consumer: &'static str, prefetch: u16, mut runs: Vec<Drained>) -> Result {
    let rates = runs.iter().map(Drained::rate).collect();
    runs.sort_by(|a, b| a.rate().total_cmp(&b.rate()));
    let median = runs.swap_remove(runs.len() / 2);
    Result { consumer, prefetch, median, rates }
}

fn folder(top: &Path, consumer: &str, prefetch: u16, number: u32) -> anyhow::Result<PathBuf> {
    let folder = top.join(format!("{consumer}-{prefetch}-{number}"));
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    Ok(folder)
}

fn line(result: &Result) -> String {
    let Drained { messages, matter, seconds, cpu, peak_mb, .. } = &result.median;
    format!(
        "{:9} {:8} {messages:9} {matter:7} | {seconds:7.2} {:11.0} | {cpu:6.2} {:11.1} | {peak_mb:7.1}",
        result.consumer,
        result.prefetch,
        result.median.rate(),
        cpu * 1e6 / f64::from(*messages),
    )
}

#[cfg(test)]
mod tests;
