//! What happens to requests on their way, whatever service they are for: latency, outages, lost replies.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;

use crate::{
    chance,
    script::{Loss, Script, Service, Trouble},
    world::World,
};

/// Counts requests, so that each has its own chance.
#[derive(Debug, Default)]
pub struct Traffic {
    seen: AtomicU64,
    /// How many requests there were of each name whose fate is written.
    named: Mutex<BTreeMap<String, usize>>,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It runs and is answered.
    Answered,
    /// It runs at once; the answer is lost.
    RanUnheard,
    /// It runs so much later; there is no answer.
    RunsLate(Duration),
    /// It never runs; there is no answer.
    NeverRuns,
}

impl Traffic {
    /// Waits as long as the script says a request takes, then says what is wrong with the service now, if anything.
    pub async fn arrive(&self, world: &World, service: Service) -> Option<Trouble> {
        let (wait, trouble) = world.read(|state| {
            let wait = state.script.timing.request_ms;
            (wait, trouble(&state.script, service, state.elapsed()))
        });
        if wait > 0 {
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        trouble
    }

    /// Says what becomes of the next request of this name: as it is written, else by chance.
    pub fn fate(&self, script: &Script, name: &str) -> Fate {
        if let Some(losses) = script.faults.lost.get(name) {
            let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
            let count = named.entry(name.to_owned()).or_default();
            *count += 1;
            match losses.get(*count - 1) {
                Some(Loss::Ran) => return Fate::RanUnheard,
                Some(Loss::Late) => {
                    return Fate::RunsLate(Duration::from_millis(script.faults.late_effect_max_ms));
                }
                Some(Loss::Never) => return Fate::NeverRuns,
                None => {}
            }
        }
        let rate = script.faults.lost_reply_rate;
        if rate <= 0.0 {
            return Fate::Answered;
        }
        let number = self.seen.fetch_add(1, Ordering::Relaxed).to_string();
        if !chance::happens(script.seed, &["lost", &number], rate) {
            return Fate::Answered;
        }
        match chance::draw(script.seed, &["fate", &number]) % 3 {
            0 => Fate::RanUnheard,
            1 if script.faults.late_effect_max_ms > 0 => {
                let late = chance::between(
                    script.seed,
                    &["late", &number],
                    1,
                    script.faults.late_effect_max_ms,
                );
                Fate::RunsLate(Duration::from_millis(late))
            }
            _ => Fate::NeverRuns,
        }
    }
}

fn trouble(script: &Script, service: Service, elapsed: i64) -> Option<Trouble> {
    if script.faults.now_service == service
        && let Some(trouble) = script.faults.now
    {
        return Some(trouble);
    }
    let elapsed = u64::try_from(elapsed / 1000).unwrap_or(0);
    let open = |window: &&crate::script::Window| {
        window.service == service && window.from_ms <= elapsed && elapsed < window.until_ms
    };
    script.faults.windows.iter().find(open).map(|window| window.trouble)
}

/// The answer to a request while the service is in trouble. [`Trouble::Offline`] is 503; the hub has its own way of it.
#[must_use]
pub fn in_trouble(trouble: Trouble) -> Response {
    let page = |status: StatusCode| {
        let text = format!(
            "<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n"
        );
        (status, [(header::CONTENT_TYPE, "text/html; charset=iso-8859-1")], text).into_response()
    };
    match trouble {
        Trouble::Cut => cut(),
        Trouble::Http500 => page(StatusCode::INTERNAL_SERVER_ERROR),
        Trouble::Http502 => page(StatusCode::BAD_GATEWAY),
        Trouble::Offline | Trouble::Http503 => page(StatusCode::SERVICE_UNAVAILABLE),
        Trouble::Http504 => page(StatusCode::GATEWAY_TIMEOUT),
        Trouble::Html => page(StatusCode::OK),
    }
}

/// An answer that breaks off: the connection is closed before the body is there.
#[must_use]
pub fn cut() -> Response {
    let broken =
        stream::once(async { Err::<bytes::Bytes, _>(std::io::Error::other("cut on purpose")) });
    let mut response = Response::new(Body::from_stream(broken));
    response.headers_mut().insert(header::CONTENT_LENGTH, http::HeaderValue::from_static("1000"));
    response
}
