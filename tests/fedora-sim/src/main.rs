//! The simulator as a program.

use std::{io::Write, net::SocketAddr, path::PathBuf};

use anyhow::Context;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// Plays Koji, Bodhi, Content Resolver and datagrepper on one address. Prints one line of JSON with its URL, and that of its control plane, when it is ready;
/// ends on SIGTERM or SIGINT.
#[derive(Debug, Parser)]
struct Arguments {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The script, as JSON; without it everything succeeds at once.
    #[arg(long)]
    script: Option<PathBuf>,
    /// A broker that the messages are published to, such as `amqp://guest:guest@127.0.0.1:5672/%2F`.
    #[arg(long)]
    broker: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let script = match &arguments.script {
        None => fedora_sim::script::Script::default(),
        Some(path) => {
            let text = std::fs::read(path)
                .with_context(|| format!("failed to read {}", path.display()))?;
            serde_json::from_slice(&text)
                .with_context(|| format!("{} is no script", path.display()))?
        }
    };
    let mut terminate = signal(SignalKind::terminate()).context("failed to listen for SIGTERM")?;
    let mut running = fedora_sim::start(script, arguments.listen).await?;
    if let Some(broker) = arguments.broker {
        running.publish_to(broker);
    }
    let ready = serde_json::json!({"url": running.url, "control": running.control});
    writeln!(std::io::stdout(), "{ready}").context("failed to say where it listens")?;
    tokio::select! {
        biased;
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => result.context("failed to listen for SIGINT")?,
    }
    running.stop().await;
    Ok(())
}
