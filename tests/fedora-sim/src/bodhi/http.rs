//! Bodhi's HTTP side: paths, statuses, headers and cookies as the real one has them.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State as Shared},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Value as Json, json};

use super::{
    ask::{self, Complaint, complaint},
    create::Answer,
    releases,
    render::Shown,
    search::Query,
};
use crate::{
    script::{Service, Trouble},
    traffic::{self, Fate, Traffic},
    world::{State, World},
};

/// Largest body read, in bytes.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// The version played.
const VERSION: &str = "26.4.0";

/// Bodhi as an HTTP service.
#[derive(Clone)]
pub struct Server {
    world: World,
    traffic: Arc<Traffic>,
}

/// One request, taken apart.
struct Asked {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Server {
    /// A Bodhi on a world.
    #[must_use]
    pub fn new(world: World, traffic: Arc<Traffic>) -> Self {
        Self { world, traffic }
    }

    fn run(&self, asked: &Asked) -> Response {
        self.world.change(|state| route(state, asked))
    }

    fn lost(&self, fate: &'static str) {
        self.world.change(|state| state.record.count_lost(fate));
    }
}

/// Answers one request, whatever it is.
pub async fn answer(Shared(server): Shared<Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await.map(|bytes| bytes.to_vec()).unwrap_or_default();
    let asked = Asked {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
    };
    let poll =
        asked.method == Method::GET && asked.path.starts_with("/updates/") && asked.path.len() > 9;
    server.world.change(|state| {
        state
            .record
            .count_request(&format!("bodhi {} {}", asked.method, generic(&asked.path)), poll)
    });
    match server.traffic.arrive(&server.world, Service::Bodhi).await {
        None => {}
        Some(Trouble::Offline) => return traffic::in_trouble(Trouble::Http503),
        Some(other) => return traffic::in_trouble(other),
    }
    let name = format!("{} {}", asked.method, generic(&asked.path));
    match server.world.read(|state| server.traffic.fate(&state.script, &name)) {
        Fate::Answered => server.run(&asked),
        Fate::RanUnheard => {
            server.lost("ran");
            drop(server.run(&asked));
            traffic::cut()
        }
        Fate::RunsLate(late) => {
            server.lost("ran late");
            tokio::spawn(run_late(server, asked, late));
            traffic::cut()
        }
        Fate::NeverRuns => {
            server.lost("never ran");
            traffic::cut()
        }
    }
}

async fn run_late(server: Server, asked: Asked, late: Duration) {
    tokio::time::sleep(late).await;
    drop(server.run(&asked));
}

/// A path for counting: aliases left out.
fn generic(path: &str) -> String {
    match path.strip_prefix("/updates/") {
        Some("") | None => path.to_owned(),
        Some(rest) if rest.ends_with("/request") => "/updates/ALIAS/request".to_owned(),
        Some(_) => "/updates/ALIAS".to_owned(),
    }
}

fn route(state: &mut State, asked: &Asked) -> Response {
    let path = asked.path.as_str();
    let get = asked.method == Method::GET;
    let known =
        ["/updates/", "/releases/", "/csrf", "/oidc/login-token", "/api_version", "/logout"];
    let response = match (&asked.method, path) {
        (&Method::GET, "/api_version") => reply(200, &json!({"version": VERSION})),
        (&Method::GET, "/healthz/live") => reply(200, &json!("ok")),
        (&Method::GET, "/healthz/ready") => reply(200, &json!({"db_session": true})),
        (&Method::GET, "/csrf") => return csrf(state, asked),
        (&Method::GET, "/oidc/login-token") => return login(state, asked),
        (_, "/updates" | "/releases") => moved(asked),
        (&Method::POST, "/updates/") => create(state, asked),
        (&Method::GET, "/updates/") => listed(state.search_updates(&Query::parse(&asked.query))),
        (&Method::GET, "/releases/") => listed(state.search_releases(&Query::parse(&asked.query))),
        _ if get && path.starts_with("/releases/") => release(state, &path["/releases/".len()..]),
        _ if path.starts_with("/updates/") => update(state, asked, &path["/updates/".len()..]),
        _ if known.contains(&path) => not_allowed(&asked.method),
        _ => {
            state.record.count_unknown(&format!("bodhi {} {path}", asked.method));
            unknown_path()
        }
    };
    with_session(state, asked, response)
}

/// Any reply may carry a renewed session cookie.
fn with_session(state: &mut State, asked: &Asked, mut response: Response) -> Response {
    if let Some(value) = state.renewed(&asked.headers) {
        add_cookie(&mut response, &session_cookie(&value));
    }
    response
}

fn session_cookie(value: &str) -> String {
    format!("session={value}; Path=/; SameSite=Lax")
}

fn add_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = cookie.parse() {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

fn with_type(status: u16, kind: &'static str, body: String) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, headers, Body::from(body)).into_response()
}

fn reply(status: u16, body: &Json) -> Response {
    with_type(status, "application/json", body.to_string())
}

fn complain(status: u16, complaints: &[Complaint]) -> Response {
    reply(status, &json!({"status": "error", "errors": complaints}))
}

fn listed(found: Result<Json, Vec<Complaint>>) -> Response {
    match found {
        Ok(page) => reply(200, &page),
        Err(complaints) => complain(400, &complaints),
    }
}

fn unknown_path() -> Response {
    let page = "<!DOCTYPE html>\n<html lang=\"en\"><head><title>404 Not Found</title></head><body>404</body></html>\n";
    with_type(404, "text/html; charset=UTF-8", page.to_owned())
}

fn not_allowed(method: &Method) -> Response {
    let text = format!("The method {method} is not allowed for this resource. \n\n\n");
    reply(
        405,
        &json!({"message": text, "code": "405 Method Not Allowed", "title": "Method Not Allowed"}),
    )
}

fn host(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost")
}

/// The slash at the end is canonical; the query is kept.
fn moved(asked: &Asked) -> Response {
    let query = if asked.query.is_empty() { String::new() } else { format!("?{}", asked.query) };
    let target = format!("{}/{query}", asked.path);
    let text = format!(
        "The resource has been moved to {target}; you should be redirected automatically.\n\n"
    );
    let mut response = reply(
        307,
        &json!({"message": text, "code": "307 Temporary Redirect", "title": "Temporary Redirect"}),
    );
    if let Ok(location) = format!("http://{}{target}", host(&asked.headers)).parse() {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.starts_with("text/html"))
}

fn csrf(state: &mut State, asked: &Asked) -> Response {
    let (token, cookie) = state.need_csrf(&asked.headers);
    let mut response = if wants_html(&asked.headers) {
        with_type(200, "text/plain; charset=UTF-8", token)
    } else {
        reply(200, &json!({"csrf_token": token}))
    };
    if let Some(value) = cookie {
        add_cookie(&mut response, &session_cookie(&value));
    }
    response
}

fn login(state: &mut State, asked: &Asked) -> Response {
    let fail = |name: &str, text: &str| complain(401, &[complaint("body", name, text)]);
    let Some(value) =
        asked.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok())
    else {
        return fail(
            "MissingAuthorizationError",
            "missing_authorization: Missing 'Authorization' in headers.",
        );
    };
    let Some(token) = value.strip_prefix("Bearer ") else {
        return fail("UnsupportedTokenTypeError", "unsupported_token_type: ");
    };
    let now =
        state.script.faults.now.filter(|_| state.script.faults.now_service == Service::Identity);
    if now.is_some() {
        let text = "HTTPConnectionPool: Max retries exceeded with url: /openidc/TokenInfo";
        return complain(500, &[complaint("body", "ConnectionError", text)]);
    }
    let user = state.token_user(token).and_then(|name| state.user_named(&name)).map(|user| user.id);
    let Some(user) = user else {
        let text = "invalid_token: The access token provided is expired, revoked, malformed, or invalid for other reasons.";
        return fail("InvalidTokenError", text);
    };
    let ticket = state.new_ticket(user);
    let text = "The request is accepted for processing.\n\n\n\n\n";
    let mut response =
        reply(202, &json!({"message": text, "code": "202 Accepted", "title": "Accepted"}));
    // Neither `secure` nor `Domain`: clients of a plain address on 127.0.0.1 would not give it back.
    add_cookie(
        &mut response,
        &format!("auth_tkt={ticket}; Max-Age=1209600; Path=/; SameSite=Strict"),
    );
    response
}

/// The user that may post, or the refusal that a missing login or group gets.
fn poster(state: &State, asked: &Asked, view: &str) -> Result<i64, Complaint> {
    let user = state.logged_in(&asked.headers).filter(|user| {
        let name = state.user_name(*user);
        !state.script.bodhi.newcomers.iter().any(|newcomer| newcomer == name)
    });
    let text = format!("Unauthorized: {view} failed permission check");
    user.ok_or_else(|| complaint("body", "HTTPForbidden", text))
}

/// What is wrong with the CSRF token, if anything.
fn csrf_fault(
    state: &State,
    asked: &Asked,
    body: &serde_json::Map<String, Json>,
) -> Option<Complaint> {
    let Some(sent) = ask::text(body, "csrf_token") else {
        return Some(complaint("body", "csrf_token", "Required"));
    };
    let text = "CSRF tokens do not match.  This happens if you have the page open for a long time. Please reload the page and try to submit your data again. Make sure to save your input somewhere before reloading. ";
    (state.csrf(&asked.headers) != Some(&*sent)).then(|| complaint("body", "csrf_token", text))
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn create(state: &mut State, asked: &Asked) -> Response {
    let user = match poster(state, asked, "new_update__POST") {
        Ok(user) => user,
        Err(refusal) => return complain(403, &[refusal]),
    };
    let body = match ask::open(content_type(&asked.headers), &asked.body) {
        Ok(body) => body,
        Err(complaints) => return complain(400, &complaints),
    };
    match ask::read(&body, csrf_fault(state, asked, &body)) {
        Err(complaints) => complain(400, &complaints),
        Ok(ask) => match state.post_update(ask, user) {
            Answer::Made(object) => reply(200, &object),
            Answer::Refused(status, complaints) => complain(status, &complaints),
            Answer::Proxy => traffic::in_trouble(Trouble::Http502),
            Answer::Crash => {
                let text = "Internal Server Error\n\nThe server encountered an unexpected internal server error\n\n(generated by waitress)";
                with_type(500, "text/plain; charset=utf-8", text.to_owned())
            }
        },
    }
}

fn release(state: &State, name: &str) -> Response {
    let name = name.replace("%20", " ");
    match releases::find(&state.script.trigger_tag, &name) {
        Some(release) => reply(200, &release),
        None => complain(404, &[complaint("body", "name", "No such release")]),
    }
}

fn update(state: &mut State, asked: &Asked, rest: &str) -> Response {
    match rest.split_once('/') {
        None if asked.method == Method::GET => match state.bodhi.named(rest) {
            Some(update) => {
                let mine = state.logged_in(&asked.headers) == Some(update.user);
                let shown = state.show(update, Shown::InGet);
                reply(200, &json!({"update": shown, "can_edit": mine, "ci_allowed": mine}))
            }
            None => complain(404, &[complaint("url", "id", "Invalid update id")]),
        },
        Some((alias, "request")) if asked.method == Method::POST => request(state, asked, alias),
        None | Some((_, "request")) => not_allowed(&asked.method),
        Some(_) => unknown_path(),
    }
}

fn request(state: &mut State, asked: &Asked, alias: &str) -> Response {
    let user = match poster(state, asked, "set_request__POST") {
        Ok(user) => user,
        Err(refusal) => return complain(403, &[refusal]),
    };
    let body = match ask::open(content_type(&asked.headers), &asked.body) {
        Ok(body) => body,
        Err(complaints) => return complain(400, &complaints),
    };
    let fault = csrf_fault(state, asked, &body);
    match state.request_update(alias, ask::text(&body, "request").as_deref(), fault, user) {
        Ok(id) => {
            let shown = state.bodhi.updates.get(&id).map(|update| state.show(update, Shown::InGet));
            reply(200, &json!({"update": shown}))
        }
        Err((status, complaints)) => complain(status, &complaints),
    }
}
