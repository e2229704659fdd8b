//! One walk through the pages of the identity provider, as a browser would go: redirects, cookies, and Negotiate where a page
//! asks for it. A form is never filled in: a page that wants one is an error. Does *not* know what the pages are for.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::time::Instant;
use url::Url;

use crate::{
    exchange::{Ask, Exchange, NoReply, Reply},
    kerberos::{Kerberos, KerberosError, Service},
};

/// The longest answer, in bytes.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

/// Why there is no token, by what the caller can do.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProviderError {
    /// It cannot be asked now.
    #[error("the identity provider is not available: {0}")]
    Unavailable(String),
    /// It refuses, or answers what we cannot use.
    #[error("the identity provider gives none: {0}")]
    Refused(String),
}

/// Most pages of one walk.
const MAX_PAGES: usize = 12;

/// Most cookies that are kept for it.
const MAX_COOKIES: usize = 30;

/// One walk.
pub(super) struct Visit<'a> {
    kerberos: &'a Kerberos,
    exchange: &'a dyn Exchange,
    back: &'a str,
    until: Instant,
    cookies: BTreeMap<String, String>,
}

impl<'a> Visit<'a> {
    /// A walk that ends where the provider sends us back to, and takes no longer than `limit`.
    pub(super) fn new(
        kerberos: &'a Kerberos,
        exchange: &'a dyn Exchange,
        back: &'a str,
        limit: Duration,
    ) -> Self {
        let until = Instant::now() + limit;
        Self { kerberos, exchange, back, until, cookies: BTreeMap::new() }
    }

    /// Walks from this page to the end: what the last one says, in its title or in the address that it sends us to.
    pub(super) async fn walk(mut self, first: Url) -> Result<String, ProviderError> {
        let origin = first.origin();
        let mut url = first;
        for _ in 0..MAX_PAGES {
            let reply = self.page(&url).await?;
            if !reply.status.is_redirection() {
                return title(&reply);
            }
            let location = reply.headers.get(header::LOCATION).and_then(|it| it.to_str().ok());
            let Some(next) = location.and_then(|location| url.join(location).ok()) else {
                return Err(ProviderError::Refused("a redirect to nowhere".to_owned()));
            };
            if let Some(said) = next.query().filter(|_| next.as_str().starts_with(self.back)) {
                return Ok(said.to_owned());
            }
            // Cookies and tickets are for the provider alone.
            if next.origin() != origin {
                let to = next.origin().ascii_serialization();
                let text = format!("it sends us to {to}, which is not followed");
                return Err(ProviderError::Refused(text));
            }
            url = next;
        }
        Err(ProviderError::Refused(format!("more than {MAX_PAGES} redirects")))
    }

    /// One page; with a ticket, if it wants one.
    async fn page(&mut self, url: &Url) -> Result<Reply, ProviderError> {
        let reply = self.get(url, None).await?;
        if reply.status != StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        let service = Service::of(url);
        let asked = self.kerberos.ask(&service, &reply.headers).await.map_err(no_ticket)?;
        let reply = self.get(url, Some(asked.header.clone())).await?;
        match reply.status {
            StatusCode::UNAUTHORIZED => Err(no_ticket(asked.refused(&reply.headers).await)),
            status if status.is_success() || status.is_redirection() => {
                asked.accepted(&reply.headers).await.map_err(no_ticket)?;
                Ok(reply)
            }
            _ => Ok(reply),
        }
    }

    async fn get(
        &mut self,
        url: &Url,
        ticket: Option<HeaderValue>,
    ) -> Result<Reply, ProviderError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/html"));
        if let Some(ticket) = ticket {
            headers.insert(header::AUTHORIZATION, ticket);
        }
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if let (false, Ok(mut value)) =
            (cookies.is_empty(), HeaderValue::from_str(&cookies.join("; ")))
        {
            value.set_sensitive(true);
            headers.insert(header::COOKIE, value);
        }
        let limit = self.until.saturating_duration_since(Instant::now());
        let (method, url, body, max_bytes) = (Method::GET, url.clone(), Bytes::new(), MAX_BYTES);
        let ask = Ask { method, url, headers, body, limit, max_bytes };
        let reply = self.exchange.exchange(ask).await.map_err(|fault| retold(&fault))?;
        for cookie in reply.headers.get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().ok().and_then(|text| text.split(';').next());
            if let Some((name, value)) = pair.and_then(|pair| pair.split_once('='))
                && self.cookies.len() < MAX_COOKIES
            {
                self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
        Ok(reply)
    }
}

/// The title of a page. **Source:** bodhi-client scrapes it too.
fn title(reply: &Reply) -> Result<String, ProviderError> {
    if !reply.status.is_success() {
        return Err(body_error("its login page", reply.status));
    }
    let text = String::from_utf8_lossy(&reply.body);
    let title = text
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"))
        .map(|(title, _)| title.replace("&amp;", "&"));
    title.map(|title| title.trim().to_owned()).ok_or_else(|| {
        ProviderError::Refused("its login ends on a page without a title".to_owned())
    })
}

fn no_ticket(error: KerberosError) -> ProviderError {
    match error {
        KerberosError::Unavailable(_) => ProviderError::Unavailable(error.to_string()),
        KerberosError::Refused(_) => ProviderError::Refused(error.to_string()),
    }
}

/// No answer.
pub(super) fn retold(fault: &NoReply) -> ProviderError {
    ProviderError::Unavailable(fault.to_string())
}

/// An answer that is none: only the provider itself refuses; what is before it may be away for a while.
pub(super) fn body_error(what: &str, status: StatusCode) -> ProviderError {
    let text = format!("{what} answers with status {}", status.as_u16());
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        ProviderError::Unavailable(text)
    } else {
        ProviderError::Refused(text)
    }
}
