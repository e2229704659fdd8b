//! The hub's HTTP side: one path for calls, one for logging in, statuses and headers as the real one has them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State as Shared},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::any,
};
use ebs_shared::koji::xmlrpc::{MethodCall, Value, read_call, write_fault, write_reply};

use super::{context::Context, dispatch, methods::VERSION, session::Credentials};
use crate::{
    script::{Service, Trouble},
    traffic::{self, Fate, Traffic},
    world::{Refusal, World},
};

/// Largest body that is read, in bytes. Source: `MaxRequestLength`'s default.
const MAX_REQUEST: usize = 4_194_304;

/// The hub as an HTTP service.
#[derive(Clone)]
pub struct Hub {
    world: World,
    traffic: Arc<Traffic>,
    serial: Arc<Mutex<HashMap<i64, Arc<tokio::sync::Mutex<()>>>>>,
}

/// One request, taken apart.
struct Asked {
    call: MethodCall,
    shown: Credentials,
    remote_user: Option<String>,
}

impl Hub {
    /// A hub on a world.
    #[must_use]
    pub fn new(world: World, traffic: Arc<Traffic>) -> Self {
        Self { world, traffic, serial: Arc::default() }
    }

    /// Answers one request, whatever it is.
    pub async fn answer(
        &self,
        method: &Method,
        uri: &http::Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Response {
        if method != Method::POST {
            let text = "This is an XML-RPC server. Only POST requests are accepted.\n";
            let headers = [(header::CONTENT_TYPE, "text/plain"), (header::ALLOW, "POST")];
            return (StatusCode::METHOD_NOT_ALLOWED, headers, text).into_response();
        }
        let call = match self.read(body) {
            Ok(call) => call,
            Err(text) => {
                return (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "text/plain")], text)
                    .into_response();
            }
        };
        let poll = is_poll(&call);
        self.world
            .change(|state| state.record.count_request(&format!("koji {}", call.method), poll));
        if let Some(trouble) = self.traffic.arrive(&self.world, Service::Koji).await {
            return match trouble {
                Trouble::Offline => reply(&Err(Refusal::new(1014, "server is offline"))),
                other => traffic::in_trouble(other),
            };
        }
        let remote_user = self.remote_user(uri, headers);
        let asked = Asked { call, shown: credentials(uri, headers), remote_user };
        let name = first_call(&asked.call);
        match self.world.read(|state| self.traffic.fate(&state.script, &name)) {
            Fate::Answered => reply(&self.run(&asked).await),
            Fate::RanUnheard => {
                self.lost("ran");
                // What it came to is what is lost.
                drop(self.run(&asked).await);
                traffic::cut()
            }
            Fate::RunsLate(late) => {
                self.lost("ran late");
                let hub = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(late).await;
                    drop(hub.run(&asked).await);
                });
                traffic::cut()
            }
            Fate::NeverRuns => {
                self.lost("never ran");
                traffic::cut()
            }
        }
    }

    fn lost(&self, fate: &'static str) {
        self.world.change(|state| state.record.count_lost(fate));
    }

    /// Reads a call, or says in the hub's words why it is none.
    fn read(&self, body: &[u8]) -> Result<MethodCall, String> {
        if body.len() > MAX_REQUEST {
            return Err("Invalid request: Request too long\n".to_owned());
        }
        if body.is_empty() {
            return Err("Invalid request: empty request\n".to_owned());
        }
        let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
        if body.iter().any(control) {
            return Err("Invalid request: not well-formed (invalid token)\n".to_owned());
        }
        read_call(body).map_err(|fault| format!("Invalid request: {fault}\n"))
    }

    /// Runs a call. One session runs one call at a time, in the order they came.
    async fn run(&self, asked: &Asked) -> Result<Value, Refusal> {
        let lock = asked
            .shown
            .session()
            .filter(|_| asked.shown.callnum.is_some())
            .map(|id| self.serial(id));
        let _turn = match &lock {
            Some(lock) => Some(lock.lock().await),
            None => None,
        };
        let each = self.world.read(|state| state.script.timing.call_ms);
        if each > 0 {
            let calls = u64::try_from(inner_calls(&asked.call)).unwrap_or(u64::MAX);
            tokio::time::sleep(Duration::from_millis(each.saturating_mul(calls))).await;
        }
        self.world.change(|state| {
            let caller = state.admit(&asked.shown, &asked.call.method)?;
            let mut cx = Context {
                state,
                caller,
                shown_session: asked.shown.present(),
                remote_user: asked.remote_user.clone(),
                changed: false,
            };
            let result = dispatch::call(&mut cx, &asked.call);
            if cx.changed {
                state.keep_callnum(caller);
            }
            result.map_err(|failure| failure.fault)
        })
    }

    /// The name that the web server before the hub has found out. Without one, a test says `Negotiate NAME`.
    fn remote_user(&self, uri: &http::Uri, headers: &HeaderMap) -> Option<String> {
        if !uri.path().ends_with("/ssllogin") {
            return None;
        }
        self.world.read(|state| match &state.script.site.remote_user_header {
            Some(name) => headers.get(name)?.to_str().ok().map(str::to_owned),
            None => {
                let shown = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
                shown.strip_prefix("Negotiate ").map(str::to_owned)
            }
        })
    }

    fn serial(&self, session: i64) -> Arc<tokio::sync::Mutex<()>> {
        let mut all = self.serial.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(session).or_default())
    }
}

/// How many calls a request makes.
fn inner_calls(call: &MethodCall) -> usize {
    match (call.method.as_ref(), call.params.as_slice()) {
        ("multiCall" | "system.multicall", [Value::Array(elements)]) => elements.len().max(1),
        _ => 1,
    }
}

/// The name of a call; of many in one, that of the first.
fn first_call(call: &MethodCall) -> String {
    match (call.method.as_ref(), call.params.as_slice()) {
        ("multiCall" | "system.multicall", [Value::Array(elements)]) => elements
            .first()
            .and_then(|element| element.get("methodName"))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        (method, _) => method.to_owned(),
    }
}

/// Whether a request only looks at what is being waited for.
fn is_poll(call: &MethodCall) -> bool {
    let poll = |method: &str| matches!(method, "getTaskInfo" | "listTagged" | "repo.checkRequest");
    match (call.method.as_ref(), call.params.as_slice()) {
        ("multiCall" | "system.multicall", [Value::Array(elements)]) => {
            let name = |element: &Value| {
                element.get("methodName").and_then(Value::as_str).map(str::to_owned)
            };
            !elements.is_empty()
                && elements.iter().all(|element| name(element).is_some_and(|name| poll(&name)))
        }
        (method, _) => poll(method),
    }
}

/// The session that a request shows: in headers, or in the query as old clients do.
fn credentials(uri: &http::Uri, headers: &HeaderMap) -> Credentials {
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    if headers.contains_key("Koji-Session-Id") {
        return Credentials {
            id: header("Koji-Session-Id"),
            key: header("Koji-Session-Key"),
            callnum: header("Koji-Session-Callnum").or_else(|| header("Koji-Callnum")),
        };
    }
    let pairs: HashMap<String, String> =
        url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let pair = |name: &str| pairs.get(name).cloned();
    Credentials { id: pair("session-id"), key: pair("session-key"), callnum: pair("callnum") }
}

fn reply(result: &Result<Value, Refusal>) -> Response {
    let body = match result {
        Ok(value) => write_reply(value),
        Err(fault) => write_fault(fault.code, &fault.text),
    };
    let headers = [
        (header::CONTENT_TYPE, "text/xml"),
        (header::HeaderName::from_static("koji-version"), VERSION),
    ];
    (headers, body).into_response()
}

async fn serve(Shared(hub): Shared<Hub>, request: Request) -> Response {
    let (parts, body): (_, Body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_REQUEST + 1).await else {
        let text = "Invalid request: Request too long\n";
        return (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "text/plain")], text)
            .into_response();
    };
    hub.answer(&parts.method, &parts.uri, &parts.headers, &body).await
}

async fn page() -> &'static str {
    "a page of the simulated build service\n"
}

/// The hub's paths, and stubs of the pages that its links lead to.
pub fn routes(hub: Hub) -> Router {
    Router::new()
        .route("/kojihub", any(serve))
        .route("/kojihub/ssllogin", any(serve))
        .with_state(hub)
        .route("/koji/{*page}", any(page))
        .route("/kojifiles/{*page}", any(page))
}
