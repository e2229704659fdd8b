//! Logs, metrics and the trace context that jobs carry. Does *not* send anything anywhere: logs go to standard error, metrics
//! are read over HTTP.

mod logs;
mod metrics;
mod trace;

pub use logs::{LogFormat, LogsError, start_logs};
pub use metrics::{Described, MetricKind, Metrics, MetricsError, peak_rss_bytes};
pub use trace::{InvalidTraceparent, Traceparent};
