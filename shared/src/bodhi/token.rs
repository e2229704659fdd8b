//! Where the access token for a login comes from: a strategy, here a file; by Kerberos in a module of its own. Does *not* talk to
//! Bodhi.

use std::path::PathBuf;

use async_trait::async_trait;

use crate::config::{SecretError, SecretText};

/// No token is to be had, by what the caller can do.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Something is missing, or we are refused: an operator must act.
    #[error("no access token: {0}")]
    Missing(String),
    /// Whoever gives them cannot be asked: ask again after a pause.
    #[error("no access token: {0}")]
    Unavailable(String),
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

    /// What an operator does if Bodhi accepts none of them.
    fn way_out(&self) -> &'static str {
        "put a valid one into the token file"
    }
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
                Err(TokenError::Missing(format!("{path}: {kind}")))
            }
            Err(fault) => Err(TokenError::Unavailable(fault.to_string())),
        }
    }
}
