//! The coordinator as a program: reads its command line and configuration, and runs until it is told to stop.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Parser;
use ebs_coordinator::app::{self, Setup};
use ebs_shared::{
    config::load_static,
    telemetry::{LogFormat, start_logs},
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Keeps Fedora ELN in step with Rawhide.
#[derive(Parser)]
#[command(name = "ebs-coordinator", version)]
struct Arguments {
    /// The static configuration file.
    #[arg(long, default_value = "/etc/elnbuildsync/static-config/elnbuildsync.yaml")]
    static_config_file: PathBuf,
    /// The dynamic configuration file.
    #[arg(long)]
    dynamic_config_file: PathBuf,
    /// What is logged, such as `info` or `ebs_coordinator=debug,info`.
    #[arg(long, default_value = "info")]
    log: String,
    /// Log as JSON, one object a line.
    #[arg(long)]
    log_json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "ended");
            // As the Python service does, so that what restarts it can tell.
            ExitCode::from(128)
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    start_logs(if arguments.log_json { LogFormat::Json } else { LogFormat::Text }, &arguments.log)?;
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        anyhow::bail!("a TLS provider is installed already");
    }
    let loaded = load_static(&arguments.static_config_file)?;
    for warning in &loaded.warnings {
        tracing::warn!(warning = warning.to_string(), "in the static configuration");
    }
    let listen = loaded.config.ebs.http.listen;
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    tracing::info!(address = %listener.local_addr()?, "serving pages");
    let stop = CancellationToken::new();
    let (mut term, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            biased;
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to stop");
        told.cancel();
    });
    app::run(Setup {
        config: loaded.config,
        dynamic: arguments.dynamic_config_file,
        listener,
        stop,
    })
    .await
}
