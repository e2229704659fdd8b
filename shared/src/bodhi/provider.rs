//! The identity provider, asked as bodhi-client asks it, but without a browser: discovery, a page got by Negotiate, a code in its
//! title, a token for the code. Keeps nothing.
//!
//! **Source:** bodhi-client 26.4.0, `oidcclient.py`; RFC 6749, 4.1.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use url::{Url, form_urlencoded};
use uuid::Uuid;

use super::visit::{MAX_BYTES, ProviderError, Visit, body_error, retold};
use crate::{
    config::SecretText,
    exchange::{Ask, Exchange, Reply},
    kerberos::Kerberos,
};

/// Our name at the provider: a public client without a secret.
const CLIENT: &str = "bodhi-client";

/// What is asked for.
const SCOPES: &str = "openid email profile https://id.fedoraproject.org/scope/groups \
                      https://id.fedoraproject.org/scope/agreements";

/// Where the code is shown to a person, on a page.
const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// Where it would be sent otherwise. Nobody listens there: the redirect is read, not followed.
const LOCAL: &str = "http://localhost:45678/auth";

/// The lifetime of a token that does not say.
const USUAL_LIFE: u64 = 3600;

/// A token, and what came with it.
pub(super) struct Granted {
    pub(super) token: SecretText,
    pub(super) refresh: Option<SecretText>,
    pub(super) lives: Duration,
}

/// The identity provider.
pub(super) struct Provider {
    kerberos: Kerberos,
    exchange: Arc<dyn Exchange>,
    discovery: String,
    limit: Duration,
}

/// What it says of itself.
#[derive(Deserialize)]
struct Discovered {
    authorization_endpoint: Url,
    token_endpoint: Url,
    #[serde(default)]
    response_modes_supported: Vec<String>,
}

impl Provider {
    pub(super) fn new(
        kerberos: Kerberos,
        exchange: Arc<dyn Exchange>,
        address: &Url,
        limit: Duration,
    ) -> Self {
        let base = address.as_str().trim_end_matches('/');
        let discovery = format!("{base}/.well-known/openid-configuration");
        Self { kerberos, exchange, discovery, limit }
    }

    /// A token for our ticket.
    pub(super) async fn log_in(&self) -> Result<Granted, ProviderError> {
        let known = self.discover().await?;
        let oob = known.response_modes_supported.iter().any(|mode| mode == "oob");
        let back = if oob { OUT_OF_BAND } else { LOCAL };
        let state = Uuid::new_v4().simple().to_string();
        let mut page = known.authorization_endpoint.clone();
        page.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", CLIENT)
            .append_pair("redirect_uri", back)
            .append_pair("scope", SCOPES)
            .append_pair("state", &state);
        let visit = Visit::new(&self.kerberos, &*self.exchange, back, self.limit);
        let code = code_of(&visit.walk(page).await?, &state)?;
        self.grant(
            known.token_endpoint,
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", back),
                ("client_id", CLIENT),
            ],
        )
        .await
    }

    /// A token for one that ends.
    pub(super) async fn refresh(&self, refresh: &SecretText) -> Result<Granted, ProviderError> {
        let known = self.discover().await?;
        self.grant(
            known.token_endpoint,
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh.expose()),
                ("client_id", CLIENT),
                ("scope", SCOPES),
            ],
        )
        .await
    }

    async fn discover(&self) -> Result<Discovered, ProviderError> {
        let url = Url::parse(&self.discovery).map_err(|e| ProviderError::Refused(e.to_string()))?;
        let reply = self.ask(Method::GET, url, HeaderMap::new(), Bytes::new()).await?;
        if reply.status != StatusCode::OK {
            return Err(body_error("its discovery page", reply.status));
        }
        serde_json::from_slice(&reply.body).map_err(|fault| {
            ProviderError::Refused(format!(
                "{} is no discovery page ({fault}): correct `ebs.bodhi.idp_url`",
                self.discovery
            ))
        })
    }

    async fn grant(&self, url: Url, form: &[(&str, &str)]) -> Result<Granted, ProviderError> {
        #[derive(Deserialize)]
        struct Raw {
            access_token: String,
            refresh_token: Option<String>,
            expires_in: Option<u64>,
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, kind);
        let reply = self.ask(Method::POST, url, headers, body.into()).await?;
        if reply.status != StatusCode::OK {
            return Err(body_error("its token endpoint", reply.status));
        }
        let raw: Raw = serde_json::from_slice(&reply.body).map_err(|fault| {
            ProviderError::Refused(format!("the answer of its token endpoint: {fault}"))
        })?;
        Ok(Granted {
            token: SecretText::new(raw.access_token),
            refresh: raw.refresh_token.map(SecretText::new),
            lives: Duration::from_secs(
                raw.expires_in.unwrap_or(USUAL_LIFE).min(u64::from(u32::MAX)),
            ),
        })
    }

    async fn ask(
        &self,
        method: Method,
        url: Url,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<Reply, ProviderError> {
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let (limit, max_bytes) = (self.limit, MAX_BYTES);
        let ask = Ask { method, url, headers, body, limit, max_bytes };
        self.exchange.exchange(ask).await.map_err(|fault| retold(&fault))
    }
}

/// The code in `code=…&state=…`, if the state is ours.
fn code_of(text: &str, state: &str) -> Result<String, ProviderError> {
    let pairs: Vec<(String, String)> =
        form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    let named = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    if named("state").map(String::as_str) != Some(state) {
        let text = "the page that it shows after the login is not the answer to our question";
        return Err(ProviderError::Refused(text.to_owned()));
    }
    match (named("code"), named("error")) {
        (Some(code), _) if !code.is_empty() => Ok(code.clone()),
        (_, Some(error)) => {
            let error: String = error.chars().take(100).collect();
            Err(ProviderError::Refused(format!("it says `{error}`")))
        }
        (_, None) => Err(ProviderError::Refused("there is no code on its page".to_owned())),
    }
}

#[cfg(test)]
mod tests;
