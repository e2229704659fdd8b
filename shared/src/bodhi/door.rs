//! Sending single requests to one Bodhi. Does *not* read the answers, and never repeats a request.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

use crate::{
    config::BodhiClient,
    exchange::{Exchange, NoReply, Reply},
    fetch::{Fetcher, Request},
};

/// The longest body taken, in bytes. An update of 750 builds has 91 KiB, a page has at most 100 of them.
const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// What we ask for: with anything that a browser would send the server answers HTML.
const ACCEPT: &str = "application/json";

/// Sends requests to one Bodhi.
pub(super) struct Door {
    fetcher: Fetcher,
    base: Url,
    call_limit: Duration,
    post_limit: Duration,
}

impl Door {
    /// To the server of this configuration. Nothing is sent yet.
    pub(super) fn new(exchange: Arc<dyn Exchange>, config: BodhiClient) -> Self {
        let mut base = config.url;
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let (call_limit, post_limit) = (config.call_timeout, config.post_timeout);
        Self { fetcher: Fetcher::new(exchange), base, call_limit, post_limit }
    }

    /// Sends one request, to a path below the server's address.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        secret_headers: HeaderMap,
        json: Option<Bytes>,
    ) -> Result<Reply, NoReply> {
        let limit = if method == Method::POST { self.post_limit } else { self.call_limit };
        let url = self.base.join(path).map_err(|fault| NoReply::NotSent(fault.to_string()))?;
        let request = Request {
            method,
            url,
            accept: ACCEPT,
            secret_headers,
            json,
            limit,
            max_bytes: MAX_BODY_BYTES,
        };
        self.fetcher.send(&request).await
    }
}
