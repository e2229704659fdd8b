//! Secrets: read from files, never shown. Does *not* keep them from a memory dump.

use std::{fmt, fs, io, path::Path};

/// The longest secret taken, in bytes.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// A password or token. Neither `Debug` nor `Display` shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Reads a secret file: its first line, trailing white space cut. **Source:** upstream reads its secret files so.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, without any of its content.
    pub fn read(path: &Path) -> Result<Self, SecretError> {
        let error = |kind| SecretError { path: path.display().to_string(), kind };
        let size = fs::metadata(path).map_err(|e| error(SecretErrorKind::Unreadable(e)))?.len();
        if size > MAX_SECRET_BYTES {
            return Err(error(SecretErrorKind::TooLong));
        }
        let text = fs::read_to_string(path).map_err(|e| error(SecretErrorKind::Unreadable(e)))?;
        let line = text.lines().next().unwrap_or_default().trim_end();
        if line.is_empty() { Err(error(SecretErrorKind::Empty)) } else { Ok(Self(line.to_owned())) }
    }

    /// The secret itself: only for the call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// A secret file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("failed to read the secret file {path}")]
pub struct SecretError {
    /// The file.
    pub path: String,
    /// Why.
    #[source]
    pub kind: SecretErrorKind,
}

/// Why a secret file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretErrorKind {
    /// It is missing, forbidden, or no UTF-8.
    #[error("{0}")]
    Unreadable(io::Error),
    /// Its first line is empty.
    #[error("its first line is empty")]
    Empty,
    /// It cannot be a secret.
    #[error("it is longer than 64 KiB")]
    TooLong,
}

#[cfg(test)]
mod tests;
