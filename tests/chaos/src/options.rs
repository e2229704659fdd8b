//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::fault::Fault;

/// Hurts the whole service on its real engines while it works, and looks whether anything was lost or done twice.
#[derive(Debug, Parser)]
#[command(name = "ebs-chaos")]
pub struct Options {
    /// How long faults are dealt, in minutes; the service then has a few more to come to rest.
    #[arg(long, default_value_t = 10.0)]
    pub minutes: f64,
    /// What all chance is drawn from.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many workers there are.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(2..=64))]
    pub workers: u16,
    /// The kinds of faults, as they are named in the figures, such as `kill_leader,wipe_queue`; all of them otherwise.
    #[arg(long, value_delimiter = ',')]
    pub faults: Vec<Fault>,
    /// How long a service that does not come to rest is left as it is, to be looked at, in seconds.
    #[arg(long)]
    pub wait: Option<u64>,
    /// Where configuration and logs go; a new folder below `.run` otherwise.
    #[arg(long)]
    pub run_folder: Option<PathBuf>,
}
