//! One HTTP request and its whole answer, with limits. Keeps no cookies, repeats nothing, does *not* judge any status.

use std::{error::Error as _, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use url::Url;

/// What we call ourselves.
const USER_AGENT: &str = concat!("ELNBuildSync/", env!("CARGO_PKG_VERSION"));

/// The longest time to make a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

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

/// An answer, of whatever status.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Vec<u8>,
}

/// No answer, by what may have happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Nothing was sent, or only what was answered by a redirect that is not followed.
    #[error("not reachable: {0}")]
    NotSent(String),
    /// The answer did not come, or not whole; the server may have acted.
    #[error("the answer is lost: {0}")]
    Lost(String),
    /// The answer is longer than is taken.
    #[error("the answer has more than {0} bytes")]
    TooLong(usize),
}

/// Sends requests.
#[derive(Clone, Debug)]
pub struct Fetcher {
    client: reqwest::Client,
}

impl Fetcher {
    /// A fetcher. The process must have a rustls provider first.
    ///
    /// # Errors
    ///
    /// If the client cannot be built, for want of root certificates for instance.
    pub fn new() -> Result<Self, FetchError> {
        let client = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .map_err(|fault| FetchError::NotSent(chain(&fault)))?;
        Ok(Self { client })
    }

    /// Sends a request and follows redirects with the method kept; secrets never leave the origin of the request's address.
    ///
    /// # Errors
    ///
    /// If there is no whole answer within the limits; any status is an answer.
    pub async fn send(&self, request: &Request) -> Result<Reply, FetchError> {
        let limit = request.limit;
        match tokio::time::timeout(limit, self.follow(request)).await {
            Ok(reply) => reply,
            Err(_) => Err(FetchError::Lost(format!("no answer within {limit:?}"))),
        }
    }

    async fn follow(&self, request: &Request) -> Result<Reply, FetchError> {
        let mut url = request.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let reply = self.once(request, &url).await?;
            match redirected(&reply, &url, request)? {
                None => return Ok(reply),
                Some(next) => url = next,
            }
        }
        Err(FetchError::NotSent(format!("more than {MAX_REDIRECTS} redirects")))
    }

    async fn once(&self, request: &Request, url: &Url) -> Result<Reply, FetchError> {
        let mut sending = self.client.request(request.method.clone(), url.clone());
        sending = sending.header(header::ACCEPT, request.accept);
        if url.origin() == request.url.origin() {
            sending = sending.headers(request.secret_headers.clone());
        }
        if let Some(json) = &request.json {
            sending = sending.header(header::CONTENT_TYPE, "application/json").body(json.clone());
        }
        let mut response = sending.send().await.map_err(unsent_or_lost)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|fault| FetchError::Lost(chain(&fault)))?
        {
            if body.len() + chunk.len() > request.max_bytes {
                return Err(FetchError::TooLong(request.max_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, headers, body })
    }
}

/// Where a reply sends us, if it does and we go there.
///
/// **Source:** Bodhi behind a proxy that ends TLS names itself with `http`; the same host is therefore asked at its own
/// address. A POST goes to no other host: its body is meant for this one.
fn redirected(reply: &Reply, from: &Url, request: &Request) -> Result<Option<Url>, FetchError> {
    let kept = matches!(reply.status.as_u16(), 307 | 308);
    let plain = matches!(reply.status.as_u16(), 301..=303) && request.method == Method::GET;
    if !(kept || plain) {
        return Ok(None);
    }
    let location =
        reply.headers.get(header::LOCATION).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(next) = location.and_then(|location| from.join(location).ok()) else {
        return Err(FetchError::NotSent("a redirect to nowhere".to_owned()));
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
        return Err(FetchError::NotSent(format!(
            "redirected to {}, which is not followed",
            next.origin().ascii_serialization()
        )));
    }
    Ok(Some(next))
}

fn unsent_or_lost(fault: reqwest::Error) -> FetchError {
    if fault.is_connect() || fault.is_builder() {
        FetchError::NotSent(chain(&fault.without_url()))
    } else {
        FetchError::Lost(chain(&fault.without_url()))
    }
}

/// An error with its sources, on one line.
fn chain(fault: &reqwest::Error) -> String {
    let mut text = fault.to_string();
    let mut source = fault.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
