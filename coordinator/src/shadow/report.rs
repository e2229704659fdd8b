//! What was compared last, as it is kept: a text of the store, so that any instance shows it.

use anyhow::Context as _;
use ebs_domain::{
    shadow::{Comparison, Difference},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::store::Store;

/// The name of the text.
pub const SHADOW: &str = "shadow";

/// The name of the text that says since when it is compared, in ms since the Unix epoch.
pub const BEGAN: &str = "shadow.began";

/// The version of [`Report`] as it is stored. A change of what is written raises it, and brings a fixture.
pub const VERSION: u32 = 1;

/// Most differences that are kept, the latest first.
pub const MAX_TOLD: usize = 500;

/// The last comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this shape, see [`VERSION`].
    pub v: u32,
    /// With the service of this account.
    pub account: String,
    /// Since when both are looked at.
    pub since: Timestamp,
    /// When it was compared; absent as long as no look has come to anything.
    pub at: Option<Timestamp>,
    /// Builds that both asked for, from the same commit.
    pub agreed: usize,
    /// Builds that only one has asked for so far.
    pub waiting: usize,
    /// Builds of ours that a newer one replaced.
    pub overtaken: usize,
    /// How many differences there are.
    pub different: usize,
    /// The latest of them.
    pub differences: Vec<Told>,
    /// Why no later look has come to anything.
    pub fault: Option<String>,
}

/// A difference, with why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// What differs.
    #[serde(flatten)]
    pub difference: Difference,
    /// What is known about it, in a sentence.
    pub why: String,
}

impl Report {
    /// One of nothing yet.
    #[must_use]
    pub fn new(account: &str, since: Timestamp) -> Self {
        Self {
            v: VERSION,
            account: account.to_owned(),
            since,
            at: None,
            agreed: 0,
            waiting: 0,
            overtaken: 0,
            different: 0,
            differences: Vec::new(),
            fault: None,
        }
    }

    /// Takes a comparison over.
    #[must_use]
    pub fn of(self, at: Timestamp, compared: &Comparison, differences: Vec<Told>) -> Self {
        Self {
            at: Some(at),
            agreed: compared.agreed,
            waiting: compared.waiting,
            overtaken: compared.overtaken,
            different: compared.differences.len(),
            differences,
            fault: None,
            ..self
        }
    }

    /// From the store; nothing if this is no shadow.
    ///
    /// # Errors
    ///
    /// The store does not answer, or what is stored cannot be read, or a newer program wrote it.
    pub async fn read(store: &dyn Store) -> anyhow::Result<Option<Self>> {
        let Some(text) = store.mark(SHADOW).await?.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let report: Self =
            serde_json::from_str(&text).context("cannot read the shadow's report as stored")?;
        let known = report.v <= VERSION;
        anyhow::ensure!(
            known,
            "the shadow's report has version {}, run the newer program",
            report.v
        );
        Ok(Some(report))
    }
}
