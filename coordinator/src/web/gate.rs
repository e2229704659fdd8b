//! Who may: from a request's headers, the tokens and the time to a name, or a refusal. Pure: reads no file, no clock.
//!
//! A refusal never tells whether a token exists: unknown, expired, malformed and overlong ones are refused in the same words.
//! Who has logged in shows a session instead; that one is looked up before this is asked.

use std::{borrow::Cow, fmt};

use axum::http::{HeaderMap, StatusCode, header};
use ebs_domain::time::Timestamp;
use ebs_shared::token::{MAX_SECRET_BYTES, Scope, Tokens};

use crate::login::Session;

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

/// What a request shows of somebody who has logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visit {
    /// Nothing.
    None,
    /// A session that is none, or none any more.
    Over,
    /// A session, in a header that no other site can have a browser send.
    Header(Session),
    /// A session, in a cookie that any site can have it send.
    Cookie(Session),
    /// Nobody knows: the sessions cannot be looked at.
    Unknown,
}

/// Why a request is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// They have logged in, and are in none of these groups.
    Groups(String),
    /// They have logged in, and may; but the request could be another site's.
    Cookie,
    /// Nobody with a session can be until the sessions can be looked at.
    Sessions,
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
    let token = tokens.find(shown(headers)?, now).ok_or(Refusal::Refused)?;
    if token.scope() < need {
        return Err(Refusal::Scope);
    }
    Ok(Who(format!("token/{}", token.name())))
}

/// Decides about somebody who has logged in; nothing if nobody has. Who is in one of these groups may change things, nobody
/// else anything.
#[must_use]
pub fn admit_person(visit: &Visit, groups: &[String]) -> Option<Result<Who, Refusal>> {
    let others = |session: &Session| {
        let named = (!session.is_in(groups)).then(|| groups.join(", "));
        named.map(Refusal::Groups)
    };
    match visit {
        Visit::None => None,
        Visit::Over => Some(Err(Refusal::Refused)),
        Visit::Unknown => Some(Err(Refusal::Sessions)),
        Visit::Header(session) => Some(match others(session) {
            Some(refusal) => Err(refusal),
            None => Ok(Who(format!("user/{}", session.user))),
        }),
        Visit::Cookie(session) => Some(Err(others(session).unwrap_or(Refusal::Cookie))),
    }
}

/// The secret that a request shows.
///
/// # Errors
///
/// There is none, or nothing that could be one.
pub(super) fn shown(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (first, more) = (given.next().ok_or(Refusal::Missing)?, given.next());
    let secret = first.to_str().ok().and_then(bearer).filter(|_| more.is_none());
    secret.ok_or(Refusal::Refused)
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
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Missing | Self::Refused => StatusCode::UNAUTHORIZED,
            Self::Off | Self::Scope | Self::Groups(_) | Self::Cookie => StatusCode::FORBIDDEN,
            Self::Unreadable | Self::Sessions => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The stable code for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Off => "changes_off",
            Self::Unreadable => "tokens_unreadable",
            Self::Missing => "token_missing",
            Self::Refused => "token_refused",
            Self::Scope => "scope_missing",
            Self::Groups(_) => "group_missing",
            Self::Cookie => "cookie_alone",
            Self::Sessions => "sessions_unavailable",
        }
    }

    /// The sentence for people: what to do.
    #[must_use]
    pub fn text(&self) -> Cow<'static, str> {
        let text = match self {
            Self::Off => {
                "Nothing can be changed over HTTP: the configuration names no `ebs.http.tokens_file`. Make a token with \
                 `ebsctl token new`, put its line into a file, and name that file there; or let people log in (`ebs.login`)."
            }
            Self::Unreadable => {
                "The file of tokens cannot be read, so nobody is let in: the coordinator's log says what is wrong with it."
            }
            Self::Missing => {
                "This needs a token: send it as `Authorization: Bearer TOKEN`, or name its file to `ebsctl --token-file`."
            }
            Self::Refused => "This is not a token that is valid now.",
            Self::Scope => "This token is not for that: it needs a wider scope.",
            Self::Groups(groups) => {
                let text =
                    format!("You have logged in, but are in none of these groups: {groups}.");
                return text.into();
            }
            Self::Cookie => {
                "A cookie alone changes nothing, since any site could have a browser send it: send the session's id as \
                 `Authorization: Bearer ID`; `/trigger?show_token=1` shows it."
            }
            Self::Sessions => "Sessions cannot be looked at now: try again later, or with a token.",
        };
        text.into()
    }
}

#[cfg(test)]
mod tests;
