//! `/metrics` and `/alive`, for the machine itself and what scrapes it. Nothing here changes anything.

use anyhow::Context;
use axum::{
    Router,
    extract::State,
    http::{HeaderName, StatusCode, header},
    routing::get,
};
use ebs_shared::{
    listen::{self, Bounds},
    pulse::Pulse,
    telemetry::Metrics,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What is shown.
#[derive(Clone)]
pub struct Shown {
    /// At `/metrics`.
    pub metrics: Metrics,
    /// Of the claim loop, at `/alive`.
    pub pulse: Pulse,
}

/// Serves until it is told to stop.
///
/// # Errors
///
/// If the listener fails.
pub async fn serve(
    listener: TcpListener,
    shown: Shown,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let router =
        Router::new().route("/alive", get(alive)).route("/metrics", get(metrics)).with_state(shown);
    listen::serve(listener, router, Bounds::default(), stop).await.context("serve metrics")
}

/// A worker whose loop stands still takes no jobs, however well its port answers: it is to be started again.
async fn alive(State(shown): State<Shown>) -> (StatusCode, String) {
    match shown.pulse.silence() {
        None => (StatusCode::OK, "alive\n".to_owned()),
        Some(silence) => {
            let text = format!("the claim loop has stood still for {} s\n", silence.as_secs());
            (StatusCode::SERVICE_UNAVAILABLE, text)
        }
    }
}

async fn metrics(
    State(shown): State<Shown>,
) -> Result<([(HeaderName, &'static str); 1], String), StatusCode> {
    match shown.metrics.render() {
        Ok(text) => Ok(([(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)], text)),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            Err(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

#[cfg(test)]
mod tests;
