//! The identity provider: where people are sent, and who they are when they come back. Keeps only its keys.
//!
//! **Source:** OpenID Connect Core 1.0, sections 3.1 (authorization code), 3.1.3.7 (what is examined in an ID token) and 5.3 (user
//! info); RFC 7636 (PKCE).

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use chrono::{DateTime, Utc};
use ebs_domain::time::Timestamp;
use ebs_shared::{
    config::{Login, OpenIdConnect, SecretText},
    exchange::{Ask, Exchange, NoReply, Reply},
};
use openidconnect::{
    AuthUrl, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    Scope, TokenResponse as _, TokenUrl,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreIdTokenVerifier, CoreJsonWebKeySet,
        CoreTokenResponse,
    },
};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use super::person::Trip;

/// The longest that one answer of the provider may take: of four for one login, within the limit of our own answer.
pub const CALL_LIMIT: Duration = Duration::from_secs(7);
/// The longest answer taken. Unit: bytes.
const MAX_BYTES: usize = 256 * 1024;
/// How long its keys are used before they are fetched again.
const KEYS_AGE: Duration = Duration::from_secs(3600);
/// How old they must be to be fetched again for a token that they do not fit.
const KEYS_FRESH: Duration = Duration::from_secs(60);
/// What is asked of it.
const EXCHANGE: &str = "exchange the code";
const USER_INFO: &str = "tell who it is";
/// The longest error word that is told.
const MAX_WORD: usize = 64;

/// What a provider is asked with.
pub struct ProviderSettings {
    /// What upstream's block says.
    pub oidc: OpenIdConnect,
    /// What ours says.
    pub login: Login,
    /// What sends.
    pub exchange: Arc<dyn Exchange>,
    /// The longest that one answer may take.
    pub limit: Duration,
}

/// The identity provider.
pub struct Provider {
    settings: ProviderSettings,
    client: Client,
    issuer: IssuerUrl,
    held: Mutex<Option<(Instant, CoreJsonWebKeySet)>>,
}

type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// Who somebody is, as the provider says.
#[derive(Debug, Deserialize)]
pub(super) struct Known {
    sub: String,
    nickname: Option<String>,
    #[serde(default)]
    pub(super) groups: Vec<String>,
}

/// What the provider calls itself, and where its keys are.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: Url,
}

/// Nobody is known by what the provider did. No text has a code, a token or a name in it.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It does not answer. Somebody logs in again later.
    #[error("the identity provider did not {0}")]
    Away(&'static str, #[source] NoReply),
    /// It answers with a refusal: the code is used or too old, or it does not know us.
    #[error("the identity provider refuses to {0}: {1}")]
    Refused(&'static str, String),
    /// Its answer cannot be understood, or says less than it must.
    #[error("failed to have the identity provider {0}: {1}")]
    Garbled(&'static str, String),
    /// The ID token is not one for us, for now, for this login.
    #[error("the ID token is refused")]
    Token(#[source] ClaimsVerificationError),
    /// An address of the configuration or a key of the provider is none.
    #[error("cannot ask the identity provider: {0}")]
    Setting(String),
}

impl Known {
    /// As the Python service has it: the nickname, else what the provider knows them by.
    pub(super) fn name(&self) -> &str {
        self.nickname.as_deref().unwrap_or(&self.sub)
    }
}

impl Provider {
    /// A provider that nothing is asked yet.
    ///
    /// # Errors
    ///
    /// An address of the configuration cannot be used.
    pub fn new(settings: ProviderSettings) -> Result<Self, ProviderError> {
        let wrong = |error: url::ParseError| ProviderError::Setting(error.to_string());
        let ProviderSettings { oidc, login, .. } = &settings;
        // Without an issuer that is known there is none to compare with.
        let issuer = login.issuer.clone().unwrap_or_else(|| oidc.token_endpoint.to_string());
        let issuer = IssuerUrl::new(issuer).map_err(wrong)?;
        let back = login.public_url.join("oidc/callback").map_err(wrong)?;
        let client = CoreClient::new(
            ClientId::new(oidc.client_id.clone()),
            issuer.clone(),
            CoreJsonWebKeySet::default(),
        )
        .set_client_secret(ClientSecret::new(login.client_secret.expose().to_owned()))
        .set_auth_uri(AuthUrl::from_url(oidc.auth_url.clone()))
        .set_token_uri(TokenUrl::from_url(oidc.token_endpoint.clone()))
        .set_redirect_uri(RedirectUrl::from_url(back));
        Ok(Self { settings, client, issuer, held: Mutex::default() })
    }

    /// Where somebody logs in who comes back with this state.
    pub(super) fn address(&self, state: &str, trip: &Trip) -> Url {
        let (state, nonce) = (state.to_owned(), trip.nonce.clone());
        let verifier = PkceCodeVerifier::new(trip.verifier.clone());
        // `openid` is always asked for.
        let scopes = self.settings.oidc.scopes.iter().filter(|scope| *scope != "openid");
        let asked = self
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new(state),
                || Nonce::new(nonce),
            )
            .add_scopes(scopes.cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        asked.url().0
    }

    /// Who came back with this code.
    pub(super) async fn who(
        &self,
        code: &str,
        trip: &Trip,
        now: Timestamp,
    ) -> Result<Known, ProviderError> {
        let answer = self.tokens(code, trip).await?;
        let sub = self.verified(&answer, trip, now).await?;
        let known: Known = self.user_info(answer.access_token().secret()).await?;
        if known.sub != sub {
            let text = "it tells of somebody else than the ID token".to_owned();
            return Err(ProviderError::Garbled(USER_INFO, text));
        }
        Ok(known)
    }

    async fn tokens(&self, code: &str, trip: &Trip) -> Result<CoreTokenResponse, ProviderError> {
        let (exchange, limit) = (Arc::clone(&self.settings.exchange), self.settings.limit);
        let sender = move |request| send(Arc::clone(&exchange), request, limit);
        self.client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(trip.verifier.clone()))
            .request_async(&sender)
            .await
            .map_err(|error| match error {
                RequestTokenError::Request(error) => ProviderError::Away(EXCHANGE, error),
                RequestTokenError::ServerResponse(said) => {
                    ProviderError::Refused(EXCHANGE, word(said.error().as_ref()))
                }
                // What could not be read may hold a token.
                RequestTokenError::Parse(_, _) | RequestTokenError::Other(_) => {
                    ProviderError::Garbled(EXCHANGE, "it is no token response".to_owned())
                }
            })
    }

    /// Whom the ID token is about, once it is examined: audience, end, nonce; with keys, issuer and signature too. Without them
    /// its origin is the TLS connection to the token endpoint that it came over (3.1.3.7, point 6).
    async fn verified(
        &self,
        answer: &CoreTokenResponse,
        trip: &Trip,
        now: Timestamp,
    ) -> Result<String, ProviderError> {
        let token = answer.id_token().ok_or_else(|| {
            ProviderError::Garbled(EXCHANGE, "there is no ID token in it".to_owned())
        })?;
        let nonce = Nonce::new(trip.nonce.clone());
        let examine = |keys: Option<CoreJsonWebKeySet>| {
            let verifier = self.verifier(keys, now);
            token.claims(&verifier, &nonce).map(|claims| claims.subject().to_string())
        };
        let Some(issuer) = &self.settings.login.issuer else {
            return examine(None).map_err(ProviderError::Token);
        };
        let first = examine(Some(self.keys(issuer, KEYS_AGE).await?));
        if let Err(ClaimsVerificationError::SignatureVerification(_)) = &first {
            // It may be signed by a newer key.
            let again = self.keys(issuer, KEYS_FRESH).await?;
            return examine(Some(again)).map_err(ProviderError::Token);
        }
        first.map_err(ProviderError::Token)
    }

    fn verifier(&self, keys: Option<CoreJsonWebKeySet>, now: Timestamp) -> CoreIdTokenVerifier<'_> {
        let ProviderSettings { oidc, login, .. } = &self.settings;
        let checked = keys.is_some();
        let verifier = CoreIdTokenVerifier::new_confidential_client(
            ClientId::new(oidc.client_id.clone()),
            ClientSecret::new(login.client_secret.expose().to_owned()),
            self.issuer.clone(),
            keys.unwrap_or_default(),
        );
        let verifier = verifier.set_time_fn(move || time(now));
        if checked {
            return verifier;
        }
        verifier.insecure_disable_signature_check().require_issuer_match(false)
    }

    /// The keys of this issuer, not older than this.
    async fn keys(&self, issuer: &str, age: Duration) -> Result<CoreJsonWebKeySet, ProviderError> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, keys)) = held.filter(|(since, _)| since.elapsed() < age) {
            return Ok(keys);
        }
        const WHAT: &str = "tell of itself";
        let at = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let at = Url::parse(&at).map_err(|error| ProviderError::Setting(error.to_string()))?;
        let metadata: Metadata = self.get(WHAT, at, None).await?;
        let downgraded = issuer.starts_with("https:") && metadata.jwks_uri.scheme() != "https";
        if metadata.issuer != issuer || downgraded {
            let text = "they are of another issuer than `ebs.login.issuer`".to_owned();
            return Err(ProviderError::Garbled(WHAT, text));
        }
        let keys: CoreJsonWebKeySet = self.get("give its keys", metadata.jwks_uri, None).await?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some((Instant::now(), keys.clone()));
        Ok(keys)
    }

    async fn user_info(&self, token: &str) -> Result<Known, ProviderError> {
        let url = self.settings.login.userinfo_endpoint.clone();
        self.get(USER_INFO, url, Some(SecretText::new(token))).await
    }

    /// Asks for JSON, showing a token if there is one.
    async fn get<T: for<'a> Deserialize<'a>>(
        &self,
        what: &'static str,
        url: Url,
        token: Option<SecretText>,
    ) -> Result<T, ProviderError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = token {
            let value = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
            let mut value = value.map_err(|_| {
                ProviderError::Garbled(EXCHANGE, "its access token is none".to_owned())
            })?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        let ask = self.ask(Method::GET, url, headers);
        let reply = self.settings.exchange.exchange(ask).await;
        let Reply { status, body, .. } = reply.map_err(|error| ProviderError::Away(what, error))?;
        if status != StatusCode::OK {
            return Err(ProviderError::Refused(what, status.as_u16().to_string()));
        }
        // Where it could not be read says enough; what stands there is nobody's business.
        serde_json::from_slice(&body).map_err(|error| {
            ProviderError::Garbled(what, format!("column {} of its JSON", error.column()))
        })
    }

    fn ask(&self, method: Method, url: Url, headers: HeaderMap) -> Ask {
        let limit = self.settings.limit;
        Ask { method, url, headers, body: Default::default(), limit, max_bytes: MAX_BYTES }
    }
}

/// Sends what the library asks.
async fn send(
    exchange: Arc<dyn Exchange>,
    request: HttpRequest,
    limit: Duration,
) -> Result<HttpResponse, NoReply> {
    let unsent = |error: &dyn std::fmt::Display| NoReply::NotSent(error.to_string());
    let (parts, body) = request.into_parts();
    let url = Url::parse(&parts.uri.to_string()).map_err(|error| unsent(&error))?;
    let (method, headers) = (parts.method, parts.headers);
    let ask = Ask { method, url, headers, body: body.into(), limit, max_bytes: MAX_BYTES };
    let Reply { status, headers, body } = exchange.exchange(ask).await?;
    let mut response = Response::new(body.to_vec());
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    Ok(response)
}

/// An error's word as the standard has them, such as `invalid_grant`; anything else is not told.
pub(super) fn word(text: &str) -> String {
    let fits = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if fits && !text.is_empty() && text.len() <= MAX_WORD {
        text.to_owned()
    } else {
        "error".to_owned()
    }
}

fn time(now: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(now.millis()).unwrap_or_default()
}
