//! `ebsctl pause`, `ebsctl unpause` and `ebsctl refresh`.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::Args;
use ebs_shared::config::span;

use crate::client::Change;

/// What a pause is asked for with.
#[derive(Args, Clone, Debug)]
pub(crate) struct Pause {
    /// Why; it is shown on the page, and stands in the audit.
    #[arg(long)]
    reason: String,
    /// For how long, such as `90m`, `24h` or `3d`. Without this and `--until`, until somebody says `ebsctl unpause`.
    #[arg(long, value_name = "SPAN", conflicts_with = "until")]
    r#for: Option<String>,
    /// Until when, RFC 3339, such as `2026-12-01T08:00:00Z`.
    #[arg(long, value_name = "TIME")]
    until: Option<DateTime<Utc>>,
}

/// What is asked for with a reason alone.
#[derive(Args, Clone, Debug)]
pub(crate) struct Because {
    /// Why; it stands in the audit.
    #[arg(long)]
    reason: String,
}

impl Pause {
    /// The change that is asked for; `now` in ms since the Unix epoch.
    pub(crate) fn change(&self, now: i64) -> anyhow::Result<Change<'static>> {
        let of_span = self.r#for.as_deref().map(|text| until(text, now));
        let until = of_span.transpose()?.or(self.until.map(|until| until.timestamp_millis()));
        let body = serde_json::json!({ "reason": self.reason, "until": until });
        Ok(Change { place: vec!["api", "v1", "pause"], body })
    }
}

/// The end of a span, such as `90m`, that begins now; both in ms since the Unix epoch.
pub(crate) fn until(text: &str, now: i64) -> anyhow::Result<i64> {
    let span = span(text).and_then(|span| i64::try_from(span.as_millis()).ok());
    let millis =
        span.with_context(|| format!("`{text}` is no span: write `90m`, `24h` or `3d`"))?;
    Ok(now.saturating_add(millis))
}

impl Because {
    /// The change that is asked for, such as `unpause`.
    pub(crate) fn change(&self, what: &'static str) -> Change<'static> {
        let body = serde_json::json!({ "reason": self.reason });
        Change { place: vec!["api", "v1", what], body }
    }
}
