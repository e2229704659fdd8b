//! Asking a coordinator. Does *not* read what it answers, and asks once.

use std::time::Duration;

use ebs_shared::config::SecretText;
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;
use url::Url;

/// The longest that an answer may take: a coordinator asks Koji and Bodhi, and waits up to 8 s for the leader, within 30 s.
const LIMIT: Duration = Duration::from_secs(35);

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
    /// It answers that it will not, and says why.
    #[error("{text} ({code})")]
    Said {
        /// The stable code.
        code: String,
        /// The sentence.
        text: String,
    },
    /// What it says is longer than anything it should say.
    #[error("{0} answers with more than {MAX_BYTES} bytes")]
    TooLong(Url),
    /// The address has no such place.
    #[error("not an address of a coordinator")]
    Address(#[from] url::ParseError),
}

/// How a coordinator says no.
#[derive(Deserialize)]
struct No {
    error: String,
    text: String,
}

/// A change that is asked for: at which place, a part of the path each, and how.
pub(crate) struct Change<'a> {
    pub(crate) place: Vec<&'a str>,
    pub(crate) body: serde_json::Value,
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

    /// Whether `/alive` says so, and its bytes: it says why in the same form whether it does or not.
    pub(crate) async fn alive(&self) -> Result<(bool, Vec<u8>), AskError> {
        let url = self.base.join("alive")?;
        let (status, body) = answered(&url, self.http.get(url.clone())).await?;
        match status {
            StatusCode::OK => Ok((true, body)),
            StatusCode::SERVICE_UNAVAILABLE => Ok((false, body)),
            other => Err(AskError::Refused(url, other)),
        }
    }

    /// The bytes of `/api/dead`.
    pub(crate) async fn dead(&self) -> Result<Vec<u8>, AskError> {
        self.get("api/dead", &[StatusCode::OK]).await
    }

    /// The bytes of `/api/orphans`.
    pub(crate) async fn orphans(&self) -> Result<Vec<u8>, AskError> {
        self.get("api/orphans", &[StatusCode::OK]).await
    }

    /// The bytes of `/api/v1/lists`.
    pub(crate) async fn lists(&self) -> Result<Vec<u8>, AskError> {
        self.get("api/v1/lists", &[StatusCode::OK]).await
    }

    /// The bytes of `/api/v1/denied`.
    pub(crate) async fn denied(&self) -> Result<Vec<u8>, AskError> {
        self.get("api/v1/denied", &[StatusCode::OK]).await
    }

    /// The bytes of `/api/v1/components/NAME`.
    pub(crate) async fn component(&self, name: &str) -> Result<Vec<u8>, AskError> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1", "components", name]);
        }
        let request = self.http.get(url.clone());
        self.send(url, request, &[StatusCode::OK]).await
    }

    /// The bytes of `/api/v1/next`.
    pub(crate) async fn next(&self) -> Result<Vec<u8>, AskError> {
        self.get("api/v1/next", &[StatusCode::OK]).await
    }

    /// The bytes of `/api/v1/log`.
    pub(crate) async fn log(&self) -> Result<Vec<u8>, AskError> {
        self.get("api/v1/log", &[StatusCode::OK]).await
    }

    /// The bytes of `/api/v1/reconcile`.
    pub(crate) async fn reconcile(&self) -> Result<Vec<u8>, AskError> {
        self.get("api/v1/reconcile", &[StatusCode::OK]).await
    }

    /// The bytes of `/api/v1/shadow`.
    pub(crate) async fn shadow(&self) -> Result<Vec<u8>, AskError> {
        self.get("api/v1/shadow", &[StatusCode::OK]).await
    }

    /// Asks for a change; the bytes of the answer.
    pub(crate) async fn change(
        &self,
        change: &Change<'_>,
        token: &SecretText,
    ) -> Result<Vec<u8>, AskError> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(&change.place);
        }
        let request = self.http.post(url.clone()).bearer_auth(token.expose()).json(&change.body);
        self.send(url, request, &[StatusCode::OK, StatusCode::ACCEPTED]).await
    }

    async fn get(&self, path: &str, wanted: &[StatusCode]) -> Result<Vec<u8>, AskError> {
        let url = self.base.join(path)?;
        let request = self.http.get(url.clone());
        self.send(url, request, wanted).await
    }

    async fn send(
        &self,
        url: Url,
        request: RequestBuilder,
        wanted: &[StatusCode],
    ) -> Result<Vec<u8>, AskError> {
        let (status, body) = answered(&url, request).await?;
        if !wanted.contains(&status) {
            return Err(match serde_json::from_slice::<No>(&body) {
                Ok(No { error, text }) => AskError::Said { code: error, text },
                Err(_) => AskError::Refused(url, status),
            });
        }
        Ok(body)
    }
}

/// The answer, whatever it is.
async fn answered(url: &Url, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), AskError> {
    let lost = |error: reqwest::Error| AskError::NoAnswer(url.clone(), error.without_url());
    let mut reply = request.send().await.map_err(lost)?;
    let status = reply.status();
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(lost)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BYTES {
            return Err(AskError::TooLong(url.clone()));
        }
    }
    Ok((status, body))
}
