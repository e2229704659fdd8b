//! Who may: from a request's headers, the tokens and the time to a name, or a refusal. Pure: reads no file, no clock.
//!
//! A refusal never tells whether a token exists: unknown, expired, malformed and overlong ones are refused in the same words.
//! Another way to log in is another function from headers to [`Who`].

use std::fmt;

use axum::http::{HeaderMap, StatusCode, header};
use ebs_domain::time::Timestamp;
use ebs_shared::token::{MAX_SECRET_BYTES, Scope, Tokens};

/// The tokens as far as they are known.
#[derive(Clone, Debug)]
pub enum Known {
    /// The configuration names no file.
    Off,
    /// The file cannot be read: nobody is let in.
    Unreadable,
    /// Those in the file now.
    Tokens(Tokens),
}

/// Who asks, as the audit names them: how they showed who they are, and their name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who(String);

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody can be.
    Off,
    /// Nobody can be until the file is mended.
    Unreadable,
    /// No token came with it.
    Missing,
    /// What came is not a token that is valid now.
    Refused,
    /// The token is valid, and not for this.
    Scope,
}

/// Decides who asks, and whether they may.
///
/// # Errors
///
/// Why they may not.
pub fn admit(
    headers: &HeaderMap,
    known: &Known,
    need: Scope,
    now: Timestamp,
) -> Result<Who, Refusal> {
    let tokens = match known {
        Known::Off => return Err(Refusal::Off),
        Known::Unreadable => return Err(Refusal::Unreadable),
        Known::Tokens(tokens) => tokens,
    };
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (first, more) = (given.next().ok_or(Refusal::Missing)?, given.next());
    let secret = first.to_str().ok().and_then(bearer).filter(|_| more.is_none());
    let token = secret.and_then(|secret| tokens.find(secret, now)).ok_or(Refusal::Refused)?;
    if token.scope() < need {
        return Err(Refusal::Scope);
    }
    Ok(Who(format!("token/{}", token.name())))
}

/// The secret of `Bearer SECRET`, if it is not longer than any of ours.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, secret) = value.split_once(' ')?;
    let fits = scheme.eq_ignore_ascii_case("bearer") && secret.len() <= MAX_SECRET_BYTES;
    fits.then_some(secret.trim())
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Refusal {
    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Missing | Self::Refused => StatusCode::UNAUTHORIZED,
            Self::Off | Self::Scope => StatusCode::FORBIDDEN,
            Self::Unreadable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The stable code for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Off => "changes_off",
            Self::Unreadable => "tokens_unreadable",
            Self::Missing => "token_missing",
            Self::Refused => "token_refused",
            Self::Scope => "scope_missing",
        }
    }

    /// The sentence for people: what to do.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Off => {
                "Nothing can be changed over HTTP: the configuration names no `ebs.http.tokens_file`. Make a token with \
                 `ebsctl token new`, put its line into a file, and name that file there."
            }
            Self::Unreadable => {
                "The file of tokens cannot be read, so nobody is let in: the coordinator's log says what is wrong with it."
            }
            Self::Missing => {
                "This needs a token: send it as `Authorization: Bearer TOKEN`, or name its file to `ebsctl --token-file`."
            }
            Self::Refused => "This is not a token that is valid now.",
            Self::Scope => "This token is not for that: it needs a wider scope.",
        }
    }
}

#[cfg(test)]
mod tests;
