//! The coordinator as a program: reads its command line and configuration, and runs until it is told to stop.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{ArgGroup, Parser, builder::NonEmptyStringValueParser};
use ebs_shared::{
    config::source::Link,
    kerberos,
    telemetry::{Collector, LogControl, LogFormat, debug_on_signal, start_logs},
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    app::{self, Setup},
    configuration::Kept,
    reload::Fixed,
};

/// Keeps Fedora ELN in step with Rawhide.
///
/// On SIGHUP the static file is read again: what only the next batch begins with is taken over, the rest is named as needing a
/// restart; the dynamic configuration is read again too. Exit code 128: something a person must mend.
#[derive(Parser)]
#[command(name = "ebs-coordinator", version)]
#[command(group(ArgGroup::new("dynamic").required(true).multiple(false)))]
#[command(after_help = "Examples:
  ebs-coordinator --static-config-file elnbuildsync.yaml --dynamic-config-file dynamic.yaml
  ebs-coordinator --dynamic-config-url https://example.org/config.git#production
  ebs-coordinator --static-config-file one.yaml --dynamic-config-file one.yaml    # the older single file")]
struct Arguments {
    /// The static configuration file.
    #[arg(long, default_value = "/etc/elnbuildsync/static-config/elnbuildsync.yaml")]
    static_config_file: PathBuf,
    /// The dynamic configuration file. Read again as soon as it is another one.
    #[arg(long, value_name = "PATH", group = "dynamic")]
    dynamic_config_file: Option<PathBuf>,
    /// A git repository and a branch, tag or whole commit id of it (`main` if there is none), or the address of a `.yaml` file.
    #[arg(
        long,
        value_name = "LINK#REF",
        group = "dynamic",
        env = "EBS_DYNAMIC_CONFIG_URL",
        hide_env_values = true
    )]
    dynamic_config_url: Option<String>,
    /// Name of the file at the top of the repository, instead of `elnbuildsync_dynamic.yaml` or the older `distrobaker.yaml`.
    #[arg(long, value_name = "NAME", conflicts_with = "dynamic_config_file")]
    dynamic_config_name: Option<String>,
    /// Shadow mode: everything is decided and shown, nothing outside is changed, and what would be built is compared with what
    /// the service of the account `ebs.shadow.account` has built (`ebsctl shadow`). Needs no credentials, and a database of its own.
    #[arg(long)]
    shadow: bool,
    /// Name of this instance, instead of `ebs.instance`: several share one file, and each keeps its name over restarts.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    instance: Option<String>,
    /// What is logged, such as `info`, `debug` or `ebs_coordinator=debug,info`. While it runs, `ebsctl log` changes it; SIGUSR1
    /// means `debug` for 15 minutes, SIGUSR2 this again.
    #[arg(long, default_value = "info")]
    log: String,
    /// Log as JSON, one object a line.
    #[arg(long)]
    log_json: bool,
    /// Where spans are sent as OTLP over HTTP, such as `http://127.0.0.1:4318`; without one they are not sent.
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT", hide_env_values = true)]
    otlp_endpoint: Option<String>,
    /// The name that a collector knows this program by.
    #[arg(long, value_name = "NAME", env = "OTEL_SERVICE_NAME", default_value = "ebs-coordinator")]
    otlp_service_name: String,
}

impl Arguments {
    /// Where the configuration is kept. What is wrong with an address is told without it, for its credentials.
    fn kept(&self) -> anyhow::Result<Kept> {
        let dynamic = match (&self.dynamic_config_file, &self.dynamic_config_url) {
            (Some(path), None) => Link::File(path.clone()),
            (None, Some(url)) => Link::parse(url, self.dynamic_config_name.as_deref())
                .context("--dynamic-config-url cannot be used")?,
            (Some(_), Some(_)) | (None, None) => anyhow::bail!(
                "exactly one of --dynamic-config-file and --dynamic-config-url is expected"
            ),
        };
        let (path, instance) = (self.static_config_file.clone(), self.instance.clone());
        Ok(Kept { fixed: Fixed { path, instance }, dynamic })
    }
}

/// What the program `ebs-coordinator` does.
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
            // As the Python service does, so that what restarts it can tell.
            ExitCode::from(128)
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
    let ended = work(arguments, log.clone()).await;
    log.finish().await;
    ended
}

async fn work(arguments: Arguments, log: LogControl) -> anyhow::Result<()> {
    let kept = arguments.kept()?;
    let mut loaded = kept.fixed.load()?;
    loaded.config.shadow = arguments.shadow;
    for warning in &loaded.warnings {
        tracing::warn!(warning = warning.to_string(), "in the static configuration");
    }
    kerberos::settle(loaded.config.ebs.kerberos.as_ref())?;
    let listen = loaded.config.ebs.http.listen;
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    tracing::info!(address = %listener.local_addr()?, "serving pages");
    // Who rereads the configuration begins to listen later; until then this signal would end the process.
    let _hangup = signal(SignalKind::hangup())?;
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
    // Everything that runs is in it: too large for the stack.
    Box::pin(app::run(Setup { config: loaded.config, kept, listener, log, stop })).await
}
