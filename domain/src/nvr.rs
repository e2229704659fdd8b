//! Name-version-release, and comparing versions as RPM does. Does *not* read whole package files.

use std::{cmp::Ordering, fmt, str::FromStr};

use rpm_version::Evr;
use serde::{Deserialize, Serialize};

use crate::id::PackageName;

/// The longest NVR that Bodhi's database can hold, in characters.
///
/// Source: Bodhi 26.4 answers a longer one with a plain 500 and breaks that worker's next request as well.
pub const MAX_BODHI_NVR: usize = 100;

/// A text is no name-version-release.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not of the form name-version-release")]
pub struct InvalidNvr(String);

/// Name, version and release of a build, without epoch.
///
/// A draft's release ends in `,draft_` and the build's number until it is promoted. Source: Koji, `draft` builds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nvr {
    text: String,
    name_bytes: usize,
    version_bytes: usize,
}

impl Nvr {
    /// The package's name, as Koji calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text[..self.name_bytes]
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.text[self.name_bytes + 1..self.name_bytes + 1 + self.version_bytes]
    }

    /// The release, with a draft's suffix if there is one.
    #[must_use]
    pub fn release(&self) -> &str {
        &self.text[self.name_bytes + self.version_bytes + 2..]
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The package's name as its own type; `None` if it could not be one (white space in it, say).
    #[must_use]
    pub fn package(&self) -> Option<PackageName> {
        self.name().parse().ok()
    }

    /// This NVR without a draft's suffix: what it is called once promoted.
    #[must_use]
    pub fn promoted(&self) -> Self {
        match self.text.rsplit_once(",draft_") {
            Some((plain, number)) if number.bytes().all(|b| b.is_ascii_digit()) => {
                Self { text: plain.to_owned(), ..self.clone() }
            }
            Some(_) | None => self.clone(),
        }
    }

    /// This NVR as it would be without the distribution's part in its release: `3.fc45` and `3.eln150` are both `3`, and what
    /// stands behind that part stays (`3.eln150.1` is `3.1`, `3.fc45~bootstrap` is `3~bootstrap`). A draft's suffix goes too.
    #[must_use]
    pub fn without_dist(&self) -> Self {
        let plain = self.promoted();
        let release = without_dist(plain.release());
        if release.is_empty() {
            return plain;
        }
        let text = format!("{}-{}-{release}", plain.name(), plain.version());
        Self { text, ..plain }
    }

    /// Whether Bodhi can take it, see [`MAX_BODHI_NVR`].
    #[must_use]
    pub fn fits_bodhi(&self) -> bool {
        self.text.chars().count() <= MAX_BODHI_NVR
    }

    /// Compares epoch, version and release by RPM's rules; an absent epoch is 0. Names are not looked at.
    ///
    /// Source: `rpmvercmp` of RPM, by the rpm-version crate.
    #[must_use]
    pub fn compare(&self, epoch: Option<i64>, other: &Self, other_epoch: Option<i64>) -> Ordering {
        let (left, right) = (epoch.unwrap_or(0).to_string(), other_epoch.unwrap_or(0).to_string());
        Evr::new(left.as_str(), self.version(), self.release()).cmp(&Evr::new(
            right.as_str(),
            other.version(),
            other.release(),
        ))
    }
}

/// A release without its parts `.fcN` and `.elnN`.
///
/// Source: the macro `dist` of Fedora and of ELN, which puts `~bootstrap` behind it.
fn without_dist(release: &str) -> String {
    let mut kept = String::with_capacity(release.len());
    let mut rest = release;
    while let Some((before, after)) = rest.split_once('.') {
        kept.push_str(before);
        rest = if let Some(behind) = behind_dist(after) {
            behind
        } else {
            kept.push('.');
            after
        };
    }
    kept + rest
}

/// What stands behind the distribution's part, if a text begins with one.
fn behind_dist(text: &str) -> Option<&str> {
    let number = text.strip_prefix("fc").or_else(|| text.strip_prefix("eln"))?;
    let behind = number.trim_start_matches(|c: char| c.is_ascii_digit());
    let whole = behind.len() < number.len() && !behind.starts_with(char::is_alphanumeric);
    whole.then_some(behind)
}

impl FromStr for Nvr {
    type Err = InvalidNvr;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.rsplit_once('-').and_then(|(rest, release)| {
            let (name, version) = rest.rsplit_once('-')?;
            let clean = !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '/');
            (clean && !name.is_empty() && !version.is_empty() && !release.is_empty())
                .then_some((name, version))
        });
        match parts {
            Some((name, version)) => Ok(Self {
                name_bytes: name.len(),
                version_bytes: version.len(),
                text: text.to_owned(),
            }),
            None => Err(InvalidNvr(text.chars().take(128).collect())),
        }
    }
}

impl TryFrom<String> for Nvr {
    type Error = InvalidNvr;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Nvr> for String {
    fn from(nvr: Nvr) -> Self {
        nvr.text
    }
}

impl fmt::Display for Nvr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
