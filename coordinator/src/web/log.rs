//! What this process logs, over HTTP: shown to anybody, changed with a token, a reason and an entry in the audit. Each instance has
//! a log of its own, so the one that is asked does it, at once; the leader has no part in it.
//!
//! `/loglevel/LEVEL` is as the Python service has it. **Source:** ELNBuildSync 2.1.

use std::time::Duration;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use ebs_domain::{id::RequestId, time::Timestamp};
use ebs_shared::{
    telemetry::{LogControl, LogsError},
    token::Scope,
};
use serde::{Deserialize, Serialize};

use super::{
    change::{fault, refused, unavailable},
    desk::{Desk, MAX_REASON, reason},
    gate::Who,
};

/// The longest that a change may last before it ends by itself: seven days.
const MAX_SPAN: Duration = Duration::from_secs(7 * 24 * 3600);

/// What stands in the audit: the Python service's clients give no reason.
const REASON: &str = "asked by POST /loglevel, which takes no reason";

/// The log of this process.
#[derive(Clone)]
pub struct Logging {
    /// What is logged.
    pub control: LogControl,
    /// The instance's name: others have logs of their own.
    pub instance: String,
}

/// What is answered about the log.
pub(super) fn routes(desk: Desk, log: Logging) -> Router {
    Router::new()
        .route("/api/v1/log", get(show).post(change))
        .route("/loglevel/{level}", get(level).post(change_level))
        .with_state(Counter { desk, log })
}

#[derive(Clone)]
struct Counter {
    desk: Desk,
    log: Logging,
}

/// How the log stands.
#[derive(Serialize)]
struct LogView {
    /// Of which instance.
    instance: String,
    /// What is logged.
    filter: String,
    /// What is logged after a start.
    usual: String,
    /// In how many seconds that is so again; absent if only by a start or another word.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_in_s: Option<u64>,
    /// The number in the audit of the change that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<RequestId>,
}

impl Logging {
    fn view(&self, request: Option<RequestId>) -> LogView {
        LogView {
            instance: self.instance.clone(),
            filter: self.control.filter(),
            usual: self.control.usual().to_owned(),
            ends_in_s: self.control.ends_in().map(|span| span.as_secs()),
            request,
        }
    }
}

/// The body of a request for a change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    reason: String,
    filter: String,
    until: Option<Timestamp>,
}

async fn show(State(counter): State<Counter>) -> Response {
    Json(counter.log.view(None)).into_response()
}

async fn change(State(counter): State<Counter>, headers: HeaderMap, body: Bytes) -> Response {
    let Counter { desk, log } = &counter;
    let who = match desk.admit(&headers, Scope::Operate).await {
        Ok(who) => who,
        Err(refusal) => return refused(refusal),
    };
    let ask = serde_json::from_slice::<Ask>(&body).ok();
    let Some((ask, why)) = ask.and_then(|ask| reason(&ask.reason).map(|why| (ask, why))) else {
        let text = format!(
            "Say what and why: the body is `{{\"filter\": \"debug\", \"reason\": \"…\"}}`, with `until` if it shall end by \
             itself; the reason has 1 to {MAX_REASON} characters in one line."
        );
        return fault(StatusCode::BAD_REQUEST, "bad_body", &text);
    };
    let lasts = ask.until.map(|until| until.since(desk.clock.now()));
    if lasts.is_some_and(|span| span.is_zero() || span > MAX_SPAN) {
        let text = "`until` is a time within the next seven days.";
        return fault(StatusCode::BAD_REQUEST, "bad_until", text);
    }
    match changed(&counter, &who, (&ask.filter, lasts), why).await {
        Ok(request) => Json(log.view(Some(request))).into_response(),
        Err(response) => response,
    }
}

/// Notes it in the audit, and does it.
async fn changed(
    Counter { desk, log }: &Counter,
    who: &Who,
    (filter, lasts): (&str, Option<Duration>),
    why: String,
) -> Result<RequestId, Response> {
    LogControl::check(filter).map_err(|error| bad_filter(&error))?;
    let subject = format!("{} of {}", filter, log.instance);
    let noted = desk.note(who, ("log", &subject), why).await;
    let request = noted.map_err(|error| unavailable(&error))?;
    log.control.change(filter, lasts).map_err(|error| bad_filter(&error))?;
    Ok(request)
}

fn bad_filter(error: &LogsError) -> Response {
    fault(StatusCode::BAD_REQUEST, "bad_filter", &format!("{error}."))
}

/// The Python names of levels that we call otherwise; `None` if it is no level.
fn known(level: &str) -> Option<&'static str> {
    Some(match level.to_ascii_lowercase().as_str() {
        "critical" | "fatal" | "error" => "error",
        "warning" | "warn" => "warn",
        "info" => "info",
        "debug" => "debug",
        "trace" | "notset" => "trace",
        _ => return None,
    })
}

async fn level(State(counter): State<Counter>, Path(level): Path<String>) -> Response {
    let log = &counter.log;
    let mut text = format!("Log level of {}: {}\n", log.instance, log.control.filter());
    if known(&level).is_none() {
        text.push_str("What the address names is no level.\n");
    }
    text.push_str("POST the same address with a token to change it.\n");
    (StatusCode::OK, text).into_response()
}

async fn change_level(
    State(counter): State<Counter>,
    Path(level): Path<String>,
    headers: HeaderMap,
) -> Response {
    let who = match counter.desk.admit(&headers, Scope::Operate).await {
        Ok(who) => who,
        Err(refusal) => return refused(refusal),
    };
    let Some(level) = known(&level) else {
        let text = "This is no level: write critical, error, warning, info, debug or trace.";
        return fault(StatusCode::BAD_REQUEST, "bad_filter", text);
    };
    match changed(&counter, &who, (level, None), REASON.to_owned()).await {
        Ok(_) => {
            let text =
                format!("Log level of {} is {level} until a restart\n", counter.log.instance);
            (StatusCode::OK, text).into_response()
        }
        Err(response) => response,
    }
}

#[cfg(test)]
mod tests;
