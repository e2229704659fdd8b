//! The simulation as a program.

use std::{collections::BTreeSet, io::Write, process::ExitCode};

use clap::Parser as _;
use ebs_simulation::{
    arguments::Arguments,
    run::{Options, Outcome, run},
    shrink::shrink,
    sweep::{Sweep, sweep},
};

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    if arguments.logs {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stdout)
            .without_time()
            .init();
    }
    let out = &mut std::io::stdout().lock();
    let without: BTreeSet<String> = arguments.without.iter().cloned().collect();
    if let Some(seed) = arguments.seed {
        let options = Options { seed, without, away: None };
        let outcome = run(&options)?;
        tell(out, &options, &outcome)?;
        return Ok(verdict(outcome.broken.is_empty()));
    }
    let asked = Sweep {
        seeds: arguments.from..arguments.from.saturating_add(arguments.seeds),
        without,
        threads: arguments.threads.unwrap_or_else(processors),
        keep_going: arguments.keep_going,
    };
    let swept = sweep(&asked)?;
    let most = if arguments.keep_going { usize::MAX } else { 1 };
    for (seed, outcome) in swept.failed.iter().take(most) {
        let options = Options { seed: *seed, without: asked.without.clone(), away: None };
        let shown = if arguments.no_shrink {
            (options, outcome.clone())
        } else {
            shrink(&options, outcome.clone())?
        };
        tell(out, &shown.0, &shown.1)?;
    }
    writeln!(out, "{swept}")?;
    Ok(verdict(swept.failed.is_empty()))
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn verdict(well: bool) -> ExitCode {
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(out: &mut impl Write, options: &Options, outcome: &Outcome) -> std::io::Result<()> {
    for line in &outcome.lines {
        writeln!(out, "{line}")?;
    }
    let faults = outcome.faults.join(" ");
    writeln!(out, "seed {}: {} faults: {faults}", options.seed, outcome.faults.len())?;
    for broken in &outcome.broken {
        writeln!(out, "BROKEN {broken}")?;
    }
    let without: Vec<&str> = options.without.iter().map(String::as_str).collect();
    if !without.is_empty() {
        let without = without.join(",");
        writeln!(out, "again: ./dev simulate --seed {} --without {without}", options.seed)?;
    }
    Ok(())
}
