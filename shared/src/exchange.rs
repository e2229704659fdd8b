//! One HTTP exchange: a request and its whole answer, with limits. Keeps no cookies, follows no redirect, repeats nothing,
//! does *not* judge any status.

use std::{error::Error as _, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

/// What we call ourselves.
const USER_AGENT: &str = concat!("ELNBuildSync/", env!("CARGO_PKG_VERSION"));

/// The longest time until a connection stands.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// A request, to be sent once.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What is done.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// Its headers, besides those that every request has.
    pub headers: HeaderMap,
    /// Its body; empty for none.
    pub body: Bytes,
    /// The longest time until the whole answer is there.
    pub limit: Duration,
    /// The longest body taken. Unit: bytes.
    pub max_bytes: usize,
}

/// An answer, of whatever status.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
}

/// No answer, by what may have happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReply {
    /// Nothing was sent, or nothing that anybody acted on.
    #[error("not reachable: {0}")]
    NotSent(String),
    /// The answer did not come, or not whole; the server may have acted.
    #[error("the answer is lost: {0}")]
    Lost(String),
    /// The answer is longer than is taken.
    #[error("the answer has more than {0} bytes")]
    TooLong(usize),
}

/// Sends requests. All that we ask over HTTP goes through here, so this is where a network can be taken away.
#[async_trait]
pub trait Exchange: Send + Sync {
    /// Sends once, never twice, and reads the whole answer.
    ///
    /// # Errors
    ///
    /// If there is no whole answer within the limits; any status is an answer.
    async fn exchange(&self, ask: Ask) -> Result<Reply, NoReply>;
}

/// Sends over the network.
#[derive(Clone, Debug)]
pub struct HttpExchange {
    client: reqwest::Client,
}

impl HttpExchange {
    /// A client.
    ///
    /// The process must have a rustls provider first (`rustls::crypto::ring::default_provider().install_default()`):
    /// `main` and the tests see to it.
    ///
    /// # Errors
    ///
    /// If the client cannot be built (no root certificates, for instance).
    pub fn new() -> Result<Self, NoReply> {
        Self::with(|builder| builder)
    }

    /// A client with further settings.
    pub(crate) fn with(
        further: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<Self, NoReply> {
        let builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_LIMIT)
            // A redirected POST would become a GET, or go to somebody it is not meant for.
            .redirect(reqwest::redirect::Policy::none())
            // Whoever asks knows what may be asked twice.
            .retry(reqwest::retry::never());
        let client = further(builder).build().map_err(|fault| NoReply::NotSent(chain(&fault)))?;
        Ok(Self { client })
    }

    async fn once(&self, ask: Ask) -> Result<Reply, NoReply> {
        let Ask { method, url, headers, body, max_bytes, .. } = ask;
        let mut request = self.client.request(method, url).headers(headers);
        if !body.is_empty() {
            request = request.body(body);
        }
        let mut response = request.send().await.map_err(unsent_or_lost)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let expected =
            response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        if expected > max_bytes {
            return Err(NoReply::TooLong(max_bytes));
        }
        let mut body = Vec::with_capacity(expected);
        while let Some(chunk) =
            response.chunk().await.map_err(|fault| NoReply::Lost(chain(&fault.without_url())))?
        {
            if body.len() + chunk.len() > max_bytes {
                return Err(NoReply::TooLong(max_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, headers, body: body.into() })
    }
}

#[async_trait]
impl Exchange for HttpExchange {
    async fn exchange(&self, ask: Ask) -> Result<Reply, NoReply> {
        let limit = ask.limit;
        match tokio::time::timeout(limit, self.once(ask)).await {
            Ok(reply) => reply,
            Err(_) => Err(NoReply::Lost(format!("no answer within {limit:?}"))),
        }
    }
}

fn unsent_or_lost(fault: reqwest::Error) -> NoReply {
    if fault.is_connect() || fault.is_builder() {
        NoReply::NotSent(chain(&fault.without_url()))
    } else {
        NoReply::Lost(chain(&fault.without_url()))
    }
}

/// The fault and its sources in one line: reqwest's own text alone says next to nothing.
pub(crate) fn chain(fault: &reqwest::Error) -> String {
    let mut text = fault.to_string();
    let mut source = fault.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
