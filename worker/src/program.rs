//! A worker as a program: from its configuration to its parts.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::Parser;
use ebs_shared::{
    clients::{self, Means},
    clock::{Chance, System},
    config::{StaticConfig, load_static},
    credentials::{self, Vigil},
    exchange::{Exchange, HttpExchange},
    kerberos::{self, Kerberos},
    queue::{RedisConsumer, RedisSettings},
    telemetry::{Collector, LogFormat, Metrics, debug_on_signal, start_logs},
};

use crate::{ProgramMetrics, WorkerParts, WorkerSettings, host};

/// Does the jobs of an ELNBuildSync coordinator.
#[derive(Debug, Parser)]
#[command(name = "ebs-worker", version)]
struct Arguments {
    /// The static configuration file, the coordinator's.
    #[arg(long, default_value = "/etc/elnbuildsync/static-config/elnbuildsync.yaml")]
    config: PathBuf,
    /// What the worker is called; what makes it unique is added. Default: `worker`.
    #[arg(long, default_value = "worker")]
    name: String,
    /// What is logged, such as `info`, `debug` or `ebs_worker=debug,info`. While it runs, SIGUSR1 means `debug` for 15 minutes,
    /// SIGUSR2 this again.
    #[arg(long, default_value = "info")]
    log: String,
    /// Log as JSON, one object a line.
    #[arg(long)]
    log_json: bool,
    /// Where spans are sent as OTLP over HTTP, such as `http://127.0.0.1:4318`; without one they are not sent.
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT", hide_env_values = true)]
    otlp_endpoint: Option<String>,
    /// The name that a collector knows this program by.
    #[arg(long, value_name = "NAME", env = "OTEL_SERVICE_NAME", default_value = "ebs-worker")]
    otlp_service_name: String,
}

/// What the program `ebs-worker` does: works until it is told to stop.
///
/// # Panics
///
/// The system gives no thread to work in, or none of what waiting needs.
#[tokio::main]
pub async fn program() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "ended");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        anyhow::bail!("a TLS provider is installed already");
    }
    let format = if arguments.log_json { LogFormat::Json } else { LogFormat::Text };
    let collector =
        Collector::of(arguments.otlp_endpoint.as_deref(), &arguments.otlp_service_name)?;
    let log = start_logs(format, &arguments.log, collector.as_ref())?;
    debug_on_signal(&log)?;
    let ended = work(arguments).await;
    log.finish().await;
    ended
}

async fn work(arguments: Arguments) -> anyhow::Result<()> {
    let loaded = load_static(&arguments.config)?;
    for warning in &loaded.warnings {
        tracing::warn!(warning = warning.to_string(), "in the static configuration");
    }
    kerberos::settle(loaded.config.ebs.kerberos.as_ref())?;
    let metrics = Metrics::new()?;
    let measured = ProgramMetrics::register(&metrics)?;
    // Names are new with each start, or what an earlier process held looks alive.
    let name = format!("{}-{}", arguments.name, System.uuid().simple());
    let ticket = clients::kerberos(&loaded.config);
    let parts = parts(&loaded.config, &name, (&measured, ticket.as_ref()))?;
    tracing::info!(worker = name, jobs.slots = parts.settings.slots, "taking jobs");
    let sources = credentials::of_worker(&loaded.config);
    let vigil = Vigil::new(sources, Arc::new(System), measured.credentials).with_ticket(ticket);
    host(parts, vigil, metrics, loaded.config.ebs.worker.metrics_listen).await
}

fn parts(
    config: &StaticConfig,
    name: &str,
    (measured, kerberos): (&ProgramMetrics, Option<&Kerberos>),
) -> anyhow::Result<WorkerParts> {
    let redis = config.ebs.redis.as_ref().context("a worker of its own needs `ebs.redis`")?;
    let queue = RedisSettings::of(redis, config.ebs.timers.job_lease);
    let exchange: Arc<dyn Exchange> = Arc::new(HttpExchange::new()?);
    let means = Means { exchange: &exchange, kerberos };
    let settings = WorkerSettings::of(name, config);
    Ok(WorkerParts {
        consumer: Arc::new(RedisConsumer::new(&queue, name)?),
        hub: Arc::new(clients::hub(&means, config, measured.koji.clone())),
        updates: Arc::new(clients::bodhi(&means, config, measured.bodhi.clone())),
        clock: Arc::new(System),
        chance: Arc::new(System),
        metrics: measured.worker.clone(),
        pulse: settings.pulse(),
        settings,
    })
}
