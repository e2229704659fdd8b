//! A file at an address.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, Method, header};

use super::{error::SourceErrorKind, link::Web};
use crate::{
    config::tree::MAX_BYTES,
    exchange::Exchange,
    fetch::{Fetcher, Request},
};

/// Asks once for the whole file.
pub(super) async fn read(
    exchange: &Arc<dyn Exchange>,
    web: &Web,
    limit: Duration,
) -> Result<String, SourceErrorKind> {
    let mut secret_headers = HeaderMap::new();
    if let Some(value) =
        web.login.as_ref().and_then(|login| HeaderValue::from_str(login.header()).ok())
    {
        secret_headers.insert(header::AUTHORIZATION, value);
    }
    let request = Request {
        method: Method::GET,
        url: web.url.clone(),
        accept: "text/plain, application/yaml, */*",
        secret_headers,
        json: None,
        limit,
        max_bytes: MAX_BYTES,
    };
    let fetcher = Fetcher::new(Arc::clone(exchange));
    let reply = fetcher.send(&request).await.map_err(SourceErrorKind::NoAnswer)?;
    if reply.status.as_u16() != 200 {
        return Err(SourceErrorKind::Status(reply.status.as_u16()));
    }
    String::from_utf8(reply.body.to_vec()).map_err(|_| SourceErrorKind::NoText)
}
