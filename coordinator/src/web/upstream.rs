//! `POST /trigger` as clients of the Python service ask it: a JSON list of names, answered in plain text.
//!
//! Source: ELNBuildSync 2.1; its answers' codes are kept, and that what is built already is built again while the deny list
//! holds. The text says besides what is not built and why. Other than there, what is built is always Rawhide's latest.

use std::fmt::Write as _;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use ebs_shared::token::Scope;

use super::{
    change::{asked_for, fault, refused},
    desk::Desk,
    triggers::{Counter, line, unknown},
};
use crate::{
    manual::{Asking, MAX_NAMES, Verdict},
    wish::{SetAside, Wish},
};

/// What stands in the audit: the Python service's clients give no reason.
const REASON: &str = "asked by POST /trigger, which takes no reason";

/// What the Python service sets aside: it asks no stable tag, and its deny list stands above everybody.
const PAST: SetAside = SetAside { denied: false, built: true };

/// What is answered at `/trigger`.
pub(super) fn routes(desk: Desk, asking: Asking) -> Router {
    Router::new().route("/trigger", post(trigger)).with_state(Counter { desk, asking })
}

async fn trigger(State(counter): State<Counter>, headers: HeaderMap, body: Bytes) -> Response {
    let Counter { desk, asking } = &counter;
    let who = match desk.admit(&headers, Scope::Operate).await {
        Ok(who) => who,
        Err(refusal) => return refused(refusal),
    };
    if asking.board.in_use().is_none() {
        let text = "The configuration has not been read yet: ask again later.";
        return fault(StatusCode::SERVICE_UNAVAILABLE, "no_configuration", text);
    }
    if !is_json(&headers) {
        let text = "The body is JSON: say `Content-Type: application/json`.";
        return fault(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", text);
    }
    let Ok(names) = serde_json::from_slice::<Vec<String>>(&body) else {
        let text = "The body is a JSON list of names, such as `[\"bash\", \"sed\"]`.";
        return fault(StatusCode::BAD_REQUEST, "bad_body", text);
    };
    if names.len() > MAX_NAMES {
        let text = format!("{} names are asked for: at most {MAX_NAMES} are taken.", names.len());
        return fault(StatusCode::BAD_REQUEST, "bad_names", &text);
    }
    let verdicts = match asking.judge(&names, PAST).await {
        Ok(verdicts) => verdicts,
        Err(error) => return unknown(&error),
    };
    let builds: Vec<_> = verdicts.iter().filter_map(|verdict| verdict.build.clone()).collect();
    if !builds.is_empty() {
        let wish = Wish::Trigger {
            what: line(names.iter().cloned()),
            builds,
            force: PAST.denied,
            again: PAST.built,
        };
        if let Err(response) = asked_for(desk, &headers, Some(REASON), wish).await {
            return response;
        }
    }
    (StatusCode::OK, told(&who.to_string(), verdicts)).into_response()
}

/// Who asks, what is built, by name, and then what is not and why.
fn told(who: &str, mut verdicts: Vec<Verdict>) -> String {
    verdicts.sort_by(|one, other| one.asked.cmp(&other.asked));
    let (built, left): (Vec<_>, Vec<_>) = verdicts.into_iter().partition(|verdict| verdict.will);
    let names: Vec<&str> = built.iter().map(|verdict| verdict.asked.as_str()).collect();
    let mut text = format!("User: {who}\nTriggered: {}\n", names.join(", "));
    for Verdict { asked, why, .. } in left {
        // A text takes whatever is written to it.
        let _infallible = writeln!(text, "Not triggered: {asked}: {why}");
    }
    text
}

/// Whether the media type is JSON, whatever its parameters and case.
fn is_json(headers: &HeaderMap) -> bool {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let named = named.and_then(|value| value.split(';').next());
    named.is_some_and(|named| named.trim().eq_ignore_ascii_case("application/json"))
}
