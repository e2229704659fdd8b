//! What a person can ask for as a whole: all that failed in a batch, the builds of a Bodhi update, those of a side tag.

use std::time::Duration;

use anyhow::Context as _;
use ebs_domain::id::{BatchId, TagName};
use ebs_shared::koji::{
    api::Listing,
    error::KojiError,
    fault::{self, Meaning},
};

use super::Asking;

/// The longest that Koji or Bodhi may take over a question about a whole.
const LIMIT: Duration = Duration::from_secs(5);

/// Why nothing is known of a whole.
#[derive(Debug, thiserror::Error)]
pub enum WholeError {
    /// There is no such thing, in a sentence.
    #[error("{0}")]
    NotThere(String),
    /// It cannot be looked up now.
    #[error("{0:#}")]
    Away(anyhow::Error),
}

impl From<anyhow::Error> for WholeError {
    fn from(error: anyhow::Error) -> Self {
        Self::Away(error)
    }
}

impl Asking {
    /// The components that failed, took too long or were cancelled in a batch.
    ///
    /// # Errors
    ///
    /// The store does not answer, or there is no such batch.
    pub async fn failed_in(&self, batch: BatchId) -> Result<Vec<String>, WholeError> {
        let there = self.store.batch(batch).await.context("the database does not answer")?;
        if there.is_none() {
            return Err(WholeError::NotThere(format!("there is no batch {batch}")));
        }
        let members = self.store.members(batch).await.context("the database does not answer")?;
        let ended = ["failed", "timed_out", "cancelled"];
        let failed = members.iter().filter(|row| ended.contains(&row.shown.as_str()));
        Ok(failed.map(|row| row.component.to_string()).collect())
    }

    /// The NVRs of a Bodhi update.
    ///
    /// # Errors
    ///
    /// Bodhi does not answer, or knows no such update.
    pub async fn in_update(&self, alias: &str) -> Result<Vec<String>, WholeError> {
        let asked = [alias.trim().to_owned()];
        let found = tokio::time::timeout(LIMIT, self.updates.updates(&asked)).await;
        let found = found.context("Bodhi does not answer in time")?;
        let found = found.context("Bodhi does not answer")?;
        match found.into_iter().flatten().next() {
            Some(update) => Ok(update.builds),
            None => Err(WholeError::NotThere(format!("Bodhi knows no update `{}`", asked[0]))),
        }
    }

    /// The NVRs that are latest in a side tag; if it is gone, those of the update that was made from it.
    ///
    /// # Errors
    ///
    /// Koji or Bodhi does not answer, or there is neither such a tag nor an update from it.
    pub async fn in_side_tag(&self, tag: &TagName) -> Result<Vec<String>, WholeError> {
        let found = tokio::time::timeout(LIMIT, self.hub.list_tagged(tag, Listing::Latest)).await;
        match found.context("Koji does not answer in time")? {
            Ok(builds) => return Ok(builds.into_iter().map(|tagged| tagged.nvr).collect()),
            Err(error) if is_no_tag(&error) => {}
            Err(error) => {
                return Err(anyhow::Error::new(error).context("Koji does not answer").into());
            }
        }
        let found = tokio::time::timeout(LIMIT, self.updates.find(tag, "")).await;
        let found = found.context("Bodhi does not answer in time")?;
        match found.context("Bodhi does not answer")? {
            Some(update) => Ok(update.builds),
            None => Err(WholeError::NotThere(format!(
                "Koji has no tag `{tag}`, and Bodhi no update that was made from it"
            ))),
        }
    }
}

fn is_no_tag(error: &KojiError) -> bool {
    error.fault().is_some_and(|fault| fault::meaning(fault) == Meaning::NoSuchTag)
}
