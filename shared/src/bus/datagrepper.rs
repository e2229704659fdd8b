//! The archive of bus messages, for catching up after an absence. Reads page by page, oldest first; retrying, and keeping the
//! mark up to which all was read, are the caller's. The archive is a bus consumer itself: it can lag or miss.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use ebs_domain::time::Timestamp;
use http::{HeaderMap, Method};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::message::{Fault, Incoming, Odd, Reader, Wire};
use crate::{
    exchange::{Exchange, NoReply, Reply},
    fetch::{Fetcher, Request},
};

/// Messages on a page. Source: the archive's upper limit.
const ROWS: u32 = 100;

/// Most pages read in one go: half a million messages.
const MAX_PAGES: u32 = 5_000;

/// Largest page, in bytes.
const MAX_PAGE_BYTES: usize = 32 * 1024 * 1024;

/// Where the archive is and what is asked of it.
#[derive(Clone)]
pub struct Archive {
    fetcher: Fetcher,
    search: Url,
    reader: Reader,
    limit: Duration,
}

/// A span of time; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The oldest moment asked for.
    pub start: Timestamp,
    /// The newest: fixed, or rows would shift under the pages.
    pub end: Timestamp,
}

/// A page could not be read. The same page can be asked for again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// No answer, or an error of the server: ask again after a pause.
    #[error("the archive is not available: {0}")]
    Unavailable(String),
    /// It refused the question: asking again cannot help.
    #[error("the archive refuses with status {status}: {text}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said, shortened.
        text: String,
    },
    /// The answer is something else than a page of messages (HTML, say): ask again after a pause.
    #[error("the archive's answer is not understood: {0}")]
    NotUnderstood(String),
    /// The answer exceeds a limit: ask for a shorter span.
    #[error("the archive's answer is too large: {0}")]
    TooLarge(&'static str),
}

/// What the archive answers.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    pages: u32,
    raw_messages: Vec<Value>,
}

impl Archive {
    /// The archive at this base URL, such as `https://apps.fedoraproject.org/datagrepper`; `limit` is for one page.
    ///
    /// # Errors
    ///
    /// The URL's fault if it can have no path.
    pub fn new(
        exchange: Arc<dyn Exchange>,
        base: &Url,
        reader: Reader,
        limit: Duration,
    ) -> Result<Self, url::ParseError> {
        let search = Url::parse(&format!("{}/v2/search", base.as_str().trim_end_matches('/')))?;
        Ok(Self { fetcher: Fetcher::new(exchange), search, reader, limit })
    }

    /// Begins to read the tag messages of a span.
    #[must_use]
    pub fn read(&self, span: Span) -> Pages {
        Pages { archive: self.clone(), span, next: 1, pages: None }
    }

    async fn page(&self, span: Span, page: u32) -> Result<(Vec<Incoming>, u32), ArchiveError> {
        let seconds = |time: Timestamp| time.millis().div_euclid(1000);
        let query = [
            ("topic", self.reader.tag_topic().to_owned()),
            ("start", seconds(span.start).to_string()),
            // Times have whole seconds there, and the span's last one belongs to it.
            ("end", seconds(span.end + Duration::from_millis(999)).to_string()),
            ("order", "asc".to_owned()),
            ("rows_per_page", ROWS.to_string()),
            ("page", page.to_string()),
        ];
        let mut url = self.search.clone();
        url.query_pairs_mut().extend_pairs(query);
        let reply = self.fetcher.send(&self.ask(url)).await.map_err(|no_reply| match no_reply {
            NoReply::TooLong(_) => ArchiveError::TooLarge("a page of more than 32 MiB"),
            NoReply::NotSent(why) | NoReply::Lost(why) => ArchiveError::Unavailable(why),
        })?;
        let body = body_of(reply)?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|error| ArchiveError::NotUnderstood(error.to_string()))?;
        if answer.pages > MAX_PAGES {
            return Err(ArchiveError::TooLarge("more than 5000 pages"));
        }
        let messages = answer.raw_messages.into_iter().map(|raw| self.message(raw)).collect();
        Ok((messages, answer.pages))
    }

    fn ask(&self, url: Url) -> Request {
        Request {
            method: Method::GET,
            url,
            accept: "application/json",
            secret_headers: HeaderMap::new(),
            json: None,
            limit: self.limit,
            max_bytes: MAX_PAGE_BYTES,
        }
    }

    /// One message of a page. Its body is JSON already, and is read like one from the bus.
    fn message(&self, raw: Value) -> Incoming {
        let Value::Object(mut raw) = raw else {
            let wire = Wire { topic: self.reader.tag_topic().to_owned(), ..Wire::default() };
            return self.reader.read(Wire { body: raw.to_string().into_bytes(), ..wire });
        };
        let text = |raw: &Map<String, Value>, key: &str| {
            raw.get(key).and_then(Value::as_str).map(str::to_owned)
        };
        let headers = match raw.remove("headers") {
            Some(Value::Object(headers)) => headers,
            Some(_) | None => Map::new(),
        };
        let id = text(&raw, "id");
        match (text(&raw, "topic"), raw.get("body")) {
            (Some(topic), Some(body)) => {
                let body = body.to_string().into_bytes();
                self.reader.read(Wire { id, topic, headers, encoding: None, body })
            }
            (Some(_), None) => odd(id, &raw, Fault::Field("body")),
            (None, _) => odd(id, &raw, Fault::Field("topic")),
        }
    }
}

/// A row of the archive that is no message at all.
fn odd(id: Option<String>, raw: &Map<String, Value>, fault: Fault) -> Incoming {
    let body = Value::Object(raw.clone()).to_string();
    Incoming::Odd(Odd::of(id, String::new(), &body, fault))
}

/// The body of an answer that is one.
fn body_of(reply: Reply) -> Result<Bytes, ArchiveError> {
    let Reply { status, body, .. } = reply;
    if status.is_success() {
        return Ok(body);
    }
    let text: String = String::from_utf8_lossy(&body).chars().take(200).collect();
    // 500 is also its answer to a parameter that it does not like, so it cannot be told from being broken.
    if status.is_client_error() && status.as_u16() != 408 && status.as_u16() != 429 {
        Err(ArchiveError::Refused { status: status.as_u16(), text })
    } else {
        Err(ArchiveError::Unavailable(format!("status {}: {text}", status.as_u16())))
    }
}

/// The pages of one span, oldest first.
pub struct Pages {
    archive: Archive,
    span: Span,
    next: u32,
    pages: Option<u32>,
}

impl Pages {
    /// The next page's messages; `None` after the last one. Messages can repeat: they are told apart by their ids.
    ///
    /// # Errors
    ///
    /// [`ArchiveError`]; the next call then asks for the same page again.
    pub async fn next(&mut self) -> Result<Option<Vec<Incoming>>, ArchiveError> {
        if self.pages.is_some_and(|pages| self.next > pages) {
            return Ok(None);
        }
        let (messages, pages) = self.archive.page(self.span, self.next).await?;
        // Late rows can add a page while we read.
        self.pages = Some(self.pages.unwrap_or(0).max(pages));
        self.next += 1;
        Ok(if messages.is_empty() { self.end() } else { Some(messages) })
    }

    fn end(&mut self) -> Option<Vec<Incoming>> {
        self.pages = Some(0);
        None
    }
}

#[cfg(test)]
mod tests;
