//! The command line.

use clap::Parser;

/// Runs the whole system in virtual time, once for each seed, and looks for what must not be.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 1)]
    pub seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    pub from: u64,
    /// This seed only, with its transcript.
    #[arg(long)]
    pub seed: Option<u64>,
    /// How many seeds are run at once; one for each processor if not given.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Faults that do not happen, by name, separated by commas.
    #[arg(long, value_delimiter = ',')]
    pub without: Vec<String>,
    /// Goes on after a failing seed; without it the first one ends the run.
    #[arg(long)]
    pub keep_going: bool,
    /// Does not make failing runs small.
    #[arg(long)]
    pub no_shrink: bool,
    /// Shows the programs' own logs, as RUST_LOG says.
    #[arg(long)]
    pub logs: bool,
}
