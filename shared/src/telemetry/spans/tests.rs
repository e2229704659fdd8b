use std::sync::Mutex;

use opentelemetry_sdk::error::OTelSdkError;
use tracing::{Event, field::Visit};
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt as _};

use super::*;

/// Takes spans or not, as it is told.
#[derive(Debug)]
struct Fickle(Mutex<Vec<bool>>);

impl SpanExporter for Fickle {
    async fn export(&self, _batch: Vec<SpanData>) -> OTelSdkResult {
        match self.0.lock().unwrap().pop() {
            Some(true) => Ok(()),
            Some(false) | None => Err(OTelSdkError::InternalFailure("away".to_owned())),
        }
    }
}

/// Keeps what is said.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl Visit for Said {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0.lock().unwrap().push(format!("{value:?}"));
        }
    }
}

impl<S: Subscriber> Layer<S> for Said {
    fn on_event(&self, event: &Event<'_>, _: LayerContext<'_, S>) {
        event.record(&mut self.clone());
    }
}

#[tokio::test]
async fn that_a_collector_is_away_is_said_once_and_once_that_it_is_back() {
    let said = Said::default();
    let _guard =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(said.clone()));
    let answers = Mutex::new(vec![false, true, true, false, false, false, true]);
    let telling = Telling { exporter: Fickle(answers), away: AtomicBool::new(false) };
    for _ in 0..7 {
        let _sent = telling.export(Vec::new()).await;
    }
    let away = "the collector takes no spans: they are lost until it does";
    assert_eq!(*said.0.lock().unwrap(), [away, "the collector takes spans again", away]);
}

#[test]
fn an_endpoint_is_a_base_and_without_one_nothing_is_sent() {
    let traces = |endpoint: &str| {
        Collector::of(Some(endpoint), "ebs").unwrap().map(|collector| collector.traces.to_string())
    };
    assert_eq!(traces("http://127.0.0.1:4318").unwrap(), "http://127.0.0.1:4318/v1/traces");
    assert_eq!(
        traces("https://otel.example.org/x/").unwrap(),
        "https://otel.example.org/x/v1/traces"
    );
    assert_eq!(traces(" "), None);
    assert_eq!(Collector::of(None, "ebs").unwrap(), None);
}

#[test]
fn an_endpoint_that_is_none_or_holds_a_secret_is_refused_without_being_repeated() {
    for wrong in ["localhost:4318", "grpc://collector:4317", "collector"] {
        let refusal = Collector::of(Some(wrong), "ebs").unwrap_err().to_string();
        assert!(refusal.contains("http://127.0.0.1:4318"), "{wrong}: {refusal}");
    }
    let refusal = Collector::of(Some("https://me:geheim@otel.example.org"), "ebs").unwrap_err();
    assert!(refusal.to_string().contains("OTEL_EXPORTER_OTLP_HEADERS"), "{refusal}");
    assert!(!refusal.to_string().contains("geheim"), "{refusal}");
}
