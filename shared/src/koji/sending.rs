//! One sending of one call, and what came of it. Does *not* repeat anything.

use bytes::Bytes;
use http::StatusCode;
use serde::de::DeserializeOwned;

use super::{
    error::Fault,
    transport::{Post, Transport},
    xmlrpc::{self, XmlError, read_reply},
};
use crate::exchange::{NoReply, Reply};

/// Bodies above this are read off the threads that must not wait, in bytes.
const BIG_BODY: usize = 1024 * 1024;

/// The most of a plain-text answer that goes into an error, in characters.
const MAX_PLAIN: usize = 200;

/// What came of one sending.
pub(super) enum Sent<T> {
    /// It ran.
    Value(T),
    /// The hub answered with a fault: it did not take effect.
    Fault(Fault),
    /// Nobody ran it.
    Unsent(String),
    /// It may have run.
    Doubt(String),
}

/// Sends once.
pub(super) async fn send_once<T>(transport: &dyn Transport, post: Post) -> Sent<T>
where
    T: DeserializeOwned + Send + 'static,
{
    let Reply { status, body, .. } = match transport.post(post).await {
        Ok(answer) => answer,
        Err(NoReply::NotSent(why)) => return Sent::Unsent(why),
        Err(fault @ (NoReply::Lost(_) | NoReply::TooLong(_))) => {
            return Sent::Doubt(fault.to_string());
        }
    };
    match status {
        StatusCode::OK => match decode(body).await {
            Ok(Ok(value)) => Sent::Value(value),
            Ok(Err(raw)) => Sent::Fault(raw.into()),
            Err(fault) => Sent::Doubt(fault.to_string()),
        },
        // The hub could not read the call; sending it again cannot help. Source: `kojihub/kojixmlrpc.py`.
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => {
            Sent::Fault(Fault { code: i64::from(status.as_u16()), text: plain(&body) })
        }
        // From a front-end: whether the hub has the call is unknown.
        _ if status.is_server_error() || status.is_success() => {
            Sent::Doubt(format!("http status {}", status.as_u16()))
        }
        // Refused before it ran: wrong address, too many calls, an answer for a browser.
        _ => Sent::Unsent(format!("http status {}", status.as_u16())),
    }
}

async fn decode<T: DeserializeOwned + Send + 'static>(
    body: Bytes,
) -> Result<xmlrpc::Reply<T>, XmlError> {
    if body.len() <= BIG_BODY {
        return read_reply(&body);
    }
    let read = tokio::task::spawn_blocking(move || read_reply(&body)).await;
    read.unwrap_or_else(|_| Err(XmlError::Shape("reading it was broken off".to_owned())))
}

fn plain(body: &[u8]) -> String {
    String::from_utf8_lossy(body).trim().chars().take(MAX_PLAIN).collect()
}
