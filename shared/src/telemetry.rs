//! Logs, metrics and the trace context that jobs carry. Does *not* send anything anywhere: logs go to standard error, metrics
//! are read over HTTP.

mod json;
mod logs;
mod metrics;
mod roots;
mod signals;
mod trace;

pub use logs::{LogControl, LogFormat, LogsError, start_logs};
pub use metrics::{Described, MetricKind, Metrics, MetricsError, peak_rss_bytes};
pub use roots::{TraceId, TraceRoot, within};
pub use signals::{DEBUG_SPAN, debug_on_signal};
pub use trace::{InvalidTraceparent, Traceparent};
