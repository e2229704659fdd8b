//! A worker as a process: its signals, its listener, its end.

use std::net::SocketAddr;

use anyhow::Context;
use ebs_shared::{credentials::Vigil, telemetry::Metrics};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use crate::{Shown, WorkerParts, run, serve};

/// Works, looks at credentials, and serves metrics if there is an address for them, until SIGTERM or SIGINT; then finishes or hands back what is held.
///
/// # Errors
///
/// If the address cannot be listened on, or serving fails while the worker works.
pub async fn host(
    parts: WorkerParts,
    vigil: Vigil,
    metrics: Metrics,
    listen: Option<SocketAddr>,
) -> anyhow::Result<()> {
    let pulse = parts.pulse.clone();
    let (stop, ended) = (stop_on_signal()?, CancellationToken::new());
    let listener = match listen {
        Some(address) => {
            Some(TcpListener::bind(address).await.with_context(|| format!("listen on {address}"))?)
        }
        None => None,
    };
    let serving = async {
        let Some(listener) = listener else { return Ok(()) };
        let served = serve(listener, Shown { metrics, pulse }, ended.clone()).await;
        // Without it nobody sees the worker: it stops as well.
        stop.cancel();
        served
    };
    let working = async {
        run(parts, stop.clone()).await;
        ended.cancel();
    };
    let (served, (), ()) = tokio::join!(serving, working, vigil.run(ended.clone()));
    served
}

/// A token that the first SIGTERM or SIGINT cancels.
fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let token = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            biased;
            _ = terminate.recv() => tracing::info!("told to stop by SIGTERM"),
            _ = interrupt.recv() => tracing::info!("told to stop by SIGINT"),
        }
        token.cancel();
    });
    Ok(stop)
}
