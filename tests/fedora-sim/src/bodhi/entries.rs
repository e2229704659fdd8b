//! What is told of updates, and what Bodhi says on them.

use super::update::{Comment, UpdateEntry};
use crate::world::State;

impl State {
    /// All updates that services have made, for the report; not those of Rawhide's packagers.
    #[must_use]
    pub fn update_entries(&self) -> Vec<UpdateEntry> {
        let packager = self.user_named("other").map_or(0, |user| user.id);
        self.bodhi
            .updates()
            .filter(|update| update.user != packager)
            .map(|update| UpdateEntry {
                alias: update.alias.clone(),
                from_tag: update.from_tag.clone(),
                status: update.status,
                builds: self.nvrs(&update.builds),
                outcome: update.outcome,
            })
            .collect()
    }

    /// NVRs of builds, sorted.
    pub(super) fn nvrs(&self, builds: &[i64]) -> Vec<String> {
        let mut nvrs: Vec<_> =
            builds.iter().filter_map(|id| self.build(*id)).map(crate::world::Build::nvr).collect();
        nvrs.sort();
        nvrs
    }

    /// Adds a comment of Bodhi's own.
    pub(super) fn comment(&mut self, update: i64, text: impl Into<String>) {
        let at = self.now();
        self.bodhi.comments += 1;
        let comment = Comment { id: self.bodhi.comments, text: text.into(), at };
        if let Some(update) = self.bodhi.updates.get_mut(&update) {
            update.comments.push(comment);
        }
    }
}
