//! Where the access token for a login comes from: a strategy, so that refreshing or Kerberos can be added without touching
//! callers. Does *not* talk to Bodhi.

use std::path::PathBuf;

use async_trait::async_trait;

use crate::config::{SecretError, SecretText};

/// No token is to be had: an operator must act.
#[derive(Debug, thiserror::Error)]
#[error("no access token: {what}")]
pub struct TokenError {
    /// What is missing.
    pub what: String,
}

/// Gives access tokens of the identity provider. Never asks a person: no ticket is an error, not a question.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// A token that is valid now. `refused` is the one that Bodhi just refused, if it did.
    ///
    /// # Errors
    ///
    /// If there is none, or none but the refused one.
    async fn token(&self, refused: Option<&SecretText>) -> Result<SecretText, TokenError>;
}

/// A token in a file, read anew each time, so that whoever renews it needs no restart of ours.
#[derive(Clone, Debug)]
pub struct FileToken {
    path: PathBuf,
}

impl FileToken {
    /// The token in this file's first line.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }
}

#[async_trait]
impl TokenSource for FileToken {
    async fn token(&self, _refused: Option<&SecretText>) -> Result<SecretText, TokenError> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || SecretText::read(&path)).await;
        match read {
            Ok(Ok(token)) => Ok(token),
            Ok(Err(SecretError { path, kind })) => {
                Err(TokenError { what: format!("{path}: {kind}") })
            }
            Err(fault) => Err(TokenError { what: fault.to_string() }),
        }
    }
}
