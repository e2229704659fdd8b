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
    /// Measures.
    #[command(subcommand)]
    Bench(Bench),
}

/// What is measured.
#[derive(Clone, Debug, Subcommand)]
pub enum Bench {
    /// One batch of clean packages with instant builds: time, CPU, memory, requests.
    Batch(BenchBatch),
    /// Reading a long `listTagged` reply: time and memory.
    Parse(BenchParse),
    /// What a refresh of configuration and lists costs, and a question to policy.
    Policy(BenchPolicy),
    /// What Rawhide and ELN have is compared at their size: time, calls, memory.
    Reconcile(BenchReconcile),
    /// SIGKILL to the leader with many builds in flight: how soon somebody acts.
    Recovery(BenchRecovery),
    /// A queue full of messages, of which few matter: how many a second the service takes, and the Python library.
    Intake(BenchIntake),
}

/// The loads of `bench batch`: all of these together.
#[derive(Clone, Debug, Args)]
pub struct BenchBatch {
    /// Sizes of the batch.
    #[arg(long, value_delimiter = ',', default_value = "200,2262,5000", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub packages: Vec<u32>,
    /// Numbers of workers; 0: standalone.
    #[arg(long, value_delimiter = ',', default_value = "1,3", value_parser = clap::value_parser!(u16).range(0..=64))]
    pub workers: Vec<u16>,
    /// What each HTTP request takes, in ms.
    #[arg(long, value_delimiter = ',', default_value = "0,50")]
    pub latency: Vec<u64>,
    /// What each inner call of a multiCall takes, in ms; 0 adds no run.
    #[arg(long, value_delimiter = ',', default_value = "0,2")]
    pub inner: Vec<u64>,
    /// Runs of each load; the median is shown.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=25))]
    pub repeat: u32,
    /// Where configuration and logs go; a new folder below `.run` otherwise.
    #[arg(long)]
    pub run_folder: Option<PathBuf>,
}

/// What `bench parse` reads.
#[derive(Clone, Debug, Args)]
pub struct BenchParse {
    /// Rows of the reply.
    #[arg(long, default_value_t = 25_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rows: u32,
    /// Runs; the median is shown.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeat: u32,
}

/// What `bench policy` asks.
#[derive(Clone, Debug, Args)]
pub struct BenchPolicy {
    /// Components.
    #[arg(long, default_value_t = 2262, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub packages: u32,
    /// Patterns that exclude.
    #[arg(long, default_value_t = 68, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub exclude: u32,
    /// Patterns that keep from seeding.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub skip_tag: u32,
    /// Patterns with an order number.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub ordering: u32,
    /// Refreshes; the median is shown.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub repeat: u32,
}

/// What `bench reconcile` compares.
#[derive(Clone, Debug, Args)]
pub struct BenchReconcile {
    /// Components that are wanted.
    #[arg(long, default_value_t = 2262, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub packages: u32,
    /// Packages in Rawhide.
    #[arg(long, default_value_t = 24_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rawhide: u32,
    /// Components that ELN has no build of.
    #[arg(long, default_value_t = 100)]
    pub missing: u32,
    /// Components that ELN has an older build of.
    #[arg(long, default_value_t = 200)]
    pub stale: u32,
    /// Looks; the median is shown.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeat: u32,
    /// Where configuration and logs go; a new folder below `.run` otherwise.
    #[arg(long)]
    pub run_folder: Option<PathBuf>,
}

/// What `bench recovery` kills.
#[derive(Clone, Debug, Args)]
pub struct BenchRecovery {
    /// Builds in flight.
    #[arg(long, default_value_t = 2262, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub packages: u32,
    /// How many workers there are.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub workers: u16,
    /// The leader's lease, in ms; 12,000 otherwise.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1_000..=600_000))]
    pub lease: Option<u64>,
    /// How often each case is measured.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=25))]
    pub repeat: u32,
    /// Where configuration and logs go; a new folder below `.run` otherwise.
    #[arg(long)]
    pub run_folder: Option<PathBuf>,
}

/// What `bench intake` floods.
#[derive(Clone, Debug, Args)]
pub struct BenchIntake {
    /// Messages for the service.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    pub messages: u32,
    /// Messages for the Python library.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    pub stock_messages: u32,
    /// How many messages the broker sends ahead, to both; 10 is what the usual file says.
    #[arg(long, value_delimiter = ',', default_value = "10,1000", value_parser = clap::value_parser!(u16).range(1..))]
    pub prefetch: Vec<u16>,
    /// Runs of each; the median is shown.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=25))]
    pub repeat: u32,
    /// Where configuration and logs go; a new folder below `.run` otherwise.
    #[arg(long)]
    pub run_folder: Option<PathBuf>,
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
    /// A Prometheus on top, with the rules for alerts, and a Grafana where the system has one.
    #[arg(long)]
    pub watch: bool,
    /// Everything locked as in production: Kerberos at Koji and Bodhi, AMQP with a client certificate, TLS and passwords at Redis
    /// and PostgreSQL. The programs must be built with the feature `gssapi`.
    #[arg(long)]
    pub secure: bool,
}
