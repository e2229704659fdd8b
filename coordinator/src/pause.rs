//! An operator's pause as it is kept: one text of the store. The configuration's own pause is another source; either holds.

use anyhow::Context as _;
use ebs_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The name of the text.
pub const PAUSE: &str = "pause";

/// The version of [`OperatorPause`] as it is stored. A change of what is written raises it, and brings a fixture.
pub const VERSION: u32 = 1;

/// A pause that a person has asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorPause {
    /// Version of this shape, see [`VERSION`].
    pub v: u32,
    /// Who.
    pub who: String,
    /// Why.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when; without one until somebody ends it.
    pub until: Option<Timestamp>,
}

impl OperatorPause {
    /// From the stored text; an empty one is no pause.
    ///
    /// # Errors
    ///
    /// It cannot be read, or a newer program wrote it.
    pub fn read(text: Option<&str>) -> anyhow::Result<Option<Self>> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
        let pause: Self = serde_json::from_str(text).context("cannot read the pause as stored")?;
        let known = pause.v <= VERSION;
        anyhow::ensure!(known, "the pause has version {}, run the newer program", pause.v);
        Ok(Some(pause))
    }

    /// As it is stored.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write(&self) -> anyhow::Result<String> {
        serde_json::to_string(self).context("cannot write the pause")
    }

    /// Whether it holds at this moment.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.until.is_none_or(|until| at < until)
    }
}

#[cfg(test)]
mod tests;
