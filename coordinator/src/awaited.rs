//! Builds that the next batch waits for, since others of their Bodhi update have come: one text of the store, so that any
//! instance can say so.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use ebs_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The name of the text.
pub const AWAITED: &str = "awaited";

/// The version of [`Awaited`] as it is stored. A change of what is written raises it, and brings a fixture.
pub const VERSION: u32 = 1;

/// Most builds of an update that are named in a sentence.
const NAMED: usize = 5;

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// Version of this shape, see [`VERSION`].
    pub v: u32,
    /// Until when.
    pub until: Timestamp,
    /// By update, the NVRs that have not come.
    pub missing: BTreeMap<String, BTreeSet<String>>,
}

impl Awaited {
    /// From the stored text; an empty one waits for nothing.
    ///
    /// # Errors
    ///
    /// It cannot be read, or a newer program wrote it.
    pub fn read(text: Option<&str>) -> anyhow::Result<Option<Self>> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
        let awaited: Self =
            serde_json::from_str(text).context("cannot read what is waited for as stored")?;
        let known = awaited.v <= VERSION;
        anyhow::ensure!(
            known,
            "what is waited for has version {}, run the newer program",
            awaited.v
        );
        Ok(Some(awaited))
    }

    /// A sentence for each update.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let sentence = |(alias, missing): (&String, &BTreeSet<String>)| {
            let named: Vec<&str> = missing.iter().take(NAMED).map(String::as_str).collect();
            let more = match missing.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(
                "Of the update {alias} there is still to come: {}{more}. It is waited for until {} at the latest.",
                named.join(", "),
                self.until
            )
        };
        self.missing.iter().map(sentence).collect()
    }
}

#[cfg(test)]
mod tests;
