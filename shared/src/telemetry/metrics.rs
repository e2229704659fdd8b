//! Metrics, in Prometheus' text format.
//!
//! Names are `ebs_<thing>_<unit>_total` and the like; labels come from small fixed sets, never an id or an NVR.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder, core::Collector, process_collector::ProcessCollector,
};

/// A metric could not be made or written: a fault of the program.
#[derive(Debug, thiserror::Error)]
#[error("failed to make or write metric `{name}`")]
pub struct MetricsError {
    name: String,
    #[source]
    source: prometheus::Error,
}

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// A number that only rises while the process lives.
    Counter,
    /// A number that rises and falls.
    Gauge,
    /// Counts below upper bounds.
    Histogram,
}

impl MetricKind {
    /// The word for it, as Prometheus has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric as it was registered: it is one also while it has no value yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: MetricKind,
    /// The names of its labels.
    pub labels: Vec<String>,
    /// What it says.
    pub help: String,
}

/// The metrics of one process. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    described: Arc<Mutex<Vec<Described>>>,
}

impl Metrics {
    /// With the metrics of the process itself (CPU time, memory, open files), and `ebs_build_info`.
    ///
    /// # Errors
    ///
    /// Never in practice: the registry is new.
    pub fn new() -> Result<Self, MetricsError> {
        let metrics = Self { registry: Registry::new(), described: Arc::default() };
        let process = Box::new(ProcessCollector::for_self());
        metrics.registry.register(process).map_err(|source| fault("process", source))?;
        let help = "Always 1; the label says which version of the program this is";
        let info = metrics.gauge("ebs_build_info", help, &["version"])?;
        info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Ok(metrics)
    }

    /// A number that only rises.
    ///
    /// # Errors
    ///
    /// If the name is taken, or not allowed.
    pub fn count(&self, name: &str, help: &str) -> Result<IntCounter, MetricsError> {
        let made = IntCounter::new(name, help).map_err(|source| fault(name, source))?;
        self.register(MetricKind::Counter, (name, help, &[]), made)
    }

    /// A number that only rises, per combination of labels.
    ///
    /// # Errors
    ///
    /// If the name is taken, or not allowed.
    pub fn counter(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, MetricsError> {
        let made = IntCounterVec::new(Opts::new(name, help), labels)
            .map_err(|source| fault(name, source))?;
        self.register(MetricKind::Counter, (name, help, labels), made)
    }

    /// A number that rises and falls.
    ///
    /// # Errors
    ///
    /// If the name is taken, or not allowed.
    pub fn number(&self, name: &str, help: &str) -> Result<IntGauge, MetricsError> {
        let made = IntGauge::new(name, help).map_err(|source| fault(name, source))?;
        self.register(MetricKind::Gauge, (name, help, &[]), made)
    }

    /// A number that rises and falls, per combination of labels.
    ///
    /// # Errors
    ///
    /// If the name is taken, or not allowed.
    pub fn gauge(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntGaugeVec, MetricsError> {
        let made = IntGaugeVec::new(Opts::new(name, help), labels)
            .map_err(|source| fault(name, source))?;
        self.register(MetricKind::Gauge, (name, help, labels), made)
    }

    /// Durations in seconds, counted below each of these bounds, per combination of labels.
    ///
    /// # Errors
    ///
    /// If the name is taken, or not allowed.
    pub fn durations(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        bounds: &[f64],
    ) -> Result<HistogramVec, MetricsError> {
        let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
        let made = HistogramVec::new(options, labels).map_err(|source| fault(name, source))?;
        self.register(MetricKind::Histogram, (name, help, labels), made)
    }

    /// All that were registered, by name, but for those of the process itself.
    #[must_use]
    pub fn described(&self) -> Vec<Described> {
        let mut all = self.described.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// All of them as text, for an answer with [`Metrics::CONTENT_TYPE`].
    ///
    /// # Errors
    ///
    /// If one of them is inconsistent.
    pub fn render(&self) -> Result<String, MetricsError> {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut text)
            .map_err(|source| fault("all", source))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// The media type of [`Metrics::render`].
    pub const CONTENT_TYPE: &'static str = prometheus::TEXT_FORMAT;

    fn register<C: Collector + Clone + 'static>(
        &self,
        kind: MetricKind,
        (name, help, labels): (&str, &str, &[&str]),
        collector: C,
    ) -> Result<C, MetricsError> {
        self.registry
            .register(Box::new(collector.clone()))
            .map_err(|source| fault(name, source))?;
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        let described = Described { name: name.to_owned(), kind, labels, help: help.to_owned() };
        self.described.lock().unwrap_or_else(PoisonError::into_inner).push(described);
        Ok(collector)
    }
}

fn fault(name: &str, source: prometheus::Error) -> MetricsError {
    MetricsError { name: name.to_owned(), source }
}

/// The most memory this process has had resident so far, in bytes; `None` where the system does not tell.
///
/// Source: `VmHWM` of proc(5).
#[must_use]
pub fn peak_rss_bytes() -> Option<u64> {
    std::fs::read_to_string("/proc/self/status").ok().as_deref().and_then(peak_in)
}

fn peak_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests;
