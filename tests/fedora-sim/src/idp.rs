//! The identity provider, as far as bodhi-client and services need it: discovery, authorization page, tokens, and what is asked about
//! them. It believes everybody, or the web server before it if the script names its header; it knows no Kerberos itself.

use std::collections::BTreeMap;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{RawQuery, State as Shared},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use ebs_shared::clock::{Clock as _, System};
use serde_json::{Value, json};

use crate::world::{State, World};

mod people;
pub mod script;

use script::PeopleFault;

const SCOPES: &str = "openid email profile https://id.fedoraproject.org/scope/groups https://id.fedoraproject.org/scope/agreements";

/// What stands before the user's name in a refresh token that is known from the beginning.
const SEEDED_REFRESH: &str = "sim-refresh-";

impl State {
    /// The user that an access token belongs to.
    #[must_use]
    pub fn token_user(&self, token: &str) -> Option<String> {
        self.script.bodhi.tokens.get(token).or_else(|| self.tokens.0.get(token)).cloned()
    }

    fn grant(&mut self, form: &BTreeMap<String, String>) -> Result<Value, &'static str> {
        let part = |key: &str| form.get(key).map(String::as_str).unwrap_or_default();
        let user = match part("grant_type") {
            "authorization_code" => {
                self.tokens.0.get(part("code")).cloned().ok_or("no such code")?
            }
            "refresh_token" => {
                let token = part("refresh_token");
                let seeded = token.strip_prefix(SEEDED_REFRESH).map(str::to_owned);
                self.tokens.0.get(token).cloned().or(seeded).ok_or("no such token")?
            }
            _ => return Err("no such grant"),
        };
        let number = self.tokens.0.len();
        let access = format!("sim-access-token-{number}");
        let refresh = format!("sim-refresh-token-{number}");
        self.tokens.0.insert(access.clone(), user.clone());
        self.tokens.0.insert(refresh.clone(), user);
        Ok(
            json!({"access_token": access, "token_type": "Bearer", "expires_in": self.script.bodhi.token_lifetime_s,
            "refresh_token": refresh, "id_token": "x.y.z", "scope": SCOPES}),
        )
    }
}

fn form(body: &[u8]) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(body).into_owned().collect()
}

/// Where it is, as it calls itself.
fn issuer(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    // What ends TLS before us says so.
    let scheme = headers.get("x-forwarded-proto").and_then(|it| it.to_str().ok());
    let scheme = scheme.filter(|it| *it == "https").unwrap_or("http");
    format!("{scheme}://{host}/openidc/")
}

async fn discovery(headers: HeaderMap) -> Json<Value> {
    let issuer = issuer(&headers);
    let at = |end: &str| format!("{issuer}{end}");
    Json(json!({
        "issuer": at(""), "authorization_endpoint": at("Authorization"), "token_endpoint": at("Token"),
        "userinfo_endpoint": at("UserInfo"), "jwks_uri": at("Jwks"), "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post", "oob", "none"],
        "scopes_supported": SCOPES.split(' ').collect::<Vec<_>>(),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
    }))
}

/// The page whose title the client reads: it logs in whom the web server before us has found out, else whoever owns the first
/// seeded token.
async fn authorize(
    Shared(world): Shared<World>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let asked = form(query.unwrap_or_default().as_bytes());
    if let Some(back) = world.change(|state| state.authorize_person(&asked)) {
        return back;
    }
    let state_text: String = asked
        .get("state")
        .map(String::as_str)
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    let code = world.change(|state| {
        let user = match &state.script.site.remote_user_header {
            None => state.script.bodhi.tokens.values().next().cloned().unwrap_or_default(),
            Some(name) => {
                let shown = headers.get(name)?.to_str().ok()?;
                state.user_named(shown)?.name.clone()
            }
        };
        let code = format!("sim-code-{}", state.tokens.0.len());
        state.tokens.0.insert(code.clone(), user);
        Some(code)
    });
    let Some(code) = code else { return StatusCode::FORBIDDEN.into_response() };
    Html(format!(
        "<html><head><title>code={code}&state={state_text}</title></head><body>copy</body></html>"
    ))
    .into_response()
}

async fn token(Shared(world): Shared<World>, headers: HeaderMap, body: Bytes) -> Response {
    let (form, at) = (form(&body), (issuer(&headers), System.now()));
    if world.read(|state| state.script.people.fault) == Some(PeopleFault::Silent) {
        return std::future::pending().await;
    }
    let granted = world.change(|state| state.grant_person(&headers, &form, (&at.0, at.1)));
    if let Some(granted) = granted {
        return granted;
    }
    match world.change(|state| state.grant(&form)) {
        Ok(granted) => Json(granted).into_response(),
        Err(text) => {
            let body = json!({"error": "invalid_grant", "error_description": text});
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
    }
}

async fn token_info(Shared(world): Shared<World>, body: Bytes) -> Json<Value> {
    let token = form(&body).remove("token").unwrap_or_default();
    let user = world.read(|state| state.token_user(&token));
    Json(
        json!({"active": user.is_some(), "username": user, "scope": SCOPES, "client_id": "bodhi-client"}),
    )
}

async fn user_info(Shared(world): Shared<World>, headers: HeaderMap) -> Response {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let token = value.trim_start_matches("Bearer ");
    if let Some(told) = world.read(|state| state.person_info(token)) {
        return told;
    }
    let user = world.read(|state| state.token_user(token));
    match user {
        Some(user) => {
            let groups = ["packager", "fedora-contributor"];
            let email = format!("{user}@example.org");
            Json(json!({"sub": user, "nickname": user, "email": email, "groups": groups}))
                .into_response()
        }
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn keys(Shared(world): Shared<World>) -> Response {
    Json(world.read(|state| state.public_keys())).into_response()
}

/// Everything below `/openidc/`.
pub fn routes(world: World) -> Router {
    Router::new()
        .route("/openidc/.well-known/openid-configuration", get(discovery))
        .route("/openidc/Authorization", get(authorize))
        .route("/openidc/Token", post(token))
        .route("/openidc/Jwks", get(keys))
        .route("/openidc/TokenInfo", post(token_info))
        .route("/openidc/UserInfo", get(user_info).post(user_info))
        .with_state(world)
}
