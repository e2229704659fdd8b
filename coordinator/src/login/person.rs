//! What is stored about somebody who is logging in, and who has logged in. Pure: knows no store and no clock.

use std::{fmt, str::FromStr};

use ebs_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::return_to::ReturnTo;

/// The version of both shapes. An instance of another version takes them for absent: who is logging in begins again.
pub const VERSION: u32 = 1;

/// The longest name, in characters.
const MAX_NAME: usize = 64;

/// Somebody's way to the provider and back. Stored under the hash of its state.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trip {
    /// The version.
    pub v: u32,
    /// The hash of what the browser keeps in a cookie: nobody else's browser ends this trip.
    pub browser: String,
    /// What the ID token must repeat.
    pub nonce: String,
    /// What proves to the provider that who brings the code is who began.
    pub verifier: String,
    /// Where it ends.
    pub return_to: ReturnTo,
    /// Until when.
    pub until: Timestamp,
}

/// Somebody who has logged in. Stored under the hash of the session's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The version.
    pub v: u32,
    /// Who.
    pub user: UserName,
    /// Their groups, as the provider said when they logged in.
    pub groups: Vec<String>,
    /// Until when.
    pub until: Timestamp,
}

/// A person's name at the provider. It stands in the audit: one word of letters, digits and signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(String);

/// What is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to {MAX_NAME} letters, digits and signs of ASCII")]
pub struct InvalidUser;

impl fmt::Debug for Trip {
    /// Without what proves who began it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trip").field("until", &self.until).finish_non_exhaustive()
    }
}

impl Session {
    /// Whether they are in one of these groups.
    #[must_use]
    pub fn is_in(&self, groups: &[String]) -> bool {
        self.groups.iter().any(|group| groups.contains(group))
    }
}

impl FromStr for UserName {
    type Err = InvalidUser;

    fn from_str(text: &str) -> Result<Self, InvalidUser> {
        let fits =
            (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidUser) }
    }
}

impl TryFrom<String> for UserName {
    type Error = InvalidUser;

    fn try_from(text: String) -> Result<Self, InvalidUser> {
        text.parse()
    }
}

impl From<UserName> for String {
    fn from(name: UserName) -> Self {
        name.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
