//! Spans of this process sent to a collector: OTLP over HTTP, as protobuf. Off unless an endpoint is given.
//!
//! The queue is bounded (2,048 spans; `OTEL_BSP_MAX_QUEUE_SIZE`), what does not fit is dropped, and nobody waits for a collector.
//! Only our own spans are sent: the exporter would trace itself otherwise.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use opentelemetry::{
    Context,
    trace::{
        SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
        TracerProvider as _,
    },
};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    runtime::Tokio,
    trace::{
        SdkTracerProvider, SpanData, SpanExporter,
        span_processor_with_async_runtime::BatchSpanProcessor,
    },
};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};
use url::Url;

use super::Traceparent;

/// The longest that one sending takes.
const SEND_LIMIT: Duration = Duration::from_secs(10);

/// The longest that the last sending takes when the program ends.
const END_LIMIT: Duration = Duration::from_secs(3);

/// What is below the endpoint. Source: OpenTelemetry Protocol Exporter, "Endpoint URLs for OTLP/HTTP".
const TRACES: &str = "v1/traces";

/// The spans cannot be sent anywhere: the address is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectorError {
    /// It cannot be read.
    #[error(
        "the collector's endpoint is no `http` or `https` address, such as `http://127.0.0.1:4318`"
    )]
    Address,
    /// It would be in errors that are logged.
    #[error(
        "the collector's endpoint has a user or password in it: give them by `OTEL_EXPORTER_OTLP_HEADERS`"
    )]
    Credentials,
    /// The client cannot be made.
    #[error("the spans cannot be sent")]
    Client(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

/// Where spans are sent, and under which name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector {
    traces: Url,
    service: String,
}

impl Collector {
    /// The collector at this endpoint; none if there is no endpoint, or an empty one.
    ///
    /// # Errors
    ///
    /// If the endpoint cannot be used.
    pub fn of(endpoint: Option<&str>, service: &str) -> Result<Option<Self>, CollectorError> {
        let Some(endpoint) = endpoint.map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let mut traces: Url = endpoint.parse().map_err(|_| CollectorError::Address)?;
        if !["http", "https"].contains(&traces.scheme()) || !traces.has_host() {
            return Err(CollectorError::Address);
        }
        if !traces.username().is_empty() || traces.password().is_some() {
            return Err(CollectorError::Credentials);
        }
        traces.set_path(&format!("{}/{TRACES}", traces.path().trim_end_matches('/')));
        Ok(Some(Self { traces, service: service.to_owned() }))
    }

    /// What sends the spans. Needs a runtime.
    pub(super) fn provider(&self) -> Result<SdkTracerProvider, CollectorError> {
        let lost = |error: Box<dyn std::error::Error + Send + Sync>| {
            CollectorError::Client(Arc::from(error))
        };
        let client = reqwest::Client::builder().timeout(SEND_LIMIT).build();
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(client.map_err(|error| lost(error.into()))?)
            .with_endpoint(self.traces.as_str())
            .with_timeout(SEND_LIMIT)
            .build()
            .map_err(|error| lost(error.into()))?;
        let exporter = Telling { exporter, away: AtomicBool::new(false) };
        let resource = Resource::builder().with_service_name(self.service.clone()).build();
        let processor = BatchSpanProcessor::builder(exporter, Tokio).build();
        let provider = SdkTracerProvider::builder().with_resource(resource);
        Ok(provider.with_span_processor(processor).build())
    }
}

/// The layer that makes spans of ours for a provider.
pub(super) fn layer<S>(provider: &SdkTracerProvider) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("ebs"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(|metadata| metadata.target().starts_with("ebs_")))
        .boxed()
}

/// Sends what is left, within [`END_LIMIT`].
pub(super) async fn finish(provider: SdkTracerProvider) {
    let last = tokio::task::spawn_blocking(move || provider.shutdown());
    // Whoever does not hear of the last spans has been told of the first that were lost.
    let _late = tokio::time::timeout(END_LIMIT, last).await;
}

/// The span as a part of this trace, also for a collector if there is one.
#[must_use]
pub fn within(span: Span, parent: Traceparent) -> Span {
    let (trace, id) = (TraceId::from(parent.trace()), SpanId::from(parent.span()));
    let parent = SpanContext::new(trace, id, TraceFlags::SAMPLED, true, TraceState::default());
    // Without a collector there is nobody who wants to know.
    let _unheard = span.set_parent(Context::new().with_remote_span_context(parent));
    span
}

/// Says once that a collector is away, and once that it is back.
#[derive(Debug)]
struct Telling<E> {
    exporter: E,
    away: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Telling<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let sent = self.exporter.export(batch).await;
        let was_away = self.away.swap(sent.is_err(), Ordering::Relaxed);
        match &sent {
            Err(error) if !was_away => {
                tracing::warn!(spans, %error, "the collector takes no spans: they are lost until it does");
            }
            Ok(()) if was_away => tracing::info!("the collector takes spans again"),
            Ok(()) | Err(_) => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, limit: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(limit)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests;
