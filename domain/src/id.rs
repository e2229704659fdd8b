//! Numbers and names that identify things: ours and the outside world's.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A newtype over a number that some other system (or our store) gave out.
macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// The id with this number.
            #[must_use]
            pub const fn new(number: i64) -> Self {
                Self(number)
            }

            /// The bare number, for the wire and the store.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id! {
    /// Koji's number of a task. Source: the answer of the hub's `build` call.
    TaskId
}
number_id! {
    /// Koji's number of a build. It survives the promotion of a draft, which the NVR does not.
    BuildId
}
number_id! {
    /// Koji's number of an event: a change of its configuration. Source: `tagLastChangeEvent`, `getLastEvent`.
    EventId
}
number_id! {
    /// Koji's number of a repo request. Source: `repo.request`.
    RepoRequestId
}
number_id! {
    /// Koji's number of a user.
    UserId
}
number_id! {
    /// Our number of a batch, rising from 1.
    BatchId
}
number_id! {
    /// Our number of a trigger.
    TriggerId
}
number_id! {
    /// Our number of a person's request, which is that of its audit entry too.
    RequestId
}
number_id! {
    /// The number of the leader's term: it rises at each change of hands.
    Epoch
}

/// A text was no valid name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}: {fault}")]
pub struct InvalidName {
    what: &'static str,
    text: String,
    fault: &'static str,
}

/// A newtype over a checked text.
macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match fault_in_name(text) {
                    None => Ok(Self(text.to_owned())),
                    Some(fault) => Err(InvalidName { what: $what, text: shorten(text), fault }),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_id! {
    /// The downstream name of a package: our one identity for it, whatever it is called upstream.
    Component, "component name"
}
name_id! {
    /// The name of a source package as Koji knows it.
    PackageName, "package name"
}
impl From<&PackageName> for Component {
    /// The component of a package that no list renames: the names obey the same rules.
    fn from(package: &PackageName) -> Self {
        Self(package.0.clone())
    }
}

name_id! {
    /// The name of a Koji tag or target (a side tag's target has the tag's own name).
    TagName, "tag name"
}

/// The longest name taken, in bytes. Koji's own columns hold 256 characters.
const MAX_NAME_BYTES: usize = 256;

fn fault_in_name(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("it is empty")
    } else if text.len() > MAX_NAME_BYTES {
        Some("it is longer than 256 bytes")
    } else if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '/') {
        Some("white space, control characters and slashes are not allowed")
    } else {
        None
    }
}

/// The first part of a text from outside, for an error.
fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}

/// What marks one build of one attempt in Koji, so that its task is found again when a reply was lost.
///
/// Sent as `custom_user_metadata.ebs.token`. Derived from the batch's UUID, the component and the attempt, so the
/// pure core can make it without chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(Uuid);

impl Token {
    /// The token of one component's build in one attempt.
    #[must_use]
    pub fn derive(batch: Uuid, component: &Component, attempt: u32) -> Self {
        Self(Uuid::new_v5(&batch, format!("{component}/{attempt}").as_bytes()))
    }
}

impl FromStr for Token {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
