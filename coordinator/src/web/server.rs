//! The HTTP server: which address answers what, with which headers and limits. What people ask there stands in `api`.

use std::{io, sync::Arc, time::Duration};

use askama::Template;
use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use ebs_shared::{
    listen::{self, Bounds},
    telemetry::Metrics,
};
use serde::Serialize;
use tokio::{net::TcpListener, sync::Mutex, time::Instant};
use tokio_util::sync::CancellationToken;
use tower_http::{
    catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer, set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
};

use super::{
    Condition, Desk, Health, Logging, Need, Overview, Pages, Visit, Witness, api, components,
    conditions_now, control, greeting, import, log, login,
    page::{Asked, Page, Unavailable, Visitor},
    triggers, upstream,
    visit::visit,
};
use crate::{
    manual::Asking,
    store::{Store, StoreError},
};

/// The longest that answering takes: Bodhi and Koji may be asked for one answer, and then the leader.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// The longest body of a request, in bytes: the longest is a list of names.
const BODY_LIMIT_BYTES: usize = 64 * 1024;
/// How long an overview is shown before the next one is made, however many people look.
const SNAPSHOT_AGE: Duration = Duration::from_secs(1);

/// Headers of every answer.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// What the server shows.
#[derive(Clone)]
pub struct Served {
    /// How this process is.
    pub health: Health,
    /// Asked whether it answers, for `/ready`.
    pub store: Arc<dyn Store>,
    /// Asked for the overview.
    pub pages: Arc<dyn Pages>,
    /// Shown at `/metrics`.
    pub metrics: Metrics,
    /// Where people ask for changes.
    pub desk: Desk,
    /// What this process logs.
    pub log: Logging,
    /// Asked about components.
    pub witness: Witness,
    /// Asked what becomes of names that are to be built.
    pub asking: Asking,
}

#[derive(Clone)]
struct Site {
    served: Served,
    last: Arc<Mutex<Option<Made>>>,
}

/// An overview and when it was made.
type Made = (Instant, Arc<Overview>);

impl Site {
    /// The overview, at most [`SNAPSHOT_AGE`] old. Whoever comes while it is made waits for it.
    async fn overview(&self) -> Result<Arc<Overview>, StoreError> {
        let mut last = self.last.lock().await;
        if let Some((made, overview)) = last.as_ref()
            && made.elapsed() < SNAPSHOT_AGE
        {
            return Ok(Arc::clone(overview));
        }
        let overview = Arc::new(self.served.pages.snapshot().await?);
        *last = Some((Instant::now(), Arc::clone(&overview)));
        Ok(overview)
    }
}

/// What is answered at which address.
pub fn router(served: Served) -> Router {
    let asked = api::routes(served.desk.clone());
    let components = components::routes(served.witness.clone());
    let triggers = triggers::routes(served.desk.clone(), served.asking.clone());
    let import = import::routes(served.desk.clone(), served.asking.clone());
    let log = log::routes(served.desk.clone(), served.log.clone());
    let trigger = upstream::routes(served.desk.clone(), served.asking.clone());
    let control = control::routes(served.desk.clone(), served.asking.clone());
    let people = login::routes(served.desk.clone()).merge(greeting::routes(served.desk.clone()));
    let router = Router::new()
        .route("/", get(page))
        .route("/status.json", get(status))
        .route("/alive", get(alive))
        .route("/startup", get(startup))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route(
            "/page.css",
            get(|| file("text/css; charset=utf-8", include_str!("../../static/page.css"))),
        )
        .route(
            "/page.js",
            get(|| file("text/javascript; charset=utf-8", include_str!("../../static/page.js"))),
        )
        .with_state(Site { served, last: Arc::default() })
        .merge(asked)
        .merge(components)
        .merge(triggers)
        .merge(import)
        .merge(log)
        .merge(trigger)
        .merge(control)
        .merge(people);
    bounded(router)
}

/// What is answered before the database has been reached: that the process lives, and is not ready because of this fault.
pub fn waiting(fault: String) -> Router {
    let health = Health::default();
    health.part("database", Need::Always, None).ill(fault);
    let not_yet =
        |State(health): State<Health>| async move { tell(&health, false, health.conditions()) };
    let alive =
        |State(health): State<Health>| async move { tell(&health, health.alive(), Vec::new()) };
    bounded(Router::new().route("/alive", get(alive)).fallback(not_yet).with_state(health))
}

/// With the headers and the limits of every answer.
fn bounded(router: Router) -> Router {
    let mut router = router
        .layer(CatchPanicLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_LIMIT))
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT_BYTES));
    for (name, value) in HEADERS {
        router =
            router.layer(SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value)));
    }
    router
}

/// Answers until `stop`, then ends what is being answered.
///
/// # Errors
///
/// If the listener fails.
pub async fn serve(
    listener: TcpListener,
    served: Served,
    stop: CancellationToken,
) -> io::Result<()> {
    listen::serve(listener, router(served), Bounds::default(), stop).await
}

async fn page(
    State(site): State<Site>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let (status, page) = match site.overview().await {
        Ok(overview) => {
            let visitor = visitor(&site.served.desk, &headers).await;
            (StatusCode::OK, Page::new(&overview, &asked).seen_by(visitor).render())
        }
        Err(error) => {
            complain(&error);
            (StatusCode::SERVICE_UNAVAILABLE, Unavailable.render())
        }
    };
    match page {
        Ok(page) => (status, Html(page)).into_response(),
        Err(error) => {
            tracing::error!(error = %error, "page not rendered");
            fault("page_not_rendered", StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// Who looks at the page: whoever that is sees the same.
async fn visitor(desk: &Desk, headers: &HeaderMap) -> Visitor {
    let Some(people) = &desk.people else { return Visitor::Off };
    match visit(people, headers).await {
        Visit::Header(session) | Visit::Cookie(session) => Visitor::Person(session.user),
        Visit::None | Visit::Over => Visitor::Nobody,
        Visit::Unknown => Visitor::Unknown,
    }
}

async fn status(State(site): State<Site>) -> Response {
    match site.overview().await {
        Ok(overview) => Json(&*overview).into_response(),
        Err(error) => {
            complain(&error);
            fault("store_unavailable", StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

/// How this process is, as told to machines.
#[derive(Debug, Serialize)]
struct Told {
    ok: bool,
    leading: bool,
    /// In a word: `leader`, or `standby`, which is ready when its own duties run.
    role: &'static str,
    conditions: Vec<Condition>,
}

fn tell(health: &Health, ok: bool, conditions: Vec<Condition>) -> Response {
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let leading = health.leading();
    let role = if leading { "leader" } else { "standby" };
    (status, Json(Told { ok, leading, role, conditions })).into_response()
}

async fn alive(State(site): State<Site>) -> Response {
    let health = &site.served.health;
    let mut conditions = health.conditions();
    conditions.retain(|condition| condition.need == Need::Alive);
    tell(health, health.alive(), conditions)
}

async fn startup(State(site): State<Site>) -> Response {
    let health = &site.served.health;
    tell(health, health.started(), health.conditions())
}

async fn ready(State(site): State<Site>) -> Response {
    let health = &site.served.health;
    let conditions = conditions_now(health, &*site.served.store).await;
    tell(health, health.suffices(&conditions), conditions)
}

async fn metrics(State(site): State<Site>) -> Response {
    match site.served.metrics.render() {
        Ok(text) => ([(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(error = %error, "metrics not rendered");
            fault("metrics_not_rendered", StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

async fn file(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// An error for machines: a stable code, and no internals.
fn fault(code: &'static str, status: StatusCode) -> Response {
    (status, Json(serde_json::json!({ "error": code }))).into_response()
}

fn complain(error: &StoreError) {
    tracing::warn!(error = %error, cause = %error.kind, "overview not to be had");
}

#[cfg(test)]
mod tests;
