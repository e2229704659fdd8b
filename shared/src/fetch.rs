//! Requests to web services whose redirects are followed. Keeps no cookies, repeats nothing, does *not* judge any status.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use url::Url;

use crate::exchange::{Ask, Exchange, NoReply, Reply};

/// Most redirects followed.
const MAX_REDIRECTS: usize = 3;

/// A request to one base address.
#[derive(Clone, Debug)]
pub struct Request {
    /// GET or POST.
    pub method: Method,
    /// Where to, below the base.
    pub url: Url,
    /// The kind of answer asked for.
    pub accept: &'static str,
    /// `Cookie` and `Authorization`: sent to the base's own origin alone.
    pub secret_headers: HeaderMap,
    /// A JSON body.
    pub json: Option<Bytes>,
    /// The longest time until the whole answer is there.
    pub limit: Duration,
    /// The longest body taken, in bytes.
    pub max_bytes: usize,
}

/// Sends requests.
#[derive(Clone)]
pub struct Fetcher {
    exchange: Arc<dyn Exchange>,
}

impl Fetcher {
    /// A fetcher over this.
    #[must_use]
    pub fn new(exchange: Arc<dyn Exchange>) -> Self {
        Self { exchange }
    }

    /// Sends a request and follows redirects with the method kept; secrets never leave the origin of the request's address.
    ///
    /// # Errors
    ///
    /// If there is no whole answer within the limits; any status is an answer.
    pub async fn send(&self, request: &Request) -> Result<Reply, NoReply> {
        let limit = request.limit;
        match tokio::time::timeout(limit, self.follow(request)).await {
            Ok(reply) => reply,
            Err(_) => Err(NoReply::Lost(format!("no answer within {limit:?}"))),
        }
    }

    async fn follow(&self, request: &Request) -> Result<Reply, NoReply> {
        let mut url = request.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let reply = self.exchange.exchange(ask(request, &url)).await?;
            match redirected(&reply, &url, request)? {
                None => return Ok(reply),
                Some(next) => url = next,
            }
        }
        Err(NoReply::NotSent(format!("more than {MAX_REDIRECTS} redirects")))
    }
}

fn ask(request: &Request, url: &Url) -> Ask {
    let own = url.origin() == request.url.origin();
    let mut headers = if own { request.secret_headers.clone() } else { HeaderMap::new() };
    headers.insert(header::ACCEPT, HeaderValue::from_static(request.accept));
    if request.json.is_some() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ask {
        method: request.method.clone(),
        url: url.clone(),
        headers,
        body: request.json.clone().unwrap_or_default(),
        limit: request.limit,
        max_bytes: request.max_bytes,
    }
}

/// Where a reply sends us, if it does and we go there.
///
/// **Source:** Bodhi behind a proxy that ends TLS names itself with `http`; the same host is therefore asked at its own
/// address. A POST goes to no other host: its body is meant for this one.
fn redirected(reply: &Reply, from: &Url, request: &Request) -> Result<Option<Url>, NoReply> {
    let kept = matches!(reply.status.as_u16(), 307 | 308);
    let plain = matches!(reply.status.as_u16(), 301..=303) && request.method == Method::GET;
    if !(kept || plain) {
        return Ok(None);
    }
    let location =
        reply.headers.get(header::LOCATION).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(next) = location.and_then(|location| from.join(location).ok()) else {
        return Err(NoReply::NotSent("a redirect to nowhere".to_owned()));
    };
    let same_host = next.host() == request.url.host();
    let downgraded = request.url.scheme() == "https" && next.scheme() == "http";
    if same_host && downgraded {
        let mut own = request.url.clone();
        own.set_path(next.path());
        own.set_query(next.query());
        return Ok(Some(own));
    }
    if request.method != Method::GET && next.origin() != request.url.origin() {
        return Err(NoReply::NotSent(format!(
            "redirected to {}, which is not followed",
            next.origin().ascii_serialization()
        )));
    }
    Ok(Some(next))
}
