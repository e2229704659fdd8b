//! Logs, metrics and the trace context that jobs carry. Logs go to standard error, metrics are read over HTTP;
//! spans are sent to a collector if there is one.

mod json;
mod logs;
mod metrics;
mod roots;
mod signals;
mod spans;
mod trace;

pub use logs::{LogControl, LogFormat, LogsError, start_logs};
pub use metrics::{Described, MetricKind, Metrics, MetricsError, peak_rss_bytes};
pub use roots::{TraceId, TraceRoot};
pub use signals::{DEBUG_SPAN, debug_on_signal};
pub use spans::{Collector, CollectorError, within};
pub use trace::{InvalidTraceparent, Traceparent};
