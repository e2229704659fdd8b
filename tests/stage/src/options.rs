//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Puts the whole service on stage beside a simulated Fedora.
#[derive(Debug, Parser)]
#[command(name = "ebs-stage")]
pub struct Options {
    /// How the service runs.
    #[command(subcommand)]
    pub mode: Mode,
}

/// How the service runs.
#[derive(Debug, Subcommand)]
pub enum Mode {
    /// One process: SQLite, queue in memory.
    Demo(Play),
    /// Several: RabbitMQ, Redis, PostgreSQL, a standby, workers.
    Stack(Stack),
}

/// What is played.
#[derive(Clone, Debug, Args)]
pub struct Play {
    /// Plays one batch, prints its figures and ends.
    #[arg(long)]
    pub once: bool,
    /// How many packages the batch has.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub packages: u32,
    /// What all chance is drawn from.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The scenario of `--once`.
    #[arg(long, default_value = "mixed")]
    pub scenario: String,
    /// The page's port; with `--once` any free one, unless it is given.
    #[arg(long)]
    pub port: Option<u16>,
    /// Where configuration and logs go; a new folder below `.run` otherwise.
    #[arg(long)]
    pub run_folder: Option<PathBuf>,
    /// Longest time that a run of `--once` may take, in seconds.
    #[arg(long, default_value_t = 300)]
    pub time_limit: u64,
}

/// What is played, and on how many workers.
#[derive(Clone, Debug, Args)]
pub struct Stack {
    /// What is played.
    #[command(flatten)]
    pub play: Play,
    /// How many workers there are.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub workers: u16,
}
