//! Metrics, in Prometheus' text format.
//!
//! Names are `ebs_<thing>_<unit>_total` and the like; labels come from small fixed sets, never an id or an NVR.

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
    core::Collector, process_collector::ProcessCollector,
};

/// Upper bounds for durations of outside calls, in seconds: from a read on the same machine to a front-end's time limit.
pub const SECONDS: [f64; 12] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

/// A metric could not be made or written: a fault of the program.
#[derive(Debug, thiserror::Error)]
#[error("failed to make or write metric `{name}`")]
pub struct MetricsError {
    name: String,
    #[source]
    source: prometheus::Error,
}

/// The metrics of one process. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
}

impl Metrics {
    /// With the metrics of the process itself (CPU time, memory, open files).
    ///
    /// # Errors
    ///
    /// Never in practice: the registry is new.
    pub fn new() -> Result<Self, MetricsError> {
        let metrics = Self { registry: Registry::new() };
        let process = Box::new(ProcessCollector::for_self());
        metrics.registry.register(process).map_err(|source| fault("process", source))?;
        Ok(metrics)
    }

    /// Where clients register metrics of their own.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
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
        self.register(name, made)
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
        self.register(name, made)
    }

    /// Durations in seconds, counted below each of [`SECONDS`], per combination of labels.
    ///
    /// # Errors
    ///
    /// If the name is taken, or not allowed.
    pub fn durations(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<HistogramVec, MetricsError> {
        let options = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
        let made = HistogramVec::new(options, labels).map_err(|source| fault(name, source))?;
        self.register(name, made)
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
        name: &str,
        collector: C,
    ) -> Result<C, MetricsError> {
        self.registry
            .register(Box::new(collector.clone()))
            .map_err(|source| fault(name, source))?;
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
