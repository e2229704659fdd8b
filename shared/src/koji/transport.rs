//! How a body gets to the hub and its answer back. Does *not* know XML-RPC, sessions or repetition.

use std::{error::Error as _, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use url::Url;

use super::limits::KojiLimits;

/// Which address of the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The hub's own.
    Hub,
    /// The one below it where the web server checks who we are. Source: `sslLogin` of the reference client.
    SslLogin,
}

/// One body to post.
#[derive(Clone, Debug)]
pub struct Post {
    /// Where to.
    pub door: Door,
    /// Headers besides those of the transport itself.
    pub headers: HeaderMap,
    /// What.
    pub body: Bytes,
    /// Longest time until the whole answer is there.
    pub limit: Duration,
}

/// An answer, of whatever status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// Its headers; a login may need one.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// No answer, by what may have happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing was sent.
    #[error("not reachable: {0}")]
    NotSent(String),
    /// The answer did not come, or not whole; the hub may have had the call.
    #[error("the answer is lost: {0}")]
    Lost(String),
    /// The answer is longer than we take.
    #[error("the answer has more than {0} bytes")]
    TooLong(usize),
}

/// Posts bodies to one hub.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Posts once, never twice.
    ///
    /// # Errors
    ///
    /// If there is no whole answer; any status is an answer.
    async fn post(&self, post: Post) -> Result<Answer, TransportError>;
}

/// Posts over HTTP.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
    hub: String,
    body_bytes: usize,
}

/// What we call ourselves.
const USER_AGENT: &str = concat!("ELNBuildSync/", env!("CARGO_PKG_VERSION"));

impl HttpTransport {
    /// A transport to the hub at this address, such as `https://koji.example.org/kojihub`.
    ///
    /// The process must have a rustls provider first (`rustls::crypto::ring::default_provider().install_default()`):
    /// `main` and the tests see to it.
    ///
    /// # Errors
    ///
    /// If the client cannot be built (no root certificates, for instance).
    pub fn new(hub: &Url, limits: &KojiLimits) -> Result<Self, TransportError> {
        let client = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(limits.connect)
            // A redirected POST would become a GET, or go to somebody who is not the hub.
            .redirect(reqwest::redirect::Policy::none())
            // Repeating is decided in `session`, with the same call number.
            .retry(reqwest::retry::never())
            .build()
            .map_err(|fault| TransportError::NotSent(chain(&fault)))?;
        Ok(Self {
            client,
            hub: hub.as_str().trim_end_matches('/').to_owned(),
            body_bytes: limits.body_bytes,
        })
    }

    async fn exchange(&self, post: Post) -> Result<Answer, TransportError> {
        let url = match post.door {
            Door::Hub => self.hub.clone(),
            Door::SslLogin => format!("{}/ssllogin", self.hub),
        };
        let request = self.client.post(url).header(http::header::CONTENT_TYPE, "text/xml");
        let mut response =
            request.headers(post.headers).body(post.body).send().await.map_err(unsent_or_lost)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let expected =
            response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        if expected > self.body_bytes {
            return Err(TransportError::TooLong(self.body_bytes));
        }
        let mut body = Vec::with_capacity(expected);
        while let Some(chunk) =
            response.chunk().await.map_err(|fault| TransportError::Lost(chain(&fault)))?
        {
            if body.len() + chunk.len() > self.body_bytes {
                return Err(TransportError::TooLong(self.body_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body: body.into() })
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn post(&self, post: Post) -> Result<Answer, TransportError> {
        let limit = post.limit;
        match tokio::time::timeout(limit, self.exchange(post)).await {
            Ok(answer) => answer,
            Err(_) => Err(TransportError::Lost(format!("no answer within {limit:?}"))),
        }
    }
}

fn unsent_or_lost(fault: reqwest::Error) -> TransportError {
    if fault.is_connect() || fault.is_builder() {
        TransportError::NotSent(chain(&fault.without_url()))
    } else {
        TransportError::Lost(chain(&fault.without_url()))
    }
}

/// The fault and its sources in one line: reqwest's own text alone says next to nothing.
fn chain(fault: &reqwest::Error) -> String {
    let mut text = fault.to_string();
    let mut source = fault.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
