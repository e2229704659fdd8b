//! One poll of the updates that wait to become stable, and of the tag where their builds shall arrive.

use ebs_domain::id::TagName;
use ebs_shared::job::{Answer, StableBuild};

use super::neighbours::{Jobs, Step, bodhi_away, koji_away};

impl Jobs {
    pub(super) async fn poll_updates(
        &self,
        aliases: &[String],
        stable_tag: &TagName,
        packages: &[String],
    ) -> Step<Answer> {
        let updates = if aliases.is_empty() {
            Vec::new()
        } else {
            self.updates.updates(aliases).await.map_err(|error| bodhi_away(&error))?
        };
        let latest = if packages.is_empty() {
            Vec::new()
        } else {
            self.hub.latest_of(stable_tag, packages).await.map_err(|error| koji_away(&error))?
        };
        let stable = latest
            .into_iter()
            .flatten()
            .map(|row| StableBuild {
                build: row.build,
                package: row.package,
                nvr: row.nvr,
                epoch: row.epoch,
            })
            .collect();
        Ok(Answer::Updates { updates: updates.into_iter().flatten().collect(), stable })
    }
}
