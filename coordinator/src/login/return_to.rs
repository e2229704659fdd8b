//! Where somebody is sent after logging in or out: a path of ours, and nothing that a browser could take for another site.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The longest path, in bytes.
const MAX_BYTES: usize = 1_000;

/// A path of ours with what follows it, such as `/trigger?show_token=1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReturnTo(String);

/// What is no path of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a path of this site is expected, such as `/trigger`")]
pub struct InvalidReturn;

impl ReturnTo {
    /// It, for a header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ReturnTo {
    /// The page.
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl FromStr for ReturnTo {
    type Err = InvalidReturn;

    /// Browsers drop tabs and line ends inside of an address, and take `\` for `/`: neither is let through. Two `/` at the
    /// beginning are followed by a host.
    fn from_str(text: &str) -> Result<Self, InvalidReturn> {
        let graphic = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let path = text.starts_with('/') && !text.starts_with("//");
        let fits = graphic && path && text.len() <= MAX_BYTES;
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidReturn) }
    }
}

impl TryFrom<String> for ReturnTo {
    type Error = InvalidReturn;

    fn try_from(text: String) -> Result<Self, InvalidReturn> {
        text.parse()
    }
}

impl From<ReturnTo> for String {
    fn from(path: ReturnTo) -> Self {
        path.0
    }
}

impl fmt::Display for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
