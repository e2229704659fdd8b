//! `/metrics` and `/alive`, for the machine itself and what scrapes it. Nothing here changes anything.

use anyhow::Context;
use axum::{Router, extract::State, http::StatusCode, routing::get};
use ebs_shared::listen::{self, Bounds};
use prometheus::{Registry, TextEncoder};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves until it is told to stop.
///
/// # Errors
///
/// If the listener fails.
pub async fn serve(
    listener: TcpListener,
    registry: Registry,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let router = Router::new()
        .route("/alive", get(alive))
        .route("/metrics", get(metrics))
        .with_state(registry);
    listen::serve(listener, router, Bounds::default(), stop).await.context("serve metrics")
}

async fn alive() -> &'static str {
    "alive\n"
}

async fn metrics(State(registry): State<Registry>) -> Result<String, StatusCode> {
    TextEncoder::new().encode_to_string(&registry.gather()).map_err(|error| {
        tracing::error!(%error, "metrics cannot be written");
        StatusCode::INTERNAL_SERVER_ERROR
    })
}
