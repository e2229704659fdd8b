//! An update of Rawhide: builds that its packagers publish together, before or while they are tagged one by one.

use serde::{Deserialize, Serialize};

use super::NewTag;
use crate::{bodhi::Status, world::State};

/// What shall be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawhideUpdate {
    /// The side tag that it was made from.
    pub from_tag: String,
    /// Its builds, which are made; they are tagged by `/sim/tag`, each in its time.
    pub builds: Vec<NewTag>,
}

impl State {
    /// Makes somebody's update, on its way to stable; gives its alias.
    pub fn update_for_test(&mut self, new: &RawhideUpdate) -> String {
        let made: Vec<(i64, i64)> =
            new.builds.iter().map(|build| self.build_for_test(build)).collect();
        let owner = made.first().map_or(1, |(_, owner)| *owner);
        let builds = made.into_iter().map(|(build, _)| build).collect();
        self.put_update(owner, &new.from_tag, builds, Status::Testing)
    }
}
