//! Asking a coordinator. Does *not* read what it answers, and asks once.

use std::time::Duration;

use reqwest::StatusCode;
use url::Url;

/// The longest that an answer may take.
const LIMIT: Duration = Duration::from_secs(10);

/// The longest answer taken, in bytes: a batch of 5,000 packages has under 2 MiB.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// No answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// It cannot be reached, or does not answer in time.
    #[error("no answer from {0}")]
    NoAnswer(Url, #[source] reqwest::Error),
    /// It answers that it cannot.
    #[error("{0} answers {1}")]
    Refused(Url, StatusCode),
    /// What it says is longer than anything it should say.
    #[error("{0} answers with more than {MAX_BYTES} bytes")]
    TooLong(Url),
    /// The address has no such place.
    #[error("not an address of a coordinator")]
    Address(#[from] url::ParseError),
}

/// Asks one coordinator.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
}

impl Client {
    /// Nothing is asked yet. A path of the address is kept: a coordinator may stand behind a proxy.
    pub(crate) fn new(mut base: Url) -> Result<Self, AskError> {
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let http = reqwest::Client::builder().timeout(LIMIT).build();
        let http = http.map_err(|error| AskError::NoAnswer(base.clone(), error))?;
        Ok(Self { http, base })
    }

    /// The bytes of `/status.json`.
    pub(crate) async fn status(&self) -> Result<Vec<u8>, AskError> {
        self.get("status.json", &[StatusCode::OK]).await
    }

    /// The bytes of `/ready`: it says why in the same form whether it is ready or not.
    pub(crate) async fn readiness(&self) -> Result<Vec<u8>, AskError> {
        self.get("ready", &[StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE]).await
    }

    async fn get(&self, path: &str, wanted: &[StatusCode]) -> Result<Vec<u8>, AskError> {
        let url = self.base.join(path)?;
        let lost = |error: reqwest::Error| AskError::NoAnswer(url.clone(), error.without_url());
        let mut reply = self.http.get(url.clone()).send().await.map_err(lost)?;
        if !wanted.contains(&reply.status()) {
            return Err(AskError::Refused(url, reply.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = reply.chunk().await.map_err(lost)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BYTES {
                return Err(AskError::TooLong(url));
            }
        }
        Ok(body)
    }
}
