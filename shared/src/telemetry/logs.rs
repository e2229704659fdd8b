//! Setting up the log of a process, and what it says less or more while the process runs.

use std::{
    fmt,
    io::IsTerminal,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::{task::AbortHandle, time::Instant};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    fmt::format::JsonFields,
    layer::SubscriberExt as _,
    reload::{self, Handle},
    util::SubscriberInitExt as _,
};

use super::{
    json::JsonLines,
    spans::{self, Collector, CollectorError},
};

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line, for machines.
    Json,
}

impl FromStr for LogFormat {
    type Err = LogsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(LogsError::Format(other.chars().take(32).collect())),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// The log could not be set up or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogsError {
    /// No such format.
    #[error("`{0}` is no log format: `text` or `json`")]
    Format(String),
    /// The filter cannot be read.
    #[error(
        "`{0}` is no log filter: write a level (error, warn, info, debug, trace, off), or `info,ebs_coordinator::intake=debug`"
    )]
    Filter(String),
    /// Something else has set it up in this process.
    #[error("the log is set up already")]
    Again(#[from] tracing_subscriber::util::TryInitError),
    /// The spans cannot be sent.
    #[error(transparent)]
    Collector(#[from] CollectorError),
    /// There is none any more.
    #[error("the log cannot be changed")]
    Gone(#[from] reload::Error),
}

/// The longest filter, in bytes.
const MAX_FILTER_BYTES: usize = 500;

/// What is logged by this process, and what it is changed to while it runs. Clones change the same.
#[derive(Clone, Debug)]
pub struct LogControl(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    handle: Option<Handle<EnvFilter, Registry>>,
    spans: Option<SdkTracerProvider>,
    usual: String,
    now: Mutex<Now>,
}

/// What is logged now.
#[derive(Debug)]
struct Now {
    filter: String,
    /// When that ends.
    ends: Option<Instant>,
    /// Brings the usual filter back.
    end: Option<AbortHandle>,
}

impl LogControl {
    /// One that logs nothing and remembers what it is told: for where no log was started.
    #[must_use]
    pub fn idle(usual: &str) -> Self {
        Self::new(None, None, usual)
    }

    fn new(
        handle: Option<Handle<EnvFilter, Registry>>,
        spans: Option<SdkTracerProvider>,
        usual: &str,
    ) -> Self {
        let now = Mutex::new(Now { filter: usual.to_owned(), ends: None, end: None });
        Self(Arc::new(Shared { handle, spans, usual: usual.to_owned(), now }))
    }

    /// Sends the last spans, for some seconds at most, when the program ends.
    pub async fn finish(&self) {
        if let Some(provider) = self.0.spans.clone() {
            spans::finish(provider).await;
        }
    }

    /// The filter that the program was started with.
    #[must_use]
    pub fn usual(&self) -> &str {
        &self.0.usual
    }

    /// The filter in use.
    #[must_use]
    pub fn filter(&self) -> String {
        self.0.now.lock().unwrap_or_else(PoisonError::into_inner).filter.clone()
    }

    /// How long it stays in use, if it ends by itself.
    #[must_use]
    pub fn ends_in(&self) -> Option<Duration> {
        let ends = self.0.now.lock().unwrap_or_else(PoisonError::into_inner).ends?;
        Some(ends.saturating_duration_since(Instant::now()))
    }

    /// Whether this can be a filter.
    ///
    /// # Errors
    ///
    /// If it cannot: what can be written.
    pub fn check(filter: &str) -> Result<(), LogsError> {
        read(filter).map(drop)
    }

    /// Logs by this filter from now on; after a while by the usual one again, if a span is given. Needs a runtime then.
    ///
    /// # Errors
    ///
    /// If the filter cannot be read: the one before stays.
    pub fn change(&self, filter: &str, lasts: Option<Duration>) -> Result<(), LogsError> {
        let end = lasts.map(|span| {
            let control = self.clone();
            let ends = async move {
                tokio::time::sleep(span).await;
                if let Err(error) = control.put(control.usual(), None, None) {
                    tracing::error!(%error, "the usual log level does not come back");
                }
            };
            tokio::spawn(ends).abort_handle()
        });
        let put = self.put(filter, lasts.map(|span| Instant::now() + span), end.clone());
        if let (Err(_), Some(end)) = (&put, end) {
            end.abort();
        }
        put
    }

    fn put(
        &self,
        filter: &str,
        ends: Option<Instant>,
        end: Option<AbortHandle>,
    ) -> Result<(), LogsError> {
        let read = read(filter)?;
        let mut now = self.0.now.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = &self.0.handle {
            handle.reload(read)?;
        }
        filter.clone_into(&mut now.filter);
        now.ends = ends;
        let before = std::mem::replace(&mut now.end, end);
        drop(now);
        tracing::warn!(filter, "the log level is changed");
        // Last: it may be the very task that does this.
        if let Some(before) = before {
            before.abort();
        }
        Ok(())
    }
}

/// What `debug` or `trace` alone means: our crates. Libraries below log what nobody wants to read, and some of them headers.
const OURS: [&str; 4] = ["ebs_domain", "ebs_shared", "ebs_worker", "ebs_coordinator"];

/// Reads a filter strictly: what `EnvFilter` takes for the name of a target, such as `inof`, hides everything.
fn read(filter: &str) -> Result<EnvFilter, LogsError> {
    let refused = || LogsError::Filter(filter.chars().take(80).collect());
    if filter.is_empty() || filter.len() > MAX_FILTER_BYTES {
        return Err(refused());
    }
    let known = |directive: &str| {
        directive.contains(['=', ':', '[', '_'])
            || ["error", "warn", "info", "debug", "trace", "off"]
                .iter()
                .any(|level| directive.eq_ignore_ascii_case(level))
    };
    if !filter.split(',').all(|directive| known(directive.trim())) {
        return Err(refused());
    }
    let level = filter.to_ascii_lowercase();
    let whole = match level.as_str() {
        "debug" | "trace" => {
            OURS.iter().fold("info".to_owned(), |whole, ours| format!("{whole},{ours}={level}"))
        }
        _ => filter.to_owned(),
    };
    EnvFilter::try_new(whole).map_err(|_| refused())
}

/// Starts the log of this process, on standard error, and sends its spans to a collector if there is one; that needs a runtime and
/// a TLS provider. `filter` is such as `info,ebs_coordinator::store=debug`.
///
/// # Errors
///
/// If the filter cannot be read, nothing can be sent to the collector, or the log was started before.
pub fn start_logs(
    format: LogFormat,
    filter: &str,
    collector: Option<&Collector>,
) -> Result<LogControl, LogsError> {
    let (filtering, handle) = reload::Layer::new(read(filter)?);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.fmt_fields(JsonFields::new()).event_format(JsonLines).boxed(),
    };
    let provider = collector.map(Collector::provider).transpose()?;
    let spans = provider.as_ref().map(spans::layer);
    tracing_subscriber::registry().with(filtering).with(lines).with(spans).try_init()?;
    Ok(LogControl::new(Some(handle), provider, filter))
}

#[cfg(test)]
mod tests;
