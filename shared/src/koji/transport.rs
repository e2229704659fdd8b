//! How a body gets to the hub and its answer back. Does *not* know XML-RPC, sessions or repetition.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use url::Url;

use super::limits::KojiLimits;
use crate::exchange::{Ask, Exchange, NoReply, Reply};

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

/// Posts bodies to one hub.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Posts once, never twice.
    ///
    /// # Errors
    ///
    /// If there is no whole answer; any status is an answer.
    async fn post(&self, post: Post) -> Result<Reply, NoReply>;
}

/// Posts over HTTP.
#[derive(Clone)]
pub struct HttpTransport {
    exchange: Arc<dyn Exchange>,
    hub: Url,
    max_bytes: usize,
}

impl HttpTransport {
    /// A transport to the hub at this address, such as `https://koji.example.org/kojihub`.
    #[must_use]
    pub fn new(exchange: Arc<dyn Exchange>, hub: &Url, limits: &KojiLimits) -> Self {
        let mut address = hub.clone();
        address.set_path(hub.path().trim_end_matches('/'));
        Self { exchange, hub: address, max_bytes: limits.body_bytes }
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn post(&self, post: Post) -> Result<Reply, NoReply> {
        let Post { door, mut headers, body, limit } = post;
        let mut url = self.hub.clone();
        match door {
            Door::Hub => {}
            Door::SslLogin => url.set_path(&format!("{}/ssllogin", url.path())),
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
        let ask =
            Ask { method: Method::POST, url, headers, body, limit, max_bytes: self.max_bytes };
        self.exchange.exchange(ask).await
    }
}
