//! The simulation as a program.

use std::{collections::BTreeSet, io::Write, process::ExitCode, time::Duration};

use clap::Parser as _;
use ebs_simulation::{
    arguments::Arguments,
    run::{Options, Outcome, run},
    shrink::shrink,
};

/// Sums over all seeds.
#[derive(Default)]
struct Sums {
    calls: u64,
    faults: usize,
    batches: usize,
    builds: usize,
    span: Duration,
    failed: Vec<u64>,
}

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
    let (from, count) = arguments.seed.map_or((arguments.from, arguments.seeds), |seed| (seed, 1));
    let without: BTreeSet<String> = arguments.without.iter().cloned().collect();
    let begun = tokio::time::Instant::now();
    let mut sums = Sums::default();
    for seed in from..from.saturating_add(count) {
        let options = Options { seed, without: without.clone() };
        let outcome = run(&options)?;
        sums.add(seed, &outcome);
        if arguments.seed.is_some() {
            tell(out, &options, &outcome)?;
        } else if !outcome.broken.is_empty() {
            let shown =
                if arguments.no_shrink { (options, outcome) } else { shrink(&options, outcome)? };
            tell(out, &shown.0, &shown.1)?;
        }
        if !sums.failed.is_empty() && !arguments.keep_going {
            break;
        }
    }
    sums.tell(out, begun.elapsed())?;
    Ok(if sums.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(out: &mut impl Write, options: &Options, outcome: &Outcome) -> std::io::Result<()> {
    for line in &outcome.lines {
        writeln!(out, "{line}")?;
    }
    writeln!(
        out,
        "seed {}: {} faults: {}",
        options.seed,
        outcome.faults.len(),
        outcome.faults.join(" ")
    )?;
    for broken in &outcome.broken {
        writeln!(out, "BROKEN {broken}")?;
    }
    let without: Vec<&str> = options.without.iter().map(String::as_str).collect();
    if !without.is_empty() {
        writeln!(
            out,
            "again: ./dev simulate --seed {} --without {}",
            options.seed,
            without.join(",")
        )?;
    }
    Ok(())
}

impl Sums {
    fn add(&mut self, seed: u64, outcome: &Outcome) {
        self.calls += outcome.calls;
        self.faults += outcome.faults.len();
        self.batches += outcome.batches;
        self.builds += outcome.builds;
        self.span += outcome.span;
        if !outcome.broken.is_empty() {
            self.failed.push(seed);
        }
    }

    fn tell(&self, out: &mut impl Write, took: Duration) -> std::io::Result<()> {
        let each_second = |number: u64| number as f64 / took.as_secs_f64().max(0.001);
        writeln!(
            out,
            "{} batches, {} builds, {} calls ({:.0}/s), {} faults, {} h of virtual time in {:.1} s; failed seeds: {:?}",
            self.batches,
            self.builds,
            self.calls,
            each_second(self.calls),
            self.faults,
            self.span.as_secs() / 3600,
            took.as_secs_f64(),
            self.failed
        )
    }
}
